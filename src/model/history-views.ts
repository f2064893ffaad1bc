import type { StageFailure } from './failure.ts';
import type { ContentChange } from './artifact.ts';
import type { Digest, RepoPath, RunId, StageName } from './names.ts';
import type { NonEmptyArray } from './result.ts';
import type { StaleReason } from './verdict.ts';
import type { PathsView } from './views.ts';

/*
 * What the commands answer that adopt, edit and compare. As in views.ts: facts without words.
 */

/** `avian commit`. With a stage that is `incomplete` or `changed`, nothing at all was stored. */
export interface CommitView {
  readonly stages: readonly CommittedStage[];
  readonly sources: PathsView['paths'];
}

export type CommittedStage = { readonly name: StageName } & (
  | { readonly kind: 'adopted'; readonly run: RunId }
  /** The lock says so already. */
  | { readonly kind: 'unchanged' }
  /** Nobody named it, and something that a run reads or writes is not there. */
  | { readonly kind: 'left'; readonly missing: NonEmptyArray<string> }
  | { readonly kind: 'incomplete'; readonly missing: NonEmptyArray<string> }
  /** Its inputs changed since its last run, and nobody has said that these outs belong to them. */
  | { readonly kind: 'changed'; readonly reasons: NonEmptyArray<StaleReason> }
  /** It would have failed after a run as well. */
  | { readonly kind: 'failed'; readonly failure: StageFailure }
);

/** `avian freeze` and `unfreeze`. */
export interface FreezeView {
  readonly stages: readonly {
    readonly name: StageName;
    readonly done: 'frozen' | 'unfrozen' | 'unchanged';
  }[];
}

/** `avian remove`. */
export interface RemoveView {
  readonly kind: 'stage' | 'source';
  readonly name: string;
  /** What became of the files: `kept` where nobody asked, `not-in-cache` where deleting would lose them. */
  readonly files: readonly {
    readonly path: RepoPath;
    readonly done: 'deleted' | 'kept' | 'not-in-cache';
  }[];
  /** Stages that read what nobody writes or pins any more. */
  readonly readers: readonly StageName[];
}

/** `avian move`. */
export interface MoveView {
  readonly kind: 'stage' | 'source' | 'out';
  readonly from: string;
  readonly to: string;
  /** Stages that run again, content the same or not: the paths they read or write are part of what they are. */
  readonly runs: readonly StageName[];
  /** Stages whose command still says the old path. */
  readonly mentions: readonly StageName[];
}

/** `avian diff`: what data, outs and deps are in one state of the project and not in another. */
export interface DiffView {
  readonly before: string;
  readonly after: string;
  /** Sorted by path. */
  readonly changes: readonly DataChange[];
  /** Stages whose run is not at hand on one side: what they read there is not known, and not compared. */
  readonly unknown: readonly StageName[];
}

export type DataChange = { readonly role: 'source' | 'out' | 'dep'; readonly path: RepoPath } & (
  | { readonly kind: 'added'; readonly after: Content }
  | { readonly kind: 'deleted'; readonly before: Content }
  | { readonly kind: 'renamed'; readonly from: RepoPath; readonly after: Content }
  | {
      readonly kind: 'modified';
      readonly before: Content;
      readonly after: Content;
      /** Of a directory; absent where a tree is neither in the cache nor in the workspace. */
      readonly files?: readonly ContentChange[];
    }
);

/** `files` only of a directory; of a dep no more than the digest may be known. */
export interface Content {
  readonly digest: Digest;
  readonly executable?: true;
  readonly size?: number;
  readonly files?: number;
}
