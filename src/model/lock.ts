import type { ArtifactRef } from './artifact.ts';
import type { Fingerprint } from './names.ts';

/** `pipeline.lock`: which content the workspace's stages and sources have, pinned to the git commit. */
export interface PipelineLock {
  readonly version: 1;
  /** Raw data registered by `avian add`. */
  readonly sources: { readonly [path: string]: ArtifactRef };
  readonly stages: { readonly [stage: string]: LockedStage };
}

export interface LockedStage {
  readonly fingerprint: Fingerprint;
  /** Empty for a stage with an effect: what it wrote is true of one machine only, and in its run. */
  readonly outs: { readonly [path: string]: ArtifactRef };
}

export const EMPTY_LOCK: PipelineLock = { version: 1, sources: {}, stages: {} };
