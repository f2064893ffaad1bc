import * as fs from 'node:fs';
import { toRef, type Artifact } from '../../model/artifact.ts';
import type { Digest, RepoPath } from '../../model/names.ts';
import { encodeDirectory, type TreeEntry, type TreeSummary } from '../../model/tree.ts';
import { hashText } from '../hash/blake3.ts';
import { keepsDirectoryTimes } from './directory-times.ts';
import { fail } from './failure.ts';
import type { BatchReply, FileBatch } from './file-batch.ts';
import { IGNORE_FILE, type Ignores } from './ignores.ts';
import { hasObject } from './object-file.ts';
import type { Range } from './file-runner.ts';
import { digestOf } from './layout.ts';
import { startProgress, type Progress } from './progress.ts';
import { isUnchanged, scan, type Scan } from './scan.ts';
import {
  COLUMNS,
  column,
  CTIME,
  endOf,
  hexAt,
  isDirectoryMode,
  isExecutableMode,
  isFileMode,
  MODE,
  MTIME,
  pathsOf,
  sameStat,
  SIZE,
  type Snapshot,
  type SnapshotBuilder,
} from './snapshot.ts';
import { StaleRow, type Remembered } from './stat-database.ts';
import type { Tools } from './tools.ts';

/** `commit` stores what it digests. */
export type Purpose = 'digest' | 'commit';

/**
 * Digests what is at `path`, from the stat cache where nothing changed. Undefined when nothing is
 * there. Throws WorkspaceFailure.
 */
