import type { StageFailure } from './failure.ts';
import type { RunId, StageName } from './names.ts';
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
