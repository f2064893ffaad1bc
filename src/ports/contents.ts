import type { ArtifactRef } from '../model/artifact.ts';
import type { RepoPath } from '../model/names.ts';

/** A file as it lies in the workspace or in the cache. */
export interface ContentFile {
  /** Relative to what was asked for; `''` for that itself. */
  readonly below: string;
  /** Bytes. */
  readonly size: number;
  /** Undefined when it is gone meanwhile, or cannot be read. */
  readonly read: () => Promise<Uint8Array | undefined>;
}

export interface ContentFiles {
  /** Sorted by code unit; links are left out. */
  readonly files: readonly ContentFile[];
  /** How many there are beyond those. */
  readonly more: number;
}

/** Content for people to look at: data of plots, pictures. Changes nothing. */
export interface Contents {
  /** The file at a path, or the first `most` files below it; undefined when nothing is there. */
  inWorkspace(path: RepoPath, most: number): Promise<ContentFiles | undefined>;
  /** The same of an artifact; undefined when the cache does not have it. */
  inCache(artifact: ArtifactRef, most: number): Promise<ContentFiles | undefined>;
}
