import { EMPTY_LOCK, type PipelineLock } from '../model/lock.ts';
import { mergeLocks, type LockMerge } from '../model/merge-locks.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { MergedLockView } from '../model/views.ts';
import type { ConflictSides, LockStore } from '../ports/lock-store.ts';
import type { CommandContext } from './context.ts';
import { holdingProject } from './hold-project.ts';

const LOCK_FILE = 'pipeline.lock';

/** Texts of three locks to their merge. An empty text is no lock: git gives one where a side has no file. */
export function mergeLockTexts(
  { base = '', ours, theirs }: ConflictSides,
  lock: Pick<LockStore, 'parse'>,
): Result<LockMerge, Problem> {
  const read = (text: string, side: string): Result<PipelineLock, Problem> => {
    const parsed = text.trim() === '' ? ok(EMPTY_LOCK) : lock.parse(text);
    return parsed.ok ? parsed : err(unreadable(parsed.error, side));
  };
  const [old, mine, other] = [read(base, 'the base'), read(ours, 'ours'), read(theirs, 'theirs')];
  // Without a readable base nothing is known to be unchanged, so every difference is told.
  if (!mine.ok) return mine;
  if (!other.ok) return other;
  return ok(mergeLocks(old.ok ? old.value : EMPTY_LOCK, mine.value, other.value));
}

/**
 * `avian merge-lock`: merges the lock that git could not, from the versions in git's index, or
 * from what the conflict markers left of them.
 */
export async function mergeLock(context: CommandContext): Promise<Result<MergedLockView, Problem>> {
  const { ports, revisions } = context;
  return holdingProject(context, async () => {
    const index = await revisions.unmerged(LOCK_FILE);
    const marked = await ports.lock.conflictSides();
    if (index === undefined && marked === undefined) return ok(NOTHING);
    const sides: ConflictSides =
      index === undefined
        ? (marked ?? { ours: '', theirs: '' })
        : { base: index.base ?? '', ours: index.ours ?? '', theirs: index.theirs ?? '' };
    const merge = mergeLockTexts(sides, ports.lock);
    if (!merge.ok) return merge;
    const { lock, conflicts, kept } = merge.value;
    const there = context.files.read(LOCK_FILE);
    const written = there === ports.lock.format(lock);
    // A merge driver that could not run leaves our side there; any other text is somebody's work.
    if (!written && marked === undefined && there !== undefined && there !== sides.ours) {
      return err(handMade());
    }
    // The file before git is told: killed in between, the next call finds it written.
    if (!written) await ports.lock.replace(lock);
    const toldGit = index !== undefined && (await revisions.markMerged(LOCK_FILE));
    return ok({ merged: true, conflicts, kept, toldGit });
  });
}

const NOTHING: MergedLockView = { merged: false, conflicts: [], kept: [], toldGit: false };

const unreadable = ({ diagnostics }: Problem, side: string): Problem =>
  problem(
    'pipeline',
    'lock/side-unreadable',
    `${LOCK_FILE} of ${side} cannot be read: ${diagnostics[0]?.message ?? 'it is no lock'}`,
    'take the other side whole (`git checkout --ours pipeline.lock`, or --theirs) and run `avian repro`',
  );

const handMade = (): Problem =>
  problem(
    'usage',
    'lock/hand-merged',
    `${LOCK_FILE} is neither of git's versions: somebody has merged it by hand`,
    '`git add pipeline.lock` keeps it; `git checkout --merge pipeline.lock` brings the conflict back for `avian merge-lock`',
  );
