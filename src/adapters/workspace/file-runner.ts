import { setImmediate } from 'node:timers/promises';
import type { Disk } from './disk.ts';
import { WorkspaceFailure } from './failure.ts';
import {
  runBatch,
  smallBytes,
  type BatchReply,
  type FileBatch,
  type StoreBatch,
} from './file-batch.ts';
import type { Progress } from './progress.ts';
import type { WorkerPool } from './worker-pool.ts';

/** Positions from `from` up to and without `to`. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Runs batches of file work, here or on all cores, whichever is sooner. */
export interface FileRunner {
  /**
   * Deals files into batches, which `make` makes of their positions in `sizes` as their turn comes.
   * `onReply` gets each reply with the range it is about, in any order. Throws WorkspaceFailure for
   * the first problem, once no batch is under way any more.
   */
  run(
    sizes: readonly number[],
    make: (range: Range) => FileBatch,
    progress: Progress,
    onReply: (reply: BatchReply, range: Range) => void,
  ): Promise<void>;
  /** Makes objects of bytes, on another thread where threads are up. */
  store(batch: StoreBatch): Promise<BatchReply>;
  /** Told how many files there are going to be, as a walk finds them. */
  expect(files: number): void;
  close(): Promise<void>;
}

/** Files in a batch: enough to make a message's 50 us vanish, few enough to share out evenly. */
export const BATCH_FILES = 128;
/** Bytes in a batch, but for a file that is larger by itself. */
export const BATCH_BYTES = 8 * 1024 * 1024;

// Two threads and their start broke even with this one at 2,000 files of 20 KB (250 ms each way on
// two busy cores). Bytes count from less: one large file would keep this thread from telling.
const WORTH_FILES = 2000;
const WORTH_BYTES = 128 * 1024 * 1024;

export function openFileRunner(disk: Disk, pool: WorkerPool): FileRunner {
  return {
    async run(sizes, make, progress, onReply) {
      const ranges = dealIntoBatches(sizes);
      const rangeOf = (index: number): Range => {
        const range = ranges[index];
        if (range === undefined) throw new Error(`bug: there is no batch ${index}`);
        return range;
      };
      const failures: WorkspaceFailure[] = [];
      const settle = (batch: FileBatch, reply: BatchReply, index: number): void => {
        onReply(reply, rangeOf(index));
        if (reply.problem !== undefined) failures.push(new WorkspaceFailure(reply.problem));
        progress.add(batch.paths.length, smallBytes(batch));
      };
      const isStopped = (): boolean => failures.length > 0;
      const onBytes = (bytes: number): void => {
        progress.add(0, bytes);
      };
      const batches = { count: ranges.length, make: (index: number) => make(rangeOf(index)) };
      if (pool.isRunning() || isWorthWorkers(sizes)) {
        await pool.run(batches, { onBytes, settle, isStopped });
      } else {
        for (let index = 0; index < batches.count && !isStopped(); index += 1) {
          const batch = batches.make(index);
          settle(batch, runBatch(batch, disk, onBytes), index);
          await setImmediate();
        }
      }
      const [failure] = failures;
      if (failure !== undefined) throw failure;
    },
    store: async (batch) =>
      pool.isRunning() ? pool.submit(batch) : runBatch(batch, disk, () => undefined),
    expect(files) {
      if (files > WORTH_FILES) pool.warm();
    },
    close: () => pool.close(),
  };
}

/** Splits files into ranges fit for a batch. */
function dealIntoBatches(sizes: readonly number[]): Range[] {
  const ranges: Range[] = [];
  let from = 0;
  let bytes = 0;
  for (const [index, size] of sizes.entries()) {
    if (index > from && (index - from >= BATCH_FILES || bytes + size > BATCH_BYTES)) {
      ranges.push({ from, to: index });
      from = index;
      bytes = 0;
    }
    bytes += size;
  }
  if (from < sizes.length) ranges.push({ from, to: sizes.length });
  return ranges;
}

function isWorthWorkers(sizes: readonly number[]): boolean {
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  return sizes.length / WORTH_FILES + bytes / WORTH_BYTES > 1;
}
