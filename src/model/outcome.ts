import type { StageFailure } from './failure.ts';
import type { StageName } from './names.ts';
import type { Run } from './run.ts';

/** How a stage ended. */
export type StageOutcome =
  | { readonly kind: 'skipped'; readonly run?: Run; readonly frozen?: true }
  | {
      readonly kind: 'restored';
      readonly run?: Run;
      readonly bytes: number;
      /** The remote from which some of it came. */
      readonly remote?: string;
    }
  | { readonly kind: 'executed'; readonly run: Run; readonly unchangedOuts: boolean }
  | { readonly kind: 'failed'; readonly failure: StageFailure; readonly run?: Run }
  | { readonly kind: 'blocked'; readonly by: StageName }
  | { readonly kind: 'cancelled' };
