import { createHash } from 'node:crypto';
import { discard, listFolder } from './discard.ts';
import type { Tools } from './tools.ts';

/** A stage's checkpoint directory for these inputs; what other inputs left is removed. Absolute. */
export function checkpointDirectory(
  tools: Pick<Tools, 'layout' | 'disk'>,
  stage: string,
  key: string,
): string {
  const folder = folderOf(tools, stage);
  const name = shortHash(key);
  for (const other of listFolder(folder)) if (other !== name) discard(tools, `${folder}/${other}`);
  tools.disk.mkdir(`${folder}/${name}`);
  return `${folder}/${name}`;
}

export function clearCheckpoint(tools: Pick<Tools, 'layout' | 'disk'>, stage: string): void {
  discard(tools, folderOf(tools, stage));
}

/** Members of a group are named after values, which may be paths, `..` in them and all. */
const folderOf = ({ layout }: Pick<Tools, 'layout'>, stage: string): string =>
  `${layout.checkpoints}/${/^[\w.@-]{1,100}$/.test(stage) ? stage : `%${shortHash(stage)}`}`;

// Keys are anything; 32 hex digits are a file name everywhere.
const shortHash = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 32);
