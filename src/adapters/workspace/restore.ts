import * as fs from 'node:fs';
import { basename, dirname } from 'node:path';
import {
  fromRef,
  sameContent,
  toRef,
  type Artifact,
  type ArtifactRef,
} from '../../model/artifact.ts';
import type { RepoPath } from '../../model/names.ts';
import type { LinkKind } from '../../model/pipeline.ts';
import {
  noteLinked,
  noteUnlinked,
  pairUnchanged,
  standingFiles,
  type CarryOver,
} from './carry-over.ts';
import { digestAt, digestPath, forgetYoung, refuseRoot } from './digest-path.ts';
import { discard, listFolder } from './discard.ts';
import { fail, isErrno, WorkspaceFailure } from './failure.ts';
import type { FileBatch } from './file-batch.ts';
import { NOTHING_IGNORED } from './ignores.ts';
import { readJournal, writeJournal } from './journal.ts';
import { noteLinks } from './linked-objects.ts';
import { temporaryName } from './object-file.ts';
import type { Range } from './file-runner.ts';
import { moveAway, sameVolume } from './move.ts';
import { startProgress, type Progress } from './progress.ts';
import { planRestore, type RestorePlan } from './restore-plan.ts';
import {
  COLUMNS,
  column,
  CTIME,
  hexAt,
  INODE,
  isDirectoryMode,
  isExecutableMode,
  isFileMode,
  MODE,
  MTIME,
  pathsOf,
  setStat,
  SIZE,
  type Snapshot,
} from './snapshot.ts';
import type { Tools } from './tools.ts';

/** Written before the target is touched, so that `recoverRestores` can finish what a kill left. */
interface RestoreJournal {
  readonly path: RepoPath;
  /**
   * The folder on the target's volume where `new` is built and `old` is moved to, relative to the
   * project; the journal's own when absent.
   */
  readonly beside?: string;
}

/**
 * Makes `path` hold exactly `artifact`. The whole artifact is built aside and swapped in, also when
 * one file of many differs: a reader never sees half of each. Throws WorkspaceFailure.
 */
export async function restorePath(
  tools: Tools,
  path: RepoPath,
  artifact: ArtifactRef,
  link: LinkKind = 'copy',
): Promise<{ readonly bytes: number; readonly kept?: string }> {
  refuseRoot(path);
  const target = `${tools.layout.root}/${path}`;
  refuseForeignParents(tools.layout.root, path);
  tools.objects.prepare('trust');
  const current = await currentContent(tools, path, target);
  if (current !== undefined && current !== 'unknown' && sameContent(toRef(current), artifact)) {
    return { bytes: 0 };
  }
  const plan = readPlan(tools, artifact, path);
  const carry = link === 'copy' ? carryOver(tools, path, current, plan) : undefined;
  const progress = startProgress(tools.emit, 'restoring', path);
  tools.files.expect(artifact.files ?? 1);
  tools.disk.mkdir(dirname(target));
  const folder = temporaryName(tools.layout.restore);
  tools.disk.mkdir(folder);
  const isNear = sameVolume(folder, dirname(target));
  const beside = `${dirname(path)}/.avian-restore-${basename(folder)}`;
  const journal: RestoreJournal = { path, ...(!isNear && { beside }) };
  const staging = stagingOf(tools, folder, journal);
  try {
    writeJournal(tools.disk, `${folder}/journal.json`, journal);
    tools.disk.mkdir(staging);
    await build(tools, plan, `${staging}/new`, link, carry, progress);
    if (current !== undefined) await tools.durability.settleLeft();
    const kept = await swap(tools, path, staging, current, carry);
    discard(tools, folder);
    if (carry !== undefined && kept === undefined) {
      noteUnlinked(carry, plan.snapshot, pathsOf(plan.snapshot, target));
    }
    prime(tools, path, target, fromRef(artifact), plan);
    return { bytes: artifact.size, ...(kept !== undefined && { kept }) };
  } catch (error) {
    settleRestore(tools, folder);
    throw error;
  }
}

