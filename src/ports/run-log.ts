import type { ArtifactRef } from '../model/artifact.ts';
import type { Deployment } from '../model/deployment.ts';
import type { Digest, Fingerprint, RepoPath, RunId, StageName } from '../model/names.ts';
import type { Result } from '../model/result.ts';
import type { DepInput, Run, RunRecord } from '../model/run.ts';

/** A succeeded run without all that a garbage collector has no use for. */
export interface RunTrace {
  readonly id: RunId;
  readonly stage: StageName;
  /** Milliseconds since 1970. */
  readonly startedMs: number;
  readonly deps: readonly DepInput[];
  readonly outs: { readonly [path: string]: ArtifactRef };
}

/** Every run of every stage, and the questions one asks of them. Records are immutable. */
export interface RunLog {
  /** Writes the record (an object beside the others) and indexes it; returns it with its id. */
  record(run: RunRecord): Promise<Run>;
  /**
   * Takes in a record from elsewhere; nothing when it is known. Refused, with the reason, when it is
   * larger than 1 MiB, off schema, not canonical, or its digest is not `id`.
   */
  receive(id: RunId, text: string): Promise<Result<void, string>>;
  /** Succeeded runs of a fingerprint, newest first. */
  find(fingerprint: Fingerprint): Promise<readonly Run[]>;
  /** Latest run of a stage; by default of any ending. */
  latest(stage: StageName, ending?: 'succeeded'): Promise<Run | undefined>;
  /** Runs whose id or attempt starts with `prefix`. */
  lookUp(prefix: string): Promise<readonly Run[]>;
  /** Runs of a stage, newest first. */
  history(stage: StageName, limit: number): Promise<readonly Run[]>;

  /** Succeeded runs that produced content with this digest, newest first. */
  producersOf(digest: Digest): Promise<readonly Run[]>;
  /** Succeeded runs that read content with this digest, newest first. */
  consumersOf(digest: Digest): Promise<readonly Run[]>;
  /** Succeeded runs that produced something at this path, newest first. */
  producersAt(path: RepoPath): Promise<readonly Run[]>;
  get(id: RunId): Promise<Run | undefined>;
  /** Every succeeded run, newest first. */
  traces(): Promise<readonly RunTrace[]>;

  /** Keeps a deployment; several for one revision are its restarts. */
  recordDeployment(deployment: Deployment): Promise<void>;
  /** Newest first, all names when absent. */
  deployments(name?: string): Promise<readonly Deployment[]>;
}
