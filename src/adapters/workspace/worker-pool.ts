import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { BatchReply, FileBatch, StoreBatch } from './file-batch.ts';

/** What a worker tells: how far a large file has come, or a batch's reply. */
export type WorkerMessage =
  | { readonly kind: 'bytes'; readonly bytes: number }
  | { readonly kind: 'reply'; readonly reply: BatchReply };

/** Batches by index, each made when its turn comes: all at once, their paths would take half the memory of a restore. */
export interface Batches {
  readonly count: number;
  make(index: number): FileBatch;
}

/** Threads that work on file batches: started at the first need, gone when idle. */
export interface WorkerPool {
  /** True while threads are up, so that giving them more costs nothing to start. */
  isRunning(): boolean;
  /** Starts the threads ahead of their work, which they are sure to get. */
  warm(): void;
  run(
    batches: Batches,
    io: {
      readonly onBytes: (bytes: number) => void;
      readonly settle: (batch: FileBatch, reply: BatchReply, index: number) => void;
      /** Asked before each batch; what is under way is still waited for. */
      readonly isStopped: () => boolean;
    },
  ): Promise<void>;
  /** One batch for itself; its bytes, if it has any, are gone from here until the reply brings them. */
  submit(batch: StoreBatch): Promise<BatchReply>;
  close(): Promise<void>;
}

/** Every thread holds two open files, so that a limit of 256 is never near. */
const MOST_THREADS = 32;
const IDLE_MS = 1000;

/** The worker's program; the build writes `./file-worker.js` here, which lies beside the bundle. */
const FILE_WORKER = new URL('./file-worker.ts', import.meta.url);

interface Task {
  readonly batch: FileBatch | StoreBatch;
  readonly onBytes: (bytes: number) => void;
  readonly resolve: (reply: BatchReply) => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  task: Task | undefined;
}

export function openWorkerPool(program: URL = FILE_WORKER, size?: number): WorkerPool {
  // Asked at the first need: counting cores reads files, which a no-op should not pay for.
  let counted = size;
  const most = (): number =>
    (counted ??= Math.max(1, Math.min(availableParallelism(), MOST_THREADS)));
  const threads = new Set<Thread>();
  const queue: Task[] = [];
  let idleTimer: NodeJS.Timeout | undefined;

  const dispatch = (): void => {
    for (const thread of threads) if (thread.task === undefined) give(thread);
    while (queue.length > 0 && threads.size < most()) give(start());
    const isIdle = [...threads].every(({ task }) => task === undefined);
    clearTimeout(idleTimer);
    if (isIdle && threads.size > 0) idleTimer = setTimeout(() => void stop(), IDLE_MS).unref();
  };

  const give = (thread: Thread): void => {
    thread.task = queue.shift();
    // An idle thread does not keep the process alive.
    if (thread.task === undefined) thread.worker.unref();
    else {
      thread.worker.ref();
      const { batch } = thread.task;
      thread.worker.postMessage(batch, batch.kind === 'store' ? [batch.bytes.buffer] : []);
    }
  };

  const start = (): Thread => {
    // No flags of ours: a test runner's loaders would cost every thread their start-up time.
    const thread: Thread = { worker: new Worker(program, { execArgv: [] }), task: undefined };
    thread.worker.on('message', (message: WorkerMessage) => {
      const { task } = thread;
      if (task === undefined) return;
      if (message.kind === 'bytes') {
        task.onBytes(message.bytes);
        return;
      }
      thread.task = undefined;
      task.resolve(message.reply);
      dispatch();
    });
    const onEnd = (error: unknown): void => {
      threads.delete(thread);
      thread.task?.reject(error);
      thread.task = undefined;
      if (threads.size > 0) dispatch();
      else for (const task of queue.splice(0)) task.reject(error);
    };
    thread.worker.on('error', onEnd);
    thread.worker.on('exit', (code) => {
      onEnd(new Error(`a file worker ended with code ${code}`));
    });
    threads.add(thread);
    return thread;
  };

  const stop = async (): Promise<void> => {
    clearTimeout(idleTimer);
    const ending = [...threads];
    threads.clear();
    await Promise.all(ending.map(({ worker }) => worker.terminate()));
  };

  return {
    isRunning: () => threads.size > 0,

    warm() {
      while (threads.size < most()) start();
    },

    async run(batches, { onBytes, settle, isStopped }) {
      let next = 0;
      let settled = 0;
      // A few more in hand than there are threads, so that none waits for this thread's turn.
      const lane = async (): Promise<void> => {
        for (let index = next++; index < batches.count && !isStopped(); index = next++) {
          const batch = batches.make(index);
          const reply = await new Promise<BatchReply>((resolve, reject) => {
            queue.push({ batch, onBytes, resolve, reject });
            dispatch();
          });
          settled += 1;
          settle(batch, reply, index);
        }
      };
      const lanes = await Promise.allSettled(Array.from({ length: most() * 2 }, lane));
      for (const ended of lanes) if (ended.status === 'rejected') throw ended.reason;
      // A file that nobody worked on would be committed as zeros or restored as nothing.
      if (settled < batches.count && !isStopped()) {
        throw new Error(`bug: ${settled} of ${batches.count} file batches were worked on`);
      }
    },

    submit: (batch) =>
      new Promise<BatchReply>((resolve, reject) => {
        queue.push({ batch, onBytes: () => undefined, resolve, reject });
        dispatch();
      }),

    close: stop,
  };
}
