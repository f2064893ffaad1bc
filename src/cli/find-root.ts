import { existsSync } from 'node:fs';
import { dirname, join, parse, relative } from 'node:path';

/** The nearest directory with a pipeline.yaml, from `start` upwards, as git does with .git. */
export function findRoot(start: string): string | undefined {
  for (let directory = start; ; directory = dirname(directory)) {
    if (existsSync(join(directory, 'pipeline.yaml'))) return directory;
    if (directory === parse(directory).root) return undefined;
  }
}

/** Leads from `start` to the project there or above: `''` in its root, `../` below it. */
export function toProject(start: string): string {
  const root = findRoot(start);
  const path = root === undefined ? '' : relative(start, root);
  return path === '' ? '' : `${path}/`;
}
