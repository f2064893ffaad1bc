import type { RepoPath, StageName } from './names.ts';

/*
 * Answers of the commands about what lies in the cache. Bytes are sums of file sizes; times are
 * milliseconds since 1970.
 */

export interface Amount {
  readonly objects: number;
  readonly bytes: number;
}

/** Why an object stays. `recent` has no run behind it but is young: work in progress, perhaps. */
export type KeptBy = 'workspace' | 'commits' | 'sources' | 'deployments' | 'recent-runs' | 'recent';

/** Objects that nothing needs, by the stage whose runs wrote them; without one when no run did. */
export interface Unneeded extends Amount {
  readonly stage?: StageName;
  /** When the youngest and the oldest of them came into the cache. */
  readonly newest: number;
  readonly oldest: number;
}

export interface LeftoverAmount {
  readonly kind: 'failed' | 'replaced' | 'corrupt' | 'partial';
  readonly count: number;
  readonly bytes: number;
}

/** `avian gc`. */
export interface GcView {
  readonly dry: boolean;
  /** Each object counted once, for the first reason in this order. */
  readonly kept: readonly (Amount & { readonly by: KeptBy })[];
  /** Most bytes first. */
  readonly unneeded: readonly Unneeded[];
  /** Old enough to go with them. */
  readonly leftovers: readonly LeftoverAmount[];
  /** What went to the trash, or with `dry` would go. */
  readonly moved: Amount & { readonly id?: string };
  /** What did not go, and why. */
  readonly held?: Amount & {
    readonly why: 'no-remote' | 'unreachable' | 'no-copy';
    /** Of `unreachable`. */
    readonly cause?: string;
  };
  /** Objects that are needed again, and came back from the trash (with `dry`: would). */
  readonly broughtBack: number;
  /** Removed for good: the trash of earlier gcs whose time was over, or all of it. */
  readonly emptied: TrashAmount;
  /** What the trash holds now. */
  readonly trash: TrashAmount;
  /** Days until an entry of the trash is removed for good. */
  readonly trashDays: number;
}

export interface TrashAmount {
  readonly ids: readonly string[];
  readonly bytes: number;
}

/** `avian gc --undo`. */
export interface GcUndoView extends Amount {
  readonly id: string;
  readonly leftovers: number;
}

/** `avian du`. */
export interface DuView {
  /** All objects. */
  readonly objects: Amount;
  /** Objects that only this stage's runs or this source name; most bytes first. */
  readonly stages: readonly (Amount & { readonly stage: StageName })[];
  readonly sources: readonly (Amount & { readonly path: RepoPath })[];
  /** Named by more than one of them. */
  readonly shared: Amount;
  /** Named by none. */
  readonly unreferenced: Amount;
  readonly trash: TrashAmount;
  readonly parts: readonly {
    readonly part: string;
    readonly files: number;
    readonly bytes: number;
  }[];
  /** What lies in the workspace at the outs of stages and at sources. */
  readonly workspace: readonly {
    readonly path: RepoPath;
    readonly stage?: StageName;
    readonly files: number;
    readonly bytes: number;
  }[];
}