/** What is there now: `unknown` when it cannot be digested, so that it has to be kept. */
async function currentContent(
  tools: Tools,
  path: RepoPath,
  target: string,
): Promise<Artifact | 'unknown' | undefined> {
  try {
    if (fs.lstatSync(target, { throwIfNoEntry: false }) === undefined) return undefined;
    return await digestPath(tools, path, 'digest');
  } catch (error) {
    if (error instanceof WorkspaceFailure) return 'unknown';
    throw error;
  }
}

/**
 * What the new tree shares with the current one. Undefined where that might have to be kept: what is
 * kept must not change with the workspace.
 */
function carryOver(
  tools: Tools,
  path: RepoPath,
  current: Artifact | 'unknown' | undefined,
  { snapshot }: RestorePlan,
): CarryOver | undefined {
  if (current === undefined || current === 'unknown') return undefined;
  const known = tools.stats.read(path);
  if (known === undefined || !sameContent(toRef(known.artifact), toRef(current))) return undefined;
  if (!tools.objects.holds(toRef(current))) return undefined;
  return pairUnchanged(known.snapshot, `${tools.layout.root}/${path}`, snapshot);
}

/** Links on the way may lead elsewhere inside the project, never out of it. */
function refuseForeignParents(root: string, path: RepoPath): void {
  const parts = path.split('/');
  for (let length = 1; length < parts.length; length++) {
    const parent = `${root}/${parts.slice(0, length).join('/')}`;
    const stat = fs.lstatSync(parent, { throwIfNoEntry: false });
    if (stat === undefined) return;
    if (!stat.isSymbolicLink()) continue;
    const real = realPathOf(parent);
    if (real === undefined || !`${real}/`.startsWith(`${fs.realpathSync(root)}/`)) {
      fail({ kind: 'refused', path: parent, cause: 'it is a link that leaves the project' });
    }
  }
}

