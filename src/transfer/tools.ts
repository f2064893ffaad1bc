import type { Diagnostic, Problem } from '../model/diagnostic.ts';
import type { Digest } from '../model/names.ts';
import type { Result } from '../model/result.ts';
import type { Bucket, Call } from '../ports/bucket.ts';
import type { TransferObjects } from '../ports/transfer-objects.ts';
import type { RemoteIndex } from '../ports/remote-index.ts';
import type { Ports } from '../ports/ports.ts';
import { asResult, describeBucketProblem } from './problems.ts';
import { patientBucket, type Limits } from './patience.ts';
import { startProgress, type Progress } from './progress.ts';

/** A remote that was opened, with what this machine remembers of it. */
export interface OpenRemote {
  readonly bucket: Bucket;
  readonly index: RemoteIndex;
  readonly limits: Limits;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** At least 128 random bits as hex digits. */
  readonly nonce: () => string;
}

export type TransferPorts = Pick<Ports, 'runs' | 'clock' | 'hash' | 'emit'> & {
  readonly objects: TransferObjects;
};

/** What the steps of a transfer work with. Each takes a `Pick`. */
export interface Tools {
  readonly bucket: Bucket;
  readonly index: RemoteIndex;
  readonly objects: TransferObjects;
  readonly ports: TransferPorts;
  readonly progress: Progress;
  readonly nonce: () => string;
  readonly jobs: number;
  readonly signal: AbortSignal;
  readonly warn: (diagnostic: Diagnostic) => void;
  /** Packs and large blobs that the remote has; absent while the index is believed. */
  readonly there?: ReadonlySet<string>;
  /** By pack or blob, the objects that are known to have wrong bytes there. */
  readonly wrong?: ReadonlyMap<string, ReadonlySet<Digest>>;
  /** Told of segments, roots and lists that cannot be trusted; without it they end the work. */
  readonly onBad?: (name: string, cause: string) => void;
}

export interface TransferOptions {
  readonly jobs: number;
  readonly signal: AbortSignal;
}

/** Begins a transfer, works with it and ends it; a problem thrown inside comes out as a value. */
export async function withTools<T>(
  direction: 'push' | 'pull',
  remote: OpenRemote,
  ports: TransferPorts,
  options: TransferOptions,
  work: (tools: Tools) => Promise<T>,
): Promise<Result<T, Problem>> {
  const tools = openTools(direction, remote, ports, options);
  const result = await asResult(() => work(tools));
  tools.progress.stop();
  return result;
}

/** Begins a transfer; to be ended by `progress.stop`. */
export function openTools(
  direction: 'push' | 'pull',
  remote: OpenRemote,
  ports: TransferPorts,
  { jobs, signal }: TransferOptions,
): Tools {
  const { clock, emit } = ports;
  const progress = startProgress(direction, { clock, emit });
  const warn = (diagnostic: Diagnostic): void => emit({ type: 'diagnostic', diagnostic });
  const bucket = patientBucket(remote.bucket, {
    clock,
    random: remote.random,
    limits: remote.limits,
    onRetry({ problem, attempt, delayMs }) {
      progress.retried(problem.name);
      const [first] = describeBucketProblem(problem, remote.bucket.url).diagnostics;
      const seconds = (delayMs / 1000).toFixed(1);
      warn({
        severity: 'warning',
        code: first?.code ?? 'remote/unavailable',
        message: `${first?.message ?? problem.kind}; try ${attempt} in ${seconds} s`,
      });
    },
  });
  const { index, nonce } = remote;
  return { bucket, index, objects: ports.objects, ports, progress, nonce, jobs, signal, warn };
}

/** For small questions, whose bytes nobody counts. */
export const quietCall = ({ signal }: Pick<Tools, 'signal'>): Call => ({
  signal,
  onAlive: () => undefined,
  onSafe: () => undefined,
});

/** Works on items, at most `jobs` at a time; the first failure ends the others and comes out. */
export async function inParallel<T>(
  items: readonly T[],
  { jobs, signal }: Pick<Tools, 'jobs' | 'signal'>,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  let failure: { readonly error: unknown } | undefined;
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length && failure === undefined) {
      const item = items[next++] as T;
      try {
        await work(item, either);
      } catch (error) {
        failure ??= { error };
        failed.abort(new Error('another transfer failed'));
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, items.length) }, worker));
  if (failure !== undefined) throw failure.error;
}
