import { parentPort } from 'node:worker_threads';
import { openDisk } from './disk.ts';
import { runBatch, type FileBatch, type StoreBatch } from './file-batch.ts';
import type { WorkerMessage } from './worker-pool.ts';

/** The program of a worker thread: one batch in, one reply out; see worker-pool.ts. */

const TELL_EVERY_MS = 250;
const disk = openDisk();
const tell = (message: WorkerMessage): void => {
  const bytes = message.kind === 'reply' ? message.reply.bytes : undefined;
  parentPort?.postMessage(message, bytes === undefined ? [] : [bytes.buffer]);
};

let untold = 0;
let toldAt = performance.now();
const onBytes = (bytes: number): void => {
  untold += bytes;
  const now = performance.now();
  if (now - toldAt < TELL_EVERY_MS) return;
  tell({ kind: 'bytes', bytes: untold });
  untold = 0;
  toldAt = now;
};

parentPort?.on('message', (batch: FileBatch | StoreBatch) => {
  tell({ kind: 'reply', reply: runBatch(batch, disk, onBytes) });
  if (untold > 0) tell({ kind: 'bytes', bytes: untold });
  untold = 0;
});
