import * as fs from 'node:fs';
import type { Disk } from './disk.ts';
import { isErrno } from './failure.ts';
import {
  COLUMNS,
  column,
  CTIME,
  endOf,
  hexAt,
  INODE,
  isDirectoryMode,
  isExecutableMode,
  isFileMode,
  MODE,
  MTIME,
  pathsOf,
  sameStat,
  SIZE,
  type Snapshot,
} from './snapshot.ts';

/**
 * Files that a new tree shares with the one whose place it takes. They get a second name in the new
 * tree rather than a copy of their object: a data set of 2 GiB with one more file is one more file.
 */
export interface CarryOver {
  /** The entry of the old tree with the same file at the same place; undefined where there is none. */
  readonly standing: (index: number) => number | undefined;
  readonly old: Snapshot;
  /** Of the old tree's entries. */
  readonly paths: readonly string[];
}

/** `old` is what lies at `path`; `next` need not have times yet. */
export function pairUnchanged(old: Snapshot, path: string, next: Snapshot): CarryOver {
  const pairs = new Map<number, number>();
  const pairEntries = (a: number, b: number): void => {
    const [before, after] = [column(old, a, MODE), column(next, b, MODE)];
    if (isFileMode(before) && isFileMode(after)) {
      const isSame =
        isExecutableMode(before) === isExecutableMode(after) && hexAt(old, a) === hexAt(next, b);
      if (isSame) pairs.set(b, a);
    } else if (isDirectoryMode(before) && isDirectoryMode(after)) pairBelow(a, b);
  };
  // Both in code-unit order of their names.
  const pairBelow = (oldDirectory: number, nextDirectory: number): void => {
    let [a, b] = [oldDirectory + 1, nextDirectory + 1];
    const [oldEnd, nextEnd] = [endOf(old, oldDirectory), endOf(next, nextDirectory)];
    while (a < oldEnd && b < nextEnd) {
      const [left, right] = [old.names[a] ?? '', next.names[b] ?? ''];
      if (left === right) pairEntries(a, b);
      if (left <= right) a = endOf(old, a);
      if (right <= left) b = endOf(next, b);
    }
  };
  pairEntries(0, 0);
  return { standing: (index) => pairs.get(index), old, paths: pathsOf(old, path) };
}

/** Files of the old tree for a batch, each undefined where the new tree has another. */
export interface Standing {
  readonly paths: readonly (string | undefined)[];
  /** As they are known; `COLUMNS` a file. */
  readonly stats: Float64Array;
}

/** The standing files for entries `indexes` of the new tree. */
export function standingFiles(
  { old, paths, standing }: CarryOver,
  indexes: readonly number[],
): Standing {
  const stats = new Float64Array(indexes.length * COLUMNS);
  const standingPaths = indexes.map((index, at) => {
    const row = standing(index);
    if (row === undefined) return undefined;
    stats.set(old.stats.subarray(row * COLUMNS, row * COLUMNS + COLUMNS), at * COLUMNS);
    return paths[row];
  });
  return { paths: standingPaths, stats };
}

/**
 * Makes `path` one more name of the standing file, if that is still what is known of it; undefined where it
 * is not, or cannot be shared. Whoever writes to it afterwards has changed the workspace.
 */
export function linkStanding(
  standing: Standing | undefined,
  index: number,
  path: string,
  disk: Disk,
): fs.Stats | undefined {
  const from = standing?.paths[index];
  if (standing === undefined || from === undefined) return undefined;
  const before = fs.lstatSync(from, { throwIfNoEntry: false });
  // With another name it may be an object of the cache, which nobody is to write to.
  if (before?.nlink !== 1 || !sameStat(standing.stats, index, before)) return undefined;
  try {
    disk.link(from, path);
  } catch (error) {
    const isNoLink = isErrno(
      error,
      ...['ENOENT', 'EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'],
    );
    if (!isNoLink) throw error;
    return undefined;
  }
  const after = fs.lstatSync(path);
  if (isSameFile(after, before.ino, before.mtimeMs, before.size)) return after;
  disk.unlink(path);
  return undefined;
}

/** A further name, or one less, gives a file a new change time and nothing else. */
const isSameFile = (stat: fs.Stats, inode: number, mtime: number, size: number): boolean =>
  stat.ino === inode && stat.mtimeMs === mtime && stat.size === size;

/** Notes in the old tree's snapshot which change times its files got by being linked. */
export function noteLinked(carry: CarryOver, next: Snapshot): void {
  for (const [index, row] of carried(carry, next)) {
    carry.old.stats[row * COLUMNS + CTIME] = column(next, index, CTIME);
  }
}

/**
 * Notes which change times the files at `paths` got when their old names went. A file that somebody wrote
 * to meanwhile keeps the times that it had, and so is read again.
 */
export function noteUnlinked(carry: CarryOver, next: Snapshot, paths: readonly string[]): void {
  for (const [index] of carried(carry, next)) {
    const stat = fs.lstatSync(paths[index] ?? '', { throwIfNoEntry: false });
    if (stat === undefined) continue;
    const of = (which: number): number => column(next, index, which);
    if (!isSameFile(stat, of(INODE), of(MTIME), of(SIZE))) continue;
    next.stats[index * COLUMNS + CTIME] = stat.ctimeMs;
  }
}

/** Entries of the new tree that were linked rather than made, each with its row in the old one. */
function* carried({ old, standing }: CarryOver, next: Snapshot): Generator<[number, number]> {
  for (let index = 0; index < next.count; index++) {
    const row = standing(index);
    if (row === undefined || column(old, row, INODE) !== column(next, index, INODE)) continue;
    yield [index, row];
  }
}
