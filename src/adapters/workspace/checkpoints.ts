import { createHash } from 'node:crypto';
import { discard, listFolder } from './discard.ts';
import type { Tools } from './tools.ts';

/** A stage's checkpoint directory for these inputs; what other inputs left is removed. Absolute. */
export function checkpointDirectory(
  tools: Pick<Tools, 'layout' | 'disk'>,
  stage: string,
  key: string,
): string {
  const folder = `${tools.layout.checkpoints}/${stage}`;
  // Keys are anything; a name of 32 hex digits is a file name everywhere.
  const name = createHash('sha256').update(key).digest('hex').slice(0, 32);
  for (const other of listFolder(folder)) if (other !== name) discard(tools, `${folder}/${other}`);
  tools.disk.mkdir(`${folder}/${name}`);
  return `${folder}/${name}`;
}

export function clearCheckpoint(tools: Pick<Tools, 'layout' | 'disk'>, stage: string): void {
  discard(tools, `${tools.layout.checkpoints}/${stage}`);
}
