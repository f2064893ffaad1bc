import type { Diagnostic } from './diagnostic.ts';
import type { AttemptId, Fingerprint, RepoPath, StageName } from './names.ts';
import type { StageOutcome } from './outcome.ts';
import type { NonEmptyArray } from './result.ts';
import type { StaleReason } from './verdict.ts';

/**
 * The facts that leave the engine; renderers choose the words. Events are values: readers keep
 * their own memory and never change one.
 */
export type AvianEvent =
  | { readonly type: 'plan-ready'; readonly stages: readonly StageName[] }
  | {
      readonly type: 'waiting-for-lock';
      readonly holder: { readonly pid: number; readonly command: string; readonly since: string };
    }
  | {
      readonly type: 'stage-started';
      readonly stage: StageName;
      readonly attempt: AttemptId;
      readonly fingerprint: Fingerprint;
      readonly reasons: NonEmptyArray<StaleReason>;
      readonly cmd: readonly string[];
    }
  | {
      readonly type: 'stage-output';
      readonly stage: StageName;
      readonly stream: 'stdout' | 'stderr';
      /** Whole lines where possible, control sequences still inside. */
      readonly chunk: string;
      /** True when a kept log is replayed on a cache hit. */
      readonly replayed?: true;
    }
  | {
      readonly type: 'stage-settled';
      readonly stage: StageName;
      readonly outcome: StageOutcome;
      readonly elapsedMs: number;
    }
  /** How far a long piece of file work has come; renderers use it to break a silence. */
  | {
      readonly type: 'progress';
      readonly phase: 'digesting' | 'committing' | 'restoring' | 'downloading';
      readonly path: RepoPath;
      readonly files: number;
      readonly bytes: number;
    }
  | {
      readonly type: 'transfer-progress';
      readonly direction: 'push' | 'pull';
      readonly phase: TransferPhase;
      /** Objects and bytes that are over, and all there are as far as is known. */
      readonly files: number;
      readonly totalFiles: number;
      readonly bytes: number;
      readonly totalBytes: number;
      /** Over the last seconds. */
      readonly bytesPerSecond: number;
      /** Absent while it cannot be said. */
      readonly etaMs?: number;
      /** Of what is under way, that which was silent for longest. */
      readonly slowest?: { readonly name: string; readonly silentMs: number };
    }
  | { readonly type: 'diagnostic'; readonly diagnostic: Diagnostic; readonly stage?: StageName }
  | {
      readonly type: 'repro-done';
      readonly counts: { readonly [kind in StageOutcome['kind']]?: number };
      readonly elapsedMs: number;
      /** URLs of deployments made or kept by the plan's effect stages. */
      readonly urls: readonly string[];
    };

export type TransferPhase = 'asking' | 'planning' | 'sending' | 'receiving' | 'finishing';

export type Emit = (event: AvianEvent) => void;
