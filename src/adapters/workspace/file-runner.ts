import { setImmediate } from 'node:timers/promises';
import type { Disk } from './disk.ts';
import { WorkspaceFailure } from './failure.ts';
import { runBatch, sizesOf, smallBytes, type BatchReply, type FileBatch } from './file-batch.ts';
import type { Progress } from './progress.ts';
import type { WorkerPool } from './worker-pool.ts';

/** Runs batches of file work, here or on all cores, whichever is sooner. */
export interface FileRunner {
  /**
   * `onReply` gets each reply with its batch's index, in any order. Throws WorkspaceFailure for
   * the first problem, once no batch is under way any more.
   */
  run(
    batches: readonly FileBatch[],
    progress: Progress,
    onReply: (reply: BatchReply, index: number) => void,
  ): Promise<void>;
  /** Told how many files there are going to be, as a walk finds them. */
  expect(files: number): void;
  close(): Promise<void>;
}

/** Files in a batch: enough to make a message's 50 us vanish, few enough to share out evenly. */
const BATCH_FILES = 128;
/** Bytes in a batch, but for a file that is larger by itself. */
const BATCH_BYTES = 8 * 1024 * 1024;

// Two threads and their start broke even with this one at 2,000 files of 20 KB (250 ms each way on
// two busy cores). Bytes count from less: one large file would keep this thread from telling.
const WORTH_FILES = 2000;
const WORTH_BYTES = 128 * 1024 * 1024;

export function openFileRunner(disk: Disk, pool: WorkerPool): FileRunner {
  return {
    async run(batches, progress, onReply) {
      const isWorth = pool.isRunning() || isWorthWorkers(batches);
      const failures: WorkspaceFailure[] = [];
      const settle = (batch: FileBatch, reply: BatchReply, index: number): void => {
        onReply(reply, index);
        if (reply.problem !== undefined) failures.push(new WorkspaceFailure(reply.problem));
        progress.add(batch.paths.length, smallBytes(batch));
      };
      const isStopped = (): boolean => failures.length > 0;
      const onBytes = (bytes: number): void => {
        progress.add(0, bytes);
      };
      if (isWorth) await pool.run(batches, { onBytes, settle, isStopped });
      else {
        for (const [index, batch] of batches.entries()) {
          settle(batch, runBatch(batch, disk, onBytes), index);
          if (isStopped()) break;
          await setImmediate();
        }
      }
      const [failure] = failures;
      if (failure !== undefined) throw failure;
    },
    expect(files) {
      if (files > WORTH_FILES) pool.warm();
    },
    close: () => pool.close(),
  };
}

/** Splits `count` files into index ranges fit for a batch. */
export function dealIntoBatches(sizes: readonly number[]): { from: number; to: number }[] {
  const ranges: { from: number; to: number }[] = [];
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

function isWorthWorkers(batches: readonly FileBatch[]): boolean {
  let files = 0;
  let bytes = 0;
  for (const batch of batches) {
    files += batch.paths.length;
    for (const size of sizesOf(batch)) bytes += size;
  }
  return files / WORTH_FILES + bytes / WORTH_BYTES > 1;
}
