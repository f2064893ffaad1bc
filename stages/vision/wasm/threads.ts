/**
 * Threads for the wasm backend under Node. TF.js ships the threaded binary but switches it off there
 * (tensorflow/tfjs#3830): its loader hands the workers a Blob URL, which Node's workers do not take.
 * Loaded by hand with a worker file of our own it runs: a convolution on two cores takes half the time.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import os from 'node:os';
import { fileURLToPath } from 'node:url';

/** The binary's own limit. */
const MOST_THREADS = 4;
const LOAD_LIMIT_MS = 20_000;

/** The emscripten module, as `new BackendWasm(module)` takes it. */
export interface ThreadedModule {
  tfjs: Record<string, unknown>;
  cwrap(name: string, returns: 'number' | null, takes: readonly string[]): unknown;
  PThread: { runningWorkers: { unref(): void }[] };
}

/** Threads worth starting on this machine: its cores, at most four. */
export function usefulThreads(): number {
  return Math.min(MOST_THREADS, os.availableParallelism());
}

/**
 * Loads the threaded binary with `threads` threads, 2 to 4.
 * Undefined where that does not work (no shared memory to be had, workers do not answer): use the plain binary then.
 */
export async function loadThreadedModule(threads: number): Promise<ThreadedModule | undefined> {
  const require = createRequire(import.meta.url);
  const loader =
    require.resolve('@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js');
  const create = require(loader) as (options: object) => Promise<ThreadedModule>;
  const worker = fileURLToPath(import.meta.resolve('./thread-worker.ts'));

  try {
    const module = await withCpuCount(threads * 2, () =>
      within(
        LOAD_LIMIT_MS,
        create({
          mainScriptUrlOrBlob: loader,
          locateFile: (name: string) =>
            name.endsWith('.worker.js') ? worker : join(dirname(loader), name),
        }),
      ),
    );
    if (module === undefined) return undefined;
    module.tfjs = bindings(module);
    return module;
  } catch {
    return undefined;
  }
}

/** Lets the process end while threads wait for work. To be called once the backend is active: its start refs them. */
export function releaseThreads(module: ThreadedModule): void {
  for (const worker of module.PThread.runningWorkers) worker.unref();
}

/** The functions that TF.js's own loader puts beside the module. */
function bindings(module: ThreadedModule): Record<string, unknown> {
  return {
    init: module.cwrap('init', null, []),
    initWithThreadsCount: module.cwrap('init_with_threads_count', null, ['number']),
    getThreadsCount: module.cwrap('get_threads_count', 'number', []),
    registerTensor: module.cwrap('register_tensor', null, ['number', 'number', 'number']),
    disposeData: module.cwrap('dispose_data', null, ['number']),
    dispose: module.cwrap('dispose', null, []),
  };
}

/**
 * While it loads, the binary sizes its thread pool as half of `os.cpus().length`, once and for all; the
 * documented setThreadsCount() comes too late to change it. So it is shown another count for that moment.
 */
async function withCpuCount<T>(count: number, load: () => Promise<T>): Promise<T> {
  const real = os.cpus;
  const [cpu] = real();
  os.cpus = () => (cpu === undefined ? real() : Array.from({ length: count }, () => cpu));
  try {
    return await load();
  } finally {
    os.cpus = real;
  }
}

async function within<T>(limitMs: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      resolve(undefined);
    }, limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
