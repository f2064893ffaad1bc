import { err, ok, type Result } from '../model/result.ts';
import type { Bucket, BucketProblem, Call } from '../ports/bucket.ts';
import type { Clock } from '../ports/clock.ts';

/** How long a transfer waits, and how often it tries. Milliseconds. */
export interface Limits {
  /** Without a byte for so long, a request is given up and tried again. */
  readonly idle: number;
  /** Tries in a row that bring nothing safe. */
  readonly attempts: number;
  /** So long without a byte, over all tries since something was safe, and the call ends. */
  readonly withoutProgress: number;
  /** Before the second try; doubled for each further one, with jitter. */
  readonly firstDelay: number;
}

export const LIMITS: Limits = {
  idle: 30_000,
  attempts: 5,
  withoutProgress: 120_000,
  firstDelay: 1000,
};

/** A try that failed and is followed by another. */
export interface Retry {
  readonly problem: BucketProblem;
  /** Of the try that comes, from 2. */
  readonly attempt: number;
  readonly delayMs: number;
}

export interface PatienceOptions {
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly limits: Limits;
  readonly onRetry: (retry: Retry) => void;
}

/**
 * The same bucket with deadlines and repetition: a request without a byte for `idle` is given up,
 * what may pass is tried again from where it stopped, and after `attempts` tries in a row that
 * brought nothing, or `withoutProgress` of silence, the call ends. Nothing waits for ever.
 */
export function patientBucket(bucket: Bucket, options: PatienceOptions): Bucket {
  return {
    url: bucket.url,
    create: (name, content, call) =>
      persist(name, call, options, (one) => bucket.create(name, content, one)),
    list: (prefix, call) => persist(prefix, call, options, (one) => bucket.list(prefix, one)),
    remove: (name, call) => persist(name, call, options, (one) => bucket.remove(name, one)),
    async read(name, range, take, call) {
      let position = range.from;
      let thrown: { readonly error: unknown } | undefined;
      // Bytes that are wrong as a whole were handed out already: only the reader can begin anew.
      const mends = (fault: BucketProblem): boolean => mayPass(fault) && fault.kind !== 'corrupt';
      const result = await persist(name, call, { ...options, mends }, async (one, isCurrent) => {
        if (range.to !== undefined && position >= range.to) return ok(undefined);
        const rest = { from: position, ...(range.to !== undefined && { to: range.to }) };
        const takeCurrent = async (bytes: Uint8Array): Promise<void> => {
          // A try that was given up may still have bytes under way.
          if (!isCurrent()) return;
          try {
            const taken = take(bytes);
            // Also while they are waited for: they must not be read again by a try that comes meanwhile.
            position += bytes.length;
            await taken;
          } catch (error) {
            thrown = { error };
            throw error;
          }
          one.onSafe(position);
        };
        try {
          return await bucket.read(name, rest, takeCurrent, one);
        } catch (error) {
          if (thrown === undefined) throw error;
          return err<BucketProblem>({ kind: 'cancelled', name });
        }
      });
      if (thrown !== undefined) throw thrown.error;
      return result;
    },
  };
}

interface PersistOptions extends PatienceOptions {
  /** What a later try may mend. */
  readonly mends?: (fault: BucketProblem) => boolean;
}

const mayPass = ({ kind }: BucketProblem): boolean =>
  kind === 'unavailable' || kind === 'stalled' || kind === 'corrupt';

async function persist<T>(
  name: string,
  call: Call,
  { clock, random, limits, onRetry, mends = mayPass }: PersistOptions,
  attempt: (one: Call, isCurrent: () => boolean) => Promise<Result<T, BucketProblem>>,
): Promise<Result<T, BucketProblem>> {
  let failures = 0;
  let safe = 0;
  // Without a byte, over all tries since something was safe. What the connection's buffers take of each
  // try, and answers that bring nothing, are signs of life and no progress.
  let silentMs = 0;
  let aliveAt = clock.monotonic();
  for (;;) {
    if (call.signal.aborted) return err({ kind: 'cancelled', name });
    const before = safe;
    const startedAt = clock.monotonic();
    let movedAt = startedAt;
    const watched: Call = {
      signal: call.signal,
      onAlive(bytes) {
        aliveAt = clock.monotonic();
        if (bytes > 0) movedAt = aliveAt;
        call.onAlive(bytes);
      },
      onSafe(position) {
        aliveAt = clock.monotonic();
        if (position > safe) {
          safe = position;
          silentMs = 0;
          movedAt = aliveAt;
        }
        call.onSafe(position);
      },
    };
    const idle = Math.min(limits.idle, limits.withoutProgress - silentMs);
    const silentSince = (): number => Math.max(startedAt, aliveAt);
    const result = await once(name, watched, { clock, idle, silentSince }, attempt);
    if (result.ok || !mends(result.error)) return result;
    // A try that brought something begins the count anew.
    failures = safe > before ? 1 : failures + 1;
    if (failures >= limits.attempts) return result;
    silentMs += clock.monotonic() - movedAt;
    if (silentMs >= limits.withoutProgress) return err({ kind: 'stalled', name, silentMs });
    const backoff = limits.firstDelay * 2 ** (failures - 1) * (0.5 + random() / 2);
    const delayMs = Math.min(backoff, limits.withoutProgress - silentMs);
    onRetry({ problem: result.error, attempt: failures + 1, delayMs });
    await clock.sleep(delayMs, call.signal);
    silentMs += delayMs;
  }
}

/** One try, given up when it is silent for too long, even if it does not listen to its signal. */
async function once<T>(
  name: string,
  call: Call,
  watch: { readonly clock: Clock; readonly idle: number; readonly silentSince: () => number },
  attempt: (one: Call, isCurrent: () => boolean) => Promise<Result<T, BucketProblem>>,
): Promise<Result<T, BucketProblem>> {
  const { clock, idle, silentSince } = watch;
  const over = new AbortController();
  const ended = new AbortController();
  let isCurrent = true;
  const stop = (): void => over.abort(call.signal.reason);
  call.signal.addEventListener('abort', stop, { once: true });
  const guarded: Call = {
    signal: over.signal,
    onAlive: (bytes) => {
      if (isCurrent) call.onAlive(bytes);
    },
    onSafe: (position) => {
      if (isCurrent) call.onSafe(position);
    },
  };
  const watchdog = async (): Promise<Result<T, BucketProblem>> => {
    for (;;) {
      const silentMs = clock.monotonic() - silentSince();
      if (call.signal.aborted) return err({ kind: 'cancelled', name });
      if (silentMs >= idle) return err({ kind: 'stalled', name, silentMs });
      const either = AbortSignal.any([ended.signal, call.signal]);
      await clock.sleep(idle - silentMs, either);
      if (ended.signal.aborted) return err({ kind: 'cancelled', name });
    }
  };
  try {
    return await Promise.race([attempt(guarded, () => isCurrent), watchdog()]);
  } finally {
    isCurrent = false;
    ended.abort();
    over.abort(new Error('given up'));
    call.signal.removeEventListener('abort', stop);
  }
}