export async function digestPath(
  tools: Tools,
  path: RepoPath,
  purpose: Purpose,
): Promise<Artifact | undefined> {
  const absolute = path === '.' ? tools.layout.root : `${tools.layout.root}/${path}`;
  const stat = fs.lstatSync(absolute, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  const ignores = tools.ignores.above(path);
  refuseIgnored(tools, path, stat, ignores);
  const known = tools.stats.read(path);
  if (
    known !== undefined &&
    known.ignores === ignores.id &&
    (await isKnown(known, absolute, stat))
  ) {
    if (purpose === 'digest' || tools.objects.holds(toRef(known.artifact))) return known.artifact;
  }
  const progress = startProgress(
    tools.emit,
    purpose === 'commit' ? 'committing' : 'digesting',
    path,
  );
  const read = await digestAt(tools, absolute, stat, known?.snapshot, purpose, progress, ignores);
  tools.stats.write(path, read);
  return read.artifact;
}

const isKnown = (known: Remembered, absolute: string, stat: fs.Stats): Promise<boolean> | boolean =>
  sameStat(known.snapshot.stats, 0, stat) &&
  (!stat.isDirectory() || (keepsDirectoryTimes(absolute) && isUnchanged(known.snapshot, absolute)));

/**
 * Digests without asking whether anything changed; files that `known` has with the same stat are
 * not read. The snapshot returned holds only what later stats may be compared with; `onNode` gets
 * every tree node, children first.
 */
export async function digestAt(
  tools: Tools,
  absolute: string,
  stat: fs.Stats,
  known: Snapshot | undefined,
  purpose: Purpose,
  progress: Progress,
  ignores: Ignores,
  onNode?: (digest: Digest, text: string) => void,
): Promise<Remembered> {
  if (purpose === 'commit') tools.objects.prepare('write');
  // Before the first look, so that whatever is stamped later than this may yet change unseen.
  const scanned = tools.clock.now();
  const found = await scanKnowing(tools, absolute, stat, known, ignores);
  const { snapshot } = found;
  const wanted = purpose === 'commit' ? addUnstored(tools, found) : found.unknown;
  const youngest = youngestLarge(snapshot, wanted);
  let reading = scanned;
  if (youngest >= scanned) {
    await tools.clock.waitPast(youngest);
    reading = tools.clock.now();
  }
  await readFiles(tools, absolute, snapshot, wanted, purpose, progress);
  const artifact = assemble(found, (digest, text) => {
    if (purpose === 'commit') tools.objects.putNode(digest, text);
    onNode?.(digest, text);
  });
  return { artifact, snapshot: forgetYoung(snapshot, scanned, reading), ignores: ignores.id };
}

async function scanKnowing(
  tools: Tools,
  absolute: string,
  stat: fs.Stats,
  known: Snapshot | undefined,
  ignores: Ignores,
): Promise<Scan> {
  const onUnknown = (files: number): void => {
    tools.files.expect(files);
  };
  try {
    return await scan(absolute, stat, known, onUnknown, ignores);
  } catch (error) {
    if (!(error instanceof StaleRow)) throw error;
    return scan(absolute, stat, undefined, onUnknown, ignores);
  }
}

/** Files to be read for a commit: those without a digest, and those whose object is not here. */
function addUnstored(tools: Tools, { snapshot, unknown }: Scan): number[] {
  const isUnknown = new Set(unknown);
  const wanted: number[] = [];
  for (let index = 0; index < snapshot.count; index++) {
    if (!isFileMode(column(snapshot, index, MODE))) continue;
    const size = column(snapshot, index, SIZE);
    if (isUnknown.has(index) || !hasObject(tools.layout.objects, hexAt(snapshot, index), size)) {
      wanted.push(index);
    }
  }
  return wanted;
}

/** Hashing this much again at the next look takes longer than a tick of the file system's clock. */
const LARGE = 1024 * 1024;

function youngestLarge(snapshot: Snapshot, indexes: readonly number[]): number {
  let youngest = -Infinity;
  for (const index of indexes) {
    if (column(snapshot, index, SIZE) < LARGE) continue;
    youngest = Math.max(youngest, column(snapshot, index, CTIME));
  }
  return youngest;
}

/** Digests the files at `indexes` into the snapshot. */
async function readFiles(
  tools: Tools,
  absolute: string,
  snapshot: SnapshotBuilder,
  indexes: readonly number[],
  purpose: Purpose,
  progress: Progress,
): Promise<void> {
  if (indexes.length === 0) return;
  const paths = pathsOf(snapshot, absolute);
  const { objects, tmpObjects: temporary } = tools.layout;
  const make = ({ from, to }: Range): FileBatch => {
    const files = indexes.slice(from, to);
    const stats = new Float64Array(files.length * COLUMNS);
    for (const [at, index] of files.entries()) {
      const first = index * COLUMNS;
      stats.set(snapshot.stats.subarray(first, first + COLUMNS), at * COLUMNS);
    }
    return {
      kind: 'digest',
      paths: files.map((index) => paths[index] ?? ''),
      stats,
      ...(purpose === 'commit' && { store: { objects, temporary } }),
    };
  };
  const sizes = indexes.map((index) => column(snapshot, index, SIZE));
  await tools.files.run(sizes, make, progress, (reply: BatchReply, { from, to }) => {
    tools.objects.noteWritten(reply.written);
    for (const [at, index] of indexes.slice(from, to).entries()) {
      snapshot.digests.set(reply.digests.subarray(at * 32, at * 32 + 32), index * 32);
      const stats = reply.stats.subarray(at * COLUMNS, at * COLUMNS + COLUMNS);
      snapshot.stats.set(stats, index * COLUMNS);
    }
  });
}

/** The artifact of a snapshot whose files all have their digests; its tree nodes are stored last. */
function assemble(
  { snapshot, targets }: Scan,
  put: (digest: Digest, text: string) => void,
): Artifact {
  const mode = column(snapshot, 0, MODE);
  if (!isDirectoryMode(mode)) {
    const digest = digestOf(hexAt(snapshot, 0));
    const size = column(snapshot, 0, SIZE);
    return { kind: 'blob', digest, size, executable: isExecutableMode(mode) };
  }
  const directory = (index: number): TreeSummary => {
    const entries: TreeEntry[] = [];
    for (let child = index + 1; child < endOf(snapshot, index); child = endOf(snapshot, child)) {
      entries.push(entryAt(child));
    }
    return encodeDirectory(entries, hashText, put);
  };
  const entryAt = (index: number): TreeEntry => {
    const name = snapshot.names[index] ?? '';
    const entryMode = column(snapshot, index, MODE);
    if (isDirectoryMode(entryMode)) return { kind: 'directory', name, ...directory(index) };
    const target = targets.get(index);
    if (target !== undefined) return { kind: 'link', name, target };
    const digest = digestOf(hexAt(snapshot, index));
    const size = column(snapshot, index, SIZE);
    return { kind: 'file', name, digest, size, executable: isExecutableMode(entryMode) };
  };
  return { kind: 'tree', ...directory(0) };
}

/**
 * Entries stamped in the tick in which they were looked at could change again under the same
 * stamp. Their times become NaN, which equals no time, so that the next look reads them again.
 * A directory is young by its names (mtime): a mere rename of it changes nothing inside.
 */
export function forgetYoung(
  snapshot: SnapshotBuilder,
  scanned: number,
  reading: number,
): SnapshotBuilder {
  for (let index = 0; index < snapshot.count; index++) {
    const which = isDirectoryMode(column(snapshot, index, MODE)) ? MTIME : CTIME;
    const limit = isFileMode(column(snapshot, index, MODE)) ? reading : scanned;
    if (column(snapshot, index, which) >= limit) snapshot.stats[index * COLUMNS + which] = NaN;
  }
  return snapshot;
}

/** A path that is named and left out at the same time is a contradiction, and would be empty in silence. */
function refuseIgnored(tools: Tools, path: RepoPath, stat: fs.Stats, ignores: Ignores): void {
  if (ignores.isEmpty) return;
  for (let end = path.indexOf('/'); ; end = path.indexOf('/', end + 1)) {
    const part = end < 0 ? path : path.slice(0, end);
    if (ignores.excludes(`${tools.layout.root}/${part}`, end >= 0 || stat.isDirectory())) {
      fail({ kind: 'refused', path, cause: `${IGNORE_FILE} leaves ${part} out` });
    }
    if (end < 0) return;
  }
}

/** Refuses what cannot be an out at all, before anything is done. */
export function refuseRoot(path: RepoPath): void {
  if (path === '.') fail({ kind: 'refused', path, cause: 'it is the project itself' });
}
