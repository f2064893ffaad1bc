import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Has the Node that runs it say that it is Node 20. */
export const PRETEND_OLD = [
  '--import',
  `data:text/javascript,${encodeURIComponent(
    'Object.defineProperty(process.versions, "node", { value: "20.20.2" })',
  )}`,
] as const;

/** npm puts the pinned Node first on PATH; one below 22 may lie behind it. */
export function findOldNode(): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'node'))
    .filter((path) => existsSync(path))
    .find((path) => {
      const { stdout } = spawnSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' });
      return Number.parseInt(stdout, 10) < 22;
    });
}
