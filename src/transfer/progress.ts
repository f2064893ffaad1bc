import type { Emit, TransferPhase } from '../model/event.ts';
import type { Call } from '../ports/bucket.ts';
import type { Clock } from '../ports/clock.ts';

const TICK_MS = 500;
/** The rate is that of the last ticks. */
const SAMPLES = 10;

interface Item {
  readonly name: string;
  readonly total: number;
  safe: number;
  /** Moved since what is safe; a try that fails loses it. */
  moved: number;
  aliveAt: number;
}

/** Keeps count of a transfer and tells it twice a second, also while nothing moves. */
export interface Progress {
  phase(phase: TransferPhase): void;
  /** What there is to move, as far as is known. */
  expect(files: number, bytes: number): void;
  /** A call for something of `total` bytes that begins at `base`; its bytes count once it has ended well. */
  call(name: string, signal: AbortSignal, total: number, base?: number): Call;
  /** That call is over: `files` objects and all its bytes are there. */
  done(name: string, files: number): void;
  /** That call failed, or its object was there already: none of its bytes count. */
  drop(name: string): void;
  /** A try failed: what was not safe is to be moved again. */
  retried(name: string): void;
  /** Ends the ticking; what was counted. */
  stop(): { readonly files: number; readonly bytes: number };
}

export function startProgress(
  direction: 'push' | 'pull',
  { clock, emit }: { readonly clock: Clock; readonly emit: Emit },
): Progress {
  const stopped = new AbortController();
  const items = new Map<string, Item>();
  const samples: { readonly at: number; readonly bytes: number }[] = [];
  let phase: TransferPhase = 'asking';
  let [files, totalFiles, bytes, totalBytes] = [0, 0, 0, 0];

  const movedSoFar = (): number => {
    let sum = bytes;
    for (const { safe, moved, total } of items.values()) sum += Math.min(total, safe + moved);
    return sum;
  };

  const tell = (): void => {
    const now = clock.monotonic();
    const moved = movedSoFar();
    samples.push({ at: now, bytes: moved });
    if (samples.length > SAMPLES) samples.shift();
    const [first = { at: now, bytes: moved }] = samples;
    const seconds = (now - first.at) / 1000;
    const bytesPerSecond = seconds > 0 ? Math.max(0, moved - first.bytes) / seconds : 0;
    const left = Math.max(0, totalBytes - moved);
    const [slowest] = [...items.values()].sort((a, b) => a.aliveAt - b.aliveAt);
    emit({
      type: 'transfer-progress',
      ...{ direction, phase, files, totalFiles, bytes: moved, totalBytes, bytesPerSecond },
      ...(bytesPerSecond > 0 && left > 0 && { etaMs: (left / bytesPerSecond) * 1000 }),
      ...(slowest !== undefined && {
        slowest: { name: slowest.name, silentMs: now - slowest.aliveAt },
      }),
    });
  };

  const tick = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(TICK_MS, stopped.signal);
      if (stopped.signal.aborted) return;
      tell();
    }
  };
  void tick();

  return {
    phase(next) {
      if (next === phase) return;
      phase = next;
      tell();
    },
    expect(moreFiles, moreBytes) {
      totalFiles += moreFiles;
      totalBytes += moreBytes;
    },
    call(name, signal, total, base = 0) {
      const item: Item = { name, total, safe: 0, moved: 0, aliveAt: clock.monotonic() };
      items.set(name, item);
      return {
        signal,
        onAlive(count) {
          item.aliveAt = clock.monotonic();
          item.moved += count;
        },
        onSafe(position) {
          item.aliveAt = clock.monotonic();
          item.safe = Math.max(item.safe, position - base);
          item.moved = 0;
        },
      };
    },
    done(name, count) {
      bytes += items.get(name)?.total ?? 0;
      files += count;
      items.delete(name);
    },
    drop(name) {
      items.delete(name);
    },
    retried(name) {
      const item = items.get(name);
      if (item !== undefined) item.moved = 0;
    },
    stop() {
      stopped.abort();
      return { files, bytes };
    },
  };
}
