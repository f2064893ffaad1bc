import { existsSync } from 'node:fs';
import { dirname, join, parse } from 'node:path';

/** The nearest directory with a pipeline.yaml, from `start` upwards, as git does with .git. */
export function findRoot(start: string): string | undefined {
  for (let directory = start; ; directory = dirname(directory)) {
    if (existsSync(join(directory, 'pipeline.yaml'))) return directory;
    if (directory === parse(directory).root) return undefined;
  }
}
