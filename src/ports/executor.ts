import type { Result } from '../model/result.ts';
import type { StageFailure } from '../model/failure.ts';
import type { Trace } from '../model/trace.ts';

export interface Command {
  /** Run in order by `sh -c`; the first failure ends it. */
  readonly cmd: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  /** Added to avian's own environment; undefined removes a variable. */
  readonly env: { readonly [name: string]: string | undefined };
  readonly timeoutMs?: number;
  /** Cancels: SIGTERM to the process group, SIGKILL after 5 s. */
  readonly signal: AbortSignal;
  readonly onOutput: (stream: 'stdout' | 'stderr', chunk: string) => void;
  /** Something worth telling that is no failure, such as surviving grandchildren. */
  readonly onWarning: (message: string) => void;
  /** Asks to be told which files the command's processes read and write; all else is as without. */
  readonly trace?: {
    /** Only what lies below; absolute. */
    readonly root: string;
    /** Called once before the command's answer, however it ends, unless it was cancelled. */
    readonly onTraced: (trace: Trace) => void;
  };
}

export interface Executed {
  readonly durationMs: number;
  readonly peakMemoryBytes?: number;
}

/** Runs a stage's commands in a process group of their own. `cancelled` is an ending, not a failure. */
export interface Executor {
  execute(
    command: Command,
  ): Promise<Result<Executed, StageFailure | { readonly kind: 'cancelled' }>>;
  /** Runs a probe or a version query: output is collected (64 KiB), nothing is streamed. */
  query(command: {
    readonly cmd: string;
    readonly cwd: string;
    readonly env: { readonly [name: string]: string | undefined };
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
  }): Promise<
    | { readonly kind: 'ok'; readonly stdout: string }
    | { readonly kind: 'failed'; readonly message: string }
  >;
}
