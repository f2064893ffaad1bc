import type { ArtifactRef } from '../model/artifact.ts';
import type { Problem } from '../model/diagnostic.ts';
import type { RepoPath } from '../model/names.ts';
import type { Result } from '../model/result.ts';

/** Content that the cache lacks and a remote has. There is one only where somebody asked for it. */
export interface Supply {
  /** The remote, as people call it. */
  readonly name: string;
  /** True when the remote has all that the cache lacks of it. What `bring` found to be gone is never offered again. */
  offers(ref: ArtifactRef): Promise<boolean>;
  /** Brings into the cache what is offered, in as few requests as there can be; one call waits for another. */
  bring(wanted: readonly Supplied[]): Promise<Result<void, Problem>>;
}

export interface Supplied {
  readonly path: RepoPath;
  readonly ref: ArtifactRef;
}
