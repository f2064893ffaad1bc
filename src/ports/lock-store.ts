import type { ArtifactRef } from '../model/artifact.ts';
import type { Problem } from '../model/diagnostic.ts';
import type { PipelineLock, LockedStage } from '../model/lock.ts';
import type { RepoPath, StageName } from '../model/names.ts';
import type { Result } from '../model/result.ts';

/**
 * `pipeline.lock`. A settled stage goes to a journal at once; the file is rewritten at most once a
 * second and at `flush`, and after a kill the journal is replayed by the next `read`.
 */
export interface LockStore {
  read(): Promise<Result<PipelineLock, Problem>>;
  /** The text of a lock from elsewhere, such as an earlier commit. */
  parse(text: string): Result<PipelineLock, Problem>;
  setStage(stage: StageName, entry: LockedStage): Promise<void>;
  setSource(path: RepoPath, artifact: ArtifactRef | undefined): Promise<void>;
  flush(): Promise<void>;
}
