import type { NonEmptyArray } from './result.ts';
import type { RepoPath, StageName } from './names.ts';
import type { Gate } from './pipeline.ts';

/** Why a stage failed: a value for the record, the report and the exit code. */
export type StageFailure =
  | { readonly kind: 'exited'; readonly code: number; readonly tail: string }
  | { readonly kind: 'signalled'; readonly signal: string; readonly tail: string }
  | { readonly kind: 'timed-out'; readonly afterMs: number }
  | { readonly kind: 'not-started'; readonly cause: string }
  | { readonly kind: 'dep-missing'; readonly path: RepoPath; readonly producer?: StageName }
  | { readonly kind: 'dep-unreadable'; readonly path: RepoPath; readonly cause: string }
  | { readonly kind: 'dep-changed-during-run'; readonly path: RepoPath }
  | { readonly kind: 'wrote-others-out'; readonly path: RepoPath; readonly owner: StageName }
  | { readonly kind: 'out-missing'; readonly path: RepoPath }
  | { readonly kind: 'out-refused'; readonly path: RepoPath; readonly cause: string }
  | { readonly kind: 'restore-failed'; readonly path: RepoPath; readonly cause: string }
  /** A remote has it, and it could not be brought from there. */
  | {
      readonly kind: 'not-fetched';
      readonly path: RepoPath;
      readonly remote: string;
      readonly cause: string;
    }
  | { readonly kind: 'metrics-unreadable'; readonly path: RepoPath; readonly cause: string }
  /** An effect ran but its probe does not confirm it. */
  | { readonly kind: 'probe-failed'; readonly message: string }
  | {
      readonly kind: 'gate-failed';
      readonly failed: NonEmptyArray<{
        readonly path: RepoPath;
        readonly gate: Gate;
        readonly actual: number | undefined;
      }>;
    };
