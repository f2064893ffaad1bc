import type { AttemptId, Digest } from '../model/names.ts';
import type { Traced } from '../model/trace.ts';

/** One attempt's output on disk: both streams as they came, every byte. */
export interface AttemptLog {
  append(stream: 'stdout' | 'stderr', chunk: string): void;
  /** Ends the log and gives its address; the file stays readable under `cache/v1/logs`. */
  close(): Promise<{ readonly digest: Digest; readonly size: number; readonly path: string }>;
}

export interface LogStore {
  open(attempt: AttemptId, stage: string): AttemptLog;
  /**
   * The log of an attempt as it was written; undefined when it is not on this machine. Of a log that
   * is longer than `lastBytes` the whole lines at its end.
   */
  read(attempt: AttemptId, lastBytes?: number): Promise<readonly LogChunk[] | undefined>;
  /** Keeps which files an attempt read and wrote, beside its log. */
  keepTrace(attempt: AttemptId, trace: Traced): Promise<void>;
  /** Undefined when the attempt was not watched, or not on this machine. */
  readTrace(attempt: AttemptId): Promise<Traced | undefined>;
}

export interface LogChunk {
  readonly stream: 'stdout' | 'stderr';
  readonly chunk: string;
}
