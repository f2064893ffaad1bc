import { fromRef, toRef, type ArtifactRef } from './artifact.ts';
import { isNonEmpty, type NonEmptyArray } from './result.ts';
import type { Fingerprint, RepoPath, StageName } from './names.ts';

/** `pipeline.lock`: which content the workspace's stages and sources have, pinned to the git commit. */
export interface PipelineLock {
  readonly version: 1;
  /** Raw data registered by `avian add`. */
  readonly sources: { readonly [path: string]: LockedSource };
  readonly stages: { readonly [stage: string]: LockedStage };
}

/** What a stage's command wrote for a fingerprint. */
export interface StageEntry {
  readonly fingerprint: Fingerprint;
  /** Empty for a stage with an effect: what it wrote is true of one machine only, and in its run. */
  readonly outs: { readonly [path: string]: ArtifactRef };
}

/**
 * `conflict` holds what other branches had here, after a merge of branches that changed it apart.
 * Until it is settled (by a run, or by choosing a side) the stage is stale.
 */
export interface LockedStage extends StageEntry {
  readonly conflict?: NonEmptyArray<StageEntry>;
}

/** Where raw data was fetched from, as it was then: what `avian update` compares with what is there now. */
export interface Origin {
  /** `https://…` or `file:///…`, without user and password. */
  readonly url: string;
  /** As the server sent it, quotes and all. */
  readonly etag?: string;
  /** `Last-Modified` as the server sent it; of a file its modification time, ISO 8601. */
  readonly modified?: string;
  readonly size: number;
}

/** Raw data: what `avian add` took in, or `avian import-url` fetched. */
export interface SourceRef extends ArtifactRef {
  readonly from?: Origin;
}

/** As for a stage; settled by `avian add`, or by choosing a side. */
export interface LockedSource extends SourceRef {
  readonly conflict?: NonEmptyArray<SourceRef>;
}

/** Content that a lock names, without what else the lock says of it. */
export interface Pinned {
  readonly path: RepoPath;
  readonly ref: ArtifactRef;
  /** Absent for raw data. */
  readonly stage?: StageName;
}

/** All that a lock names: raw data, then what stages wrote. */
export const pinnedIn = ({ sources, stages }: PipelineLock): readonly Pinned[] => [
  ...pinned(sources),
  ...Object.entries(stages).flatMap(([stage, { outs }]) => pinned(outs, stage as StageName)),
];

const pinned = (
  refs: { readonly [path: string]: ArtifactRef },
  stage?: StageName,
): readonly Pinned[] =>
  Object.entries(refs).map(([path, ref]) => ({
    path: path as RepoPath,
    ref: toRef(fromRef(ref)),
    ...(stage !== undefined && { stage }),
  }));

export const EMPTY_LOCK: PipelineLock = { version: 1, sources: {}, stages: {} };

/** What one branch has, and what others have in its place: `LockedStage` and `LockedSource` alike. */
export type Contested<Value> = Value & { readonly conflict?: NonEmptyArray<Value> };

export const contested = <Value>(value: Value, others: readonly Value[]): Contested<Value> => ({
  ...value,
  ...(isNonEmpty(others) && { conflict: others }),
});

/** What one side of a conflict has; undefined when there are several others to choose from. */
export function sideOf<Value>(entry: Contested<Value>, side: 'ours' | 'theirs'): Value | undefined {
  const { conflict, ...mine } = entry;
  if (side === 'ours') return mine as unknown as Value;
  return conflict?.length === 1 ? conflict[0] : undefined;
}