function realPathOf(path: string): string | undefined {
  try {
    return fs.realpathSync(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ELOOP')) return undefined;
    throw error;
  }
}

function readPlan(tools: Tools, artifact: ArtifactRef, path: string): RestorePlan {
  try {
    return planRestore(tools.objects, artifact, path);
  } catch (error) {
    setAsideIfCorrupt(tools, error);
    throw error;
  }
}

function setAsideIfCorrupt(tools: Tools, error: unknown): void {
  if (error instanceof WorkspaceFailure && error.problem.kind === 'object-corrupt') {
    tools.objects.setAsideCorrupt(error.problem.digest);
  }
}

/** Makes the plan's directories, files and links at `at`, and takes their stats. */
async function build(
  tools: Tools,
  { snapshot, targets }: RestorePlan,
  at: string,
  link: LinkKind,
  carry: CarryOver | undefined,
  progress: Progress,
): Promise<void> {
  const paths = pathsOf(snapshot, at);
  const files: number[] = [];
  for (const [index, path] of paths.entries()) {
    const mode = column(snapshot, index, MODE);
    if (isDirectoryMode(mode)) tools.disk.mkdir(path);
    else if (isFileMode(mode)) files.push(index);
  }
  const modes = permissions(dirname(at));
  const isStanding = (index: number): boolean => carry?.standing(index) !== undefined;
  const spareOf = (index: number): string | undefined =>
    isStanding(index) ? undefined : tools.spares.take(hexAt(snapshot, index));
  const make = ({ from, to }: Range): FileBatch => {
    const indexes = files.slice(from, to);
    return {
      kind: 'restore',
      objects: tools.layout.objects,
      ...(link === 'hardlink' ? { link: true as const } : { spares: indexes.map(spareOf) }),
      ...(carry && { standing: standingFiles(carry, indexes) }),
      paths: indexes.map((index) => paths[index] ?? ''),
      hexes: indexes.map((index) => hexAt(snapshot, index)),
      sizes: indexes.map((index) => column(snapshot, index, SIZE)),
      modes: indexes.map((index) =>
        isExecutableMode(column(snapshot, index, MODE)) ? modes.executable : modes.file,
      ),
    };
  };
  if (link === 'hardlink') {
    noteLinks(
      tools.layout.objects,
      files.map((index) => hexAt(snapshot, index)),
    );
  }
  try {
    // Those that only get a name are not worth a thread, however large.
    const isThere = (index: number): boolean =>
      isStanding(index) || (link !== 'hardlink' && tools.spares.has(hexAt(snapshot, index)));
    const sizes = files.map((index) => (isThere(index) ? 0 : column(snapshot, index, SIZE)));
    await tools.files.run(sizes, make, progress, (reply, { from, to }) => {
      for (const [offset, index] of files.slice(from, to).entries()) {
        const stats = reply.stats.subarray(offset * COLUMNS, offset * COLUMNS + COLUMNS);
        snapshot.stats.set(stats, index * COLUMNS);
      }
    });
  } catch (error) {
    setAsideIfCorrupt(tools, error);
    throw error;
  }
  if (carry !== undefined) noteLinked(carry, snapshot);
  for (const [index, target] of targets) tools.disk.symlink(target, paths[index] ?? '');
  // Last: making something in a directory changes the directory's times.
  let youngest = -Infinity;
  for (const [index, path] of paths.entries()) {
    const mode = column(snapshot, index, MODE);
    // A further link to the same object gives all of its names a new change time.
    if (link === 'hardlink' || !isFileMode(mode)) takeStat(snapshot, index, path);
    youngest = Math.max(youngest, column(snapshot, index, CTIME));
  }
  // While nobody else knows the files that are new: once the clock has moved on, no change can hide. A change
  // of one that was carried over gives it another modification time, as its own is long past.
  await tools.clock.waitPast(youngest);
}

function takeStat(snapshot: RestorePlan['snapshot'], index: number, path: string): void {
  const size = column(snapshot, index, SIZE);
  const stat = fs.lstatSync(path);
  setStat(snapshot.stats, index, stat);
  if (stat.isDirectory()) snapshot.stats[index * COLUMNS + SIZE] = size;
}

/** Permissions of new files, the umask taken off: those that a new directory was just given. */
function permissions(made: string): { readonly file: number; readonly executable: number } {
  const executable = fs.lstatSync(made).mode & 0o777;
  return { file: executable & 0o666, executable };
}

/** Puts `staging/new` in the target's place. Returns where the old content is kept, if it has to be. */
async function swap(
  tools: Tools,
  path: RepoPath,
  staging: string,
  current: Artifact | 'unknown' | undefined,
  carry: CarryOver | undefined,
): Promise<string | undefined> {
  const target = `${tools.layout.root}/${path}`;
  const built = `${staging}/new`;
  const old = `${staging}/old`;
  const before = fs.lstatSync(target, { throwIfNoEntry: false });
  if (before === undefined) {
    tools.disk.rename(built, target);
    return undefined;
  }
  const known = carry?.old ?? tools.stats.read(path)?.snapshot;
  const isFileOverFile = before.isFile() && fs.lstatSync(built).isFile();
  // One rename replaces a file by a file without a gap; the second name keeps the old one.
  if (isFileOverFile && tryLink(tools, target, old)) tools.disk.rename(built, target);
  else {
    tools.disk.rename(target, old);
    tools.disk.rename(built, target);
  }
  if (await isSafeToDrop(tools, old, current, known)) return undefined;
  return keep(tools, old, path);
}

function tryLink(tools: Tools, existing: string, path: string): boolean {
  try {
    tools.disk.link(existing, path);
    return true;
  } catch (error) {
    if (isErrno(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'ENOSYS')) return false;
    throw error;
  }
}

/** True when the cache has what `old` holds, ignored files and all, also if it was written to until it was moved. */
async function isSafeToDrop(
  tools: Tools,
  old: string,
  current: Artifact | 'unknown' | undefined,
  snapshot: Snapshot | undefined,
): Promise<boolean> {
  if (current === undefined || current === 'unknown' || snapshot === undefined) return false;
  if (!tools.objects.holds(toRef(current))) return false;
  const stat = fs.lstatSync(old);
  // Being moved or linked gave it a new change time and nothing else.
  if (column(snapshot, 0, INODE) === stat.ino && column(snapshot, 0, MTIME) === stat.mtimeMs) {
    snapshot.stats[CTIME] = stat.ctimeMs;
  }
  const silent = { add: () => undefined };
  try {
    const again = await digestAt(tools, old, stat, snapshot, 'digest', silent, NOTHING_IGNORED);
    return sameContent(toRef(again.artifact), toRef(current));
  } catch (error) {
    if (error instanceof WorkspaceFailure) return false;
    throw error;
  }
}

/** Moves replaced content to `tmp/replaced`; returns its path relative to the project if inside. */
function keep(tools: Tools, old: string, path: RepoPath): string {
  const { replaced, root } = tools.layout;
  const stamp = new Date().toISOString().replaceAll(/[-:]/g, '');
  const to = `${temporaryName(`${replaced}/${stamp}`)}/${path}`;
  moveAway(tools.disk, old, to);
  return to.startsWith(`${root}/`) ? to.slice(root.length + 1) : to;
}

/** Lets the next digest answer without reading: we know what we wrote. */
function prime(
  tools: Tools,
  path: RepoPath,
  target: string,
  artifact: Artifact,
  plan: RestorePlan,
): void {
  const { snapshot } = plan;
  const modified = column(snapshot, 0, MTIME);
  takeStat(snapshot, 0, target);
  // The rename gave the root a new change time. Its modification time is older than this tick
  // (build waited), so a later change shows there, and the change time need not be in the past.
  if (column(snapshot, 0, MTIME) !== modified) return;
  tools.stats.write(path, { artifact, snapshot: forgetYoung(snapshot, Infinity, Infinity) });
}

/** Finishes restores that a killed process left between two renames. */
export function recoverRestores(tools: Tools): void {
  for (const name of listFolder(tools.layout.restore)) {
    settleRestore(tools, `${tools.layout.restore}/${name}`);
  }
}

/** Ends a restore wherever it stands: old content goes back to an empty place, or is kept. */
function settleRestore(tools: Tools, folder: string): void {
  const journal = readJournal(`${folder}/journal.json`) as RestoreJournal | 'damaged' | undefined;
  if (journal === 'damaged') keepUnnamed(tools, folder);
  else if (journal !== undefined) {
    const target = `${tools.layout.root}/${journal.path}`;
    const old = `${stagingOf(tools, folder, journal)}/old`;
    const oldStat = fs.lstatSync(old, { throwIfNoEntry: false });
    const targetStat = fs.lstatSync(target, { throwIfNoEntry: false });
    if (oldStat !== undefined) {
      if (targetStat === undefined) tools.disk.rename(old, target);
      // The same file by two names: stopped after the link, before the rename.
      else if (targetStat.ino !== oldStat.ino) keep(tools, old, journal.path);
    }
  }
  discard(tools, folder);
}

const stagingOf = (tools: Tools, folder: string, { beside }: RestoreJournal): string =>
  beside === undefined ? folder : `${tools.layout.root}/${beside}`;

/** What a restore had replaced, of which nobody knows any more where it belongs. */
function keepUnnamed(tools: Tools, folder: string): void {
  if (fs.lstatSync(`${folder}/old`, { throwIfNoEntry: false }) === undefined) return;
  const kept = keep(tools, `${folder}/old`, 'unnamed' as RepoPath);
  const message = `the journal of an interrupted restore is damaged; what it had replaced is kept in ${kept}`;
  const diagnostic = { severity: 'warning', code: 'workspace/journal-damaged', message } as const;
  tools.emit({ type: 'diagnostic', diagnostic });
}
