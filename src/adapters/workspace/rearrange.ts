import * as fs from 'node:fs';
import { sameContent, toRef, type ArtifactRef } from '../../model/artifact.ts';
import type { RepoPath } from '../../model/names.ts';
import { digestAt, refuseRoot } from './digest-path.ts';
import { fail, isErrno } from './failure.ts';
import { NOTHING_IGNORED } from './ignores.ts';
import { moveAway } from './move.ts';
import { temporaryName } from './object-file.ts';
import type { Tools } from './tools.ts';

/**
 * Takes away what lies at a path, if it is `held` and the cache could give all of it back; false,
 * and nothing is touched, when it is not. One rename decides, where the cache is on the same volume.
 */
export async function discardHeld(
  tools: Tools,
  path: RepoPath,
  held: ArtifactRef,
): Promise<boolean> {
  const { layout, disk, objects } = tools;
  refuseRoot(path);
  const absolute = `${layout.root}/${path}`;
  const stat = fs.lstatSync(absolute, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  const known = tools.stats.read(path)?.snapshot;
  const silent = { add: () => undefined };
  // Also what is ignored goes, so it has to be in the cache as well.
  const there = await digestAt(tools, absolute, stat, known, 'digest', silent, NOTHING_IGNORED);
  if (!sameContent(toRef(there.artifact), held) || !objects.holds(held)) return false;
  await tools.durability.settleLeft();
  disk.mkdir(layout.discard);
  const gone = temporaryName(layout.discard);
  try {
    disk.rename(absolute, gone);
    disk.remove(gone);
  } catch (error) {
    if (!isErrno(error, 'EXDEV')) throw error;
    disk.remove(absolute);
  }
  return true;
}

/** Renames what lies at `from`; nothing may lie at `to`. On another volume it is copied whole first. */
export function movePath(tools: Tools, from: RepoPath, to: RepoPath): void {
  const { layout, disk } = tools;
  refuseRoot(from);
  refuseRoot(to);
  const target = `${layout.root}/${to}`;
  if (fs.lstatSync(target, { throwIfNoEntry: false }) !== undefined) {
    fail({ kind: 'refused', path: to, cause: 'something lies there already' });
  }
  moveAway(disk, `${layout.root}/${from}`, target);
}
