import type { Artifact, ArtifactRef, ContentChange, TreeDigest } from '../model/artifact.ts';
import type { Emit } from '../model/event.ts';
import type { LinkKind } from '../model/pipeline.ts';
import type { AttemptId, Digest, RepoPath } from '../model/names.ts';
import type { Result } from '../model/result.ts';

/** Why files could not be read, kept or put back. Paths are relative to the project's root. */
export type WorkspaceProblem =
  /** A special file, a link that leaves the out, a name that is not UTF-8, a path too deep. */
  | { readonly kind: 'refused'; readonly path: string; readonly cause: string }
  /** A file changed while it was digested or copied. */
  | { readonly kind: 'changed-while-read'; readonly path: string }
  | { readonly kind: 'object-missing'; readonly digest: Digest; readonly path: string }
  /** An object's bytes do not have its digest; the object has been set aside. */
  | { readonly kind: 'object-corrupt'; readonly digest: Digest; readonly path: string }
  | { readonly kind: 'no-space'; readonly path: string; readonly needed: number }
  | { readonly kind: 'io'; readonly path: string; readonly cause: string };

/** The files people see and edit, and the object cache behind them. */
export interface Workspace {
  /**
   * Digests a file or directory; unchanged files are answered from the stat cache.
   * Undefined when nothing is there. Writes no objects. What `.avianignore` files leave out is not
   * there; a path that they leave out as a whole is refused.
   */
  digest(path: RepoPath): Promise<Result<Artifact | undefined, WorkspaceProblem>>;

  /** Digests and stores in the cache: blobs first, trees after; the workspace keeps its files. */
  commit(path: RepoPath): Promise<Result<Artifact | undefined, WorkspaceProblem>>;

  /**
   * Makes `path` hold exactly `artifact`, atomically: built beside it, checked while copied, then
   * renamed in. What was there and is not in the cache is kept under `tmp/replaced` and named.
   * Hard links are made where the file system can, but for executable files.
   */
  restore(
    path: RepoPath,
    artifact: ArtifactRef,
    link?: LinkKind,
  ): Promise<Result<{ readonly bytes: number; readonly kept?: string }, WorkspaceProblem>>;

  /**
   * True when the object and, for a tree, everything below it is in the cache. With a path, also that
   * nothing of it would be left out there by `.avianignore` files, which came after it.
   */
  holds(artifact: ArtifactRef, at?: RepoPath): Promise<boolean>;

  /**
   * What differs between two artifacts, by path inside them, at most `limit`; undefined when a tree is
   * not at hand, or is not of the size that its reference says.
   */
  compare(
    before: ArtifactRef | TreeDigest,
    after: ArtifactRef,
    limit: number,
  ): Promise<readonly ContentChange[] | undefined>;

  /** What a tree has at a path inside it; undefined when the cache does not have the tree, or the tree no such entry. */
  entryOf(tree: ArtifactRef, below: string): Promise<Artifact | undefined>;

  /**
   * Takes away what lies at `path`, if it is `held` and the cache could give all of it back. False,
   * and nothing is touched, when it is something else or the cache does not have all of it.
   */
  discard(path: RepoPath, held: ArtifactRef): Promise<Result<boolean, WorkspaceProblem>>;

  /** Renames a file or directory; refused when something lies at `to`. */
  move(from: RepoPath, to: RepoPath): Promise<Result<void, WorkspaceProblem>>;

  /** A small file's text (metrics, at most 16 MiB); undefined when absent. */
  readText(path: RepoPath): Promise<string | undefined>;

  /**
   * Moves outs aside on the same volume before a command starts, journalled so that a kill loses
   * nothing; `persist` outs are copied by reference instead and stay. Ends with exactly one of
   * `discardAside` and `putBack`.
   */
  setAside(
    attempt: AttemptId,
    stage: string,
    outs: readonly { readonly path: RepoPath; readonly persist: boolean }[],
  ): Promise<Result<void, WorkspaceProblem>>;
  /** The command succeeded: the old outs go. */
  discardAside(attempt: AttemptId): Promise<void>;
  /** The command failed: partial outs go to `cache/v1/tmp/failed/<attempt>`, old ones come back. Returns that folder if anything was kept. */
  putBack(attempt: AttemptId): Promise<string | undefined>;
  /** Undoes every attempt a killed process left open; says which stages were interrupted and when (ISO 8601). */
  recover(): Promise<readonly { readonly stage: string; readonly at: string }[]>;

  /** Attempts that `recover` would undo, read only: left by a kill, or open now in another process. */
  interruptions(): Promise<readonly { readonly stage: string; readonly at: string }[]>;

  /** A directory for `AVIAN_CHECKPOINT`, kept for this stage as long as `key` stays the same. Absolute path. */
  checkpointDirectory(stage: string, key: string): Promise<string>;
  /** The stage's run was recorded; its checkpoint is no longer needed. */
  clearCheckpoint(stage: string): Promise<void>;

  /** Barrier: objects written so far are on disk before anything that promises them is written. */
  sync(): Promise<void>;

  /**
   * Instead of a barrier, where the workspace has the same bytes: objects written so far go to the disk
   * when the system writes them. One that a power cut takes before is noticed on the next boot.
   */
  syncLater(): Promise<void>;
}

export interface WorkspaceOptions {
  /** Absolute path of the project. */
  readonly root: string;
  /** Absolute path of `cache/v1`. */
  readonly cache: string;
  readonly emit: Emit;
}
