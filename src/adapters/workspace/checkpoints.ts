import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { isErrno } from './failure.ts';
import { temporaryName } from './file-batch.ts';
import type { Tools } from './tools.ts';

/** A stage's checkpoint directory for these inputs; what other inputs left is removed. Absolute. */
export function checkpointDirectory(
  { layout, disk }: Pick<Tools, 'layout' | 'disk'>,
  stage: string,
  key: string,
): string {
  const folder = `${layout.checkpoints}/${stage}`;
  // Keys are anything; a name of 32 hex digits is a file name everywhere.
  const name = createHash('sha256').update(key).digest('hex').slice(0, 32);
  for (const other of listNames(folder)) if (other !== name) disk.remove(`${folder}/${other}`);
  disk.mkdir(`${folder}/${name}`);
  return `${folder}/${name}`;
}

/** One rename ends it, so that a kill in the middle of the removal leaves no half of a checkpoint. */
export function clearCheckpoint(
  { layout, disk }: Pick<Tools, 'layout' | 'disk'>,
  stage: string,
): void {
  const folder = `${layout.checkpoints}/${stage}`;
  if (!fs.existsSync(folder)) return;
  disk.mkdir(layout.discard);
  const gone = temporaryName(layout.discard);
  disk.rename(folder, gone);
  disk.remove(gone);
}

function listNames(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}
