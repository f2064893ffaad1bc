import type { ContentChange } from './artifact.ts';
import type { JsonValue } from './json.ts';
import type { Digest, Fingerprint, RepoPath, StageName } from './names.ts';
import type { FingerprintInput, Run } from './run.ts';
import type { NonEmptyArray } from './result.ts';

/** The rebuilder's decision about one stage. */
export type Verdict =
  | { readonly kind: 'up-to-date'; readonly run?: Run }
  | { readonly kind: 'frozen' }
  | {
      readonly kind: 'restorable';
      /** Absent when only the lock knows these outs (a clone whose lineage was lost). */
      readonly run?: Run;
      readonly outs: Run['outs'];
      readonly reasons: NonEmptyArray<StaleReason>;
      /** The remote that has what the cache lacks of them. */
      readonly remote?: string;
    }
  | { readonly kind: 'stale'; readonly reasons: NonEmptyArray<StaleReason> }
  | {
      /** A dep's producer has not settled, so this stage's inputs are not known yet. */
      readonly kind: 'undetermined';
      readonly waitingOn: NonEmptyArray<StageName>;
    };

/** A verdict together with what it was judged on; absent for a stage that could not be judged. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly input?: FingerprintInput;
  readonly fingerprint?: Fingerprint;
}

/** Every reason is kept, not the last one; `before`/`after` say what changed. */
export type StaleReason =
  | { readonly kind: 'never-ran' }
  | { readonly kind: 'forced' }
  | { readonly kind: 'always-changed' }
  | { readonly kind: 'interrupted'; readonly at: string }
  | { readonly kind: 'last-run-failed' }
  | { readonly kind: 'cmd-changed'; readonly before: string; readonly after: string }
  | { readonly kind: 'wdir-changed'; readonly before: RepoPath; readonly after: RepoPath }
  | {
      readonly kind: 'dep-changed';
      readonly path: RepoPath;
      readonly before: Digest | undefined;
      readonly after: Digest | undefined;
      /** The files inside a directory that differ, when both trees are at hand; a few are enough. */
      readonly files?: readonly ContentChange[];
      readonly producer?: StageName;
    }
  | {
      readonly kind: 'param-changed';
      readonly key: string;
      readonly before: JsonValue | undefined;
      readonly after: JsonValue | undefined;
    }
  | {
      readonly kind: 'env-changed';
      readonly key: string;
      readonly before: string | null | undefined;
      readonly after: string | null | undefined;
    }
  | {
      readonly kind: 'tool-changed';
      readonly key: string;
      readonly before: string | null | undefined;
      readonly after: string | null | undefined;
    }
  | {
      readonly kind: 'outs-declared';
      readonly before: readonly RepoPath[];
      readonly after: readonly RepoPath[];
    }
  | { readonly kind: 'out-missing'; readonly path: RepoPath }
  | {
      readonly kind: 'out-modified';
      readonly path: RepoPath;
      readonly before: Digest;
      readonly after: Digest;
      readonly files?: readonly ContentChange[];
    }
  | { readonly kind: 'outs-unavailable'; readonly path: RepoPath }
  | { readonly kind: 'dep-missing'; readonly path: RepoPath; readonly producer?: StageName }
  | { readonly kind: 'dep-unreadable'; readonly path: RepoPath; readonly cause: string }
  | { readonly kind: 'expired'; readonly ageMs: number; readonly ttlMs: number }
  | { readonly kind: 'probe-failed'; readonly message: string }
  | { readonly kind: 'probe-changed' }
  | { readonly kind: 'other-target'; readonly before: string; readonly after: string }
  /** The lock holds another fingerprint whose run record is not at hand, so nothing can be compared. */
  | { readonly kind: 'locked-run-unknown' }
  /** `branches` changed the stage apart and were merged; none of their runs is taken silently. */
  | { readonly kind: 'merge-conflict'; readonly branches: number };
