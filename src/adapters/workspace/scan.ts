import * as fs from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { byCodeUnit } from '../../model/json.ts';
import { DEEPEST, refuseLink } from '../../model/tree.ts';
import { fail } from './failure.ts';
import type { Ignores } from './ignores.ts';
import {
  COLUMNS,
  column,
  endOf,
  isDirectoryMode,
  isFileMode,
  isLinkMode,
  MODE,
  sameStat,
  SIZE,
  SnapshotBuilder,
  type Snapshot,
} from './snapshot.ts';

export interface Scan {
  readonly snapshot: SnapshotBuilder;
  /** Regular files whose digest is not known from an earlier snapshot. */
  readonly unknown: number[];
  readonly targets: Map<number, string>;
}

/** How many entries are looked at before others get a turn: about 10 ms. */
const TURN = 2048;

/**
 * True when nothing at or below `path` differs from the snapshot. A directory whose own times did
 * not change holds the same names (callers must know that its file system keeps them), so this is
 * one lstat an entry and no readdir.
 */
export async function isUnchanged(snapshot: Snapshot, path: string): Promise<boolean> {
  const { names, stats, count } = snapshot;
  // Parents still open, deepest last: their paths with a slash, and the index behind them.
  const prefixes: string[] = [];
  const ends: number[] = [];
  let prefix = '';
  let end = Infinity;
  for (let index = 0; index < count; index++) {
    while (index >= end) {
      prefixes.pop();
      ends.pop();
      prefix = prefixes.at(-1) ?? '';
      end = ends.at(-1) ?? Infinity;
    }
    const own = index === 0 ? path : prefix + (names[index] ?? '');
    const stat = fs.lstatSync(own, { throwIfNoEntry: false });
    if (stat === undefined || !sameStat(stats, index, stat)) return false;
    if (isDirectoryMode(stat.mode)) {
      prefix = `${own}/`;
      end = index + (stats[index * COLUMNS + SIZE] ?? 0);
      prefixes.push(prefix);
      ends.push(end);
    }
    if (index % TURN === TURN - 1) await setImmediate();
  }
  return true;
}

/**
 * Walks `path`; digests of files that did not change are taken over from `known`. `onUnknown` is
 * told now and then how many files will have to be read. What ignore files leave out is not there.
 */
export async function scan(
  path: string,
  stat: fs.Stats,
  known: Snapshot | undefined,
  onUnknown: (files: number) => void,
  ignores: Ignores,
): Promise<Scan> {
  const found = { snapshot: new SnapshotBuilder(), unknown: [], targets: new Map(), onUnknown };
  await visit(found, path, '', stat, 0, known, 0, ignores);
  return found;
}

async function visit(
  found: Scan & { readonly onUnknown: (files: number) => void },
  path: string,
  name: string,
  stat: fs.Stats,
  depth: number,
  known: Snapshot | undefined,
  knownAt: number,
  above: Ignores,
): Promise<void> {
  const { snapshot } = found;
  const index = snapshot.add(name, stat);
  if (index % TURN === TURN - 1) await setImmediate();
  if (isFileMode(stat.mode)) {
    if (known !== undefined && sameStat(known.stats, knownAt, stat)) {
      known.digests.copy(snapshot.digests, index * 32, knownAt * 32, knownAt * 32 + 32);
    } else {
      found.unknown.push(index);
    }
    return;
  }
  if (isLinkMode(stat.mode)) {
    found.targets.set(index, readTarget(path, depth));
    return;
  }
  if (!isDirectoryMode(stat.mode)) {
    fail({ kind: 'refused', path, cause: 'it is a socket, a pipe or a device' });
  }
  if (depth >= DEEPEST) {
    fail({ kind: 'refused', path, cause: `it lies more than ${DEEPEST} directories deep` });
  }
  const knownEnd =
    known !== undefined && isDirectoryMode(column(known, knownAt, MODE))
      ? endOf(known, knownAt)
      : 0;
  let next = knownAt + 1;
  found.onUnknown(found.unknown.length);
  const names = readNames(path);
  const ignores = above.inside(path, names);
  const isFiltered = !ignores.isEmpty;
  for (const child of names) {
    // Both lists are in the same order, so one pass over the known names finds every match.
    while (known !== undefined && next < knownEnd && (known.names[next] ?? '') < child) {
      next = endOf(known, next);
    }
    const match = next < knownEnd && known?.names[next] === child ? known : undefined;
    const childPath = `${path}/${child}`;
    const childStat = fs.lstatSync(childPath, { throwIfNoEntry: false });
    if (childStat === undefined) fail({ kind: 'changed-while-read', path: childPath });
    else if (isFiltered && ignores.excludes(childPath, childStat.isDirectory())) continue;
    else if (isFileMode(childStat.mode)) {
      // Inlined from above: a promise for each of 100,000 files is what a walk cannot afford.
      const at = snapshot.add(child, childStat);
      if (match !== undefined && sameStat(match.stats, next, childStat)) {
        match.digests.copy(snapshot.digests, at * 32, next * 32, next * 32 + 32);
      } else {
        found.unknown.push(at);
      }
      if (at % TURN === TURN - 1) await setImmediate();
    } else await visit(found, childPath, child, childStat, depth + 1, match, next, ignores);
  }
  snapshot.stats[index * COLUMNS + SIZE] = snapshot.count - index;
}

/** Names in a directory, in code-unit order. */
function readNames(path: string): string[] {
  const names = fs.readdirSync(path);
  // Bytes that are no UTF-8 are read as U+FFFD; only then is it worth looking at the bytes.
  if (names.some((name) => name.includes('\uFFFD'))) {
    for (const bytes of fs.readdirSync(path, { encoding: 'buffer' })) {
      const shown = bytes.toString();
      if (!Buffer.from(shown).equals(bytes)) {
        fail({ kind: 'refused', path: `${path}/${shown}`, cause: 'its name is not UTF-8' });
      }
    }
  }
  return names.sort(byCodeUnit);
}

/** `depth` counts the link itself, so that a link directly in the out has depth 1. */
function readTarget(path: string, depth: number): string {
  if (depth === 0) {
    fail({ kind: 'refused', path, cause: 'it is a link; name the path that it points to' });
  }
  const target = fs.readlinkSync(path);
  const isText =
    !target.includes('\uFFFD') ||
    fs.readlinkSync(path, { encoding: 'buffer' }).equals(Buffer.from(target));
  const cause = isText ? refuseLink(target, depth - 1) : 'its target is not UTF-8';
  if (cause !== undefined) fail({ kind: 'refused', path, cause });
  return target;
}
