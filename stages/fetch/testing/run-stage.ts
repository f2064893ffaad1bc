/** Runs a stage program as avian does, and gives back how it ended. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export interface StageRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `program` is relative to stages/. */
export function runProgram(program: string, argv: readonly string[], cwd: string): StageRun {
  const path = join(import.meta.dirname, '../..', program);
  return spawnSync(process.execPath, [path, ...argv], { cwd, encoding: 'utf8' });
}
