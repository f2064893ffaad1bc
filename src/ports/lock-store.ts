import type { Problem } from '../model/diagnostic.ts';
import type { LockedSource, LockedStage, PipelineLock } from '../model/lock.ts';
import type { Digest, RepoPath, StageName } from '../model/names.ts';
import type { Result } from '../model/result.ts';

/**
 * `pipeline.lock`. A settled stage goes to a journal at once; the file is rewritten at most once a
 * second and at `flush`, and after a kill the journal is replayed by the next `read`.
 */
export interface LockStore {
  read(): Promise<Result<PipelineLock, Problem>>;
  /** The text of a lock from elsewhere, such as an earlier commit. */
  parse(text: string): Result<PipelineLock, Problem>;
  /** As it is written: equal locks give equal text. */
  format(lock: PipelineLock): string;
  /** Undefined takes the entry away. */
  setStage(stage: StageName, entry: LockedStage | undefined): Promise<void>;
  setSource(path: RepoPath, artifact: LockedSource | undefined): Promise<void>;
  /** Every content that was ever pinned as a source on this machine, also by a lock that was never committed. */
  everySource(): Promise<readonly Digest[]>;
  flush(): Promise<void>;
  /** Both sides of a file that git left with conflict markers, each as a text; undefined when it has none. */
  conflictSides(): Promise<ConflictSides | undefined>;
  /** Writes a whole lock, in place of whatever lies there; atomic. */
  replace(lock: PipelineLock): Promise<void>;
}

export interface ConflictSides {
  /** Present when git was told to write it (`merge.conflictStyle diff3`). */
  readonly base?: string;
  readonly ours: string;
  readonly theirs: string;
}
