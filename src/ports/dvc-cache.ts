import type { ArtifactRef } from '../model/artifact.ts';
import type { DvcHash } from '../model/dvc.ts';
import type { RepoPath } from '../model/names.ts';
import type { Result } from '../model/result.ts';

/** Why content could not be taken out of DVC's cache. */
export type DvcCacheProblem =
  /** `objects` are the MD5s of what is not there: the content itself, or files of the directory. */
  | { readonly kind: 'missing'; readonly objects: readonly string[] }
  /** An object whose bytes do not have its MD5. */
  | { readonly kind: 'corrupt'; readonly object: string }
  | { readonly kind: 'refused'; readonly cause: string };

/** A DVC project's files and cache. Read only: nothing of DVC's is ever changed. */
export interface DvcCache {
  /** The dvc.yaml, *.dvc, .dvcignore files of the project, by code unit; ignored folders are not looked into. */
  files(): readonly string[];
  /** What of the content is not in DVC's cache; empty when all of it is. Hashes nothing. */
  missing(hash: DvcHash): readonly string[];
  /**
   * Copies content into avian's cache: each object is read once, its MD5 checked while its BLAKE3 is
   * computed, and kept only when it is right. `path` is for progress.
   */
  convert(hash: DvcHash, path: RepoPath): Promise<Result<ArtifactRef, DvcCacheProblem>>;
  /** True when the file or directory at `path` is, for DVC, the content that `hash` names. */
  matches(path: RepoPath, hash: DvcHash): Promise<boolean>;
  /** Files and bytes that `convert` has read so far. */
  copied(): { readonly files: number; readonly bytes: number };
  /** Barrier: what was converted is on disk before anything that promises it is written. */
  sync(): Promise<void>;
}
