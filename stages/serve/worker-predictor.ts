/** A predictor in a thread of its own. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { ModelError, type ModelContract } from '../vision/contract.ts';
import type { Predictor } from '../vision/predictor.ts';

export interface WorkerSetup {
  readonly modelDir: string;
  readonly wasmFolder?: string;
}

export interface ToWorker {
  readonly id: number;
  readonly pixels: Uint8Array;
  readonly count: number;
}

export type FromWorker =
  | { kind: 'ready'; contract: ModelContract; backend: string }
  | { kind: 'unusable'; message: string; hint: string }
  | { kind: 'answer'; id: number; probabilities: Float32Array }
  | { kind: 'failure'; id: number; message: string };

interface Waiting {
  readonly resolve: (probabilities: Float32Array) => void;
  readonly reject: (error: Error) => void;
}

export interface WorkerPredictor extends Predictor {
  /** Resolves with the reason if the thread ends by itself; every later prediction rejects. */
  readonly died: Promise<Error>;
}

/**
 * Loads the model in a new thread. `predict` takes the bytes over: the caller's array is empty afterwards.
 * Throws ModelError where the model cannot be used.
 */
export async function openWorkerPredictor(modelDir: string): Promise<WorkerPredictor> {
  const wasmFolder = bundledWasmFolder();
  const setup: WorkerSetup = { modelDir, ...(wasmFolder === undefined ? {} : { wasmFolder }) };
  const worker = new Worker(siblingModule('inference-worker'), { workerData: setup });
  const waiting = new Map<number, Waiting>();
  let dead: Error | undefined;
  let nextId = 0;

  const died = new Promise<Error>((resolve) => {
    const end = (error: Error): void => {
      dead ??= error;
      for (const { reject } of waiting.values()) reject(dead);
      waiting.clear();
      resolve(dead);
    };
    worker.on('error', end);
    worker.on('exit', (code) => {
      end(new Error(`the inference thread ended with code ${code}`));
    });
  });

  const { contract, backend } = await new Promise<Extract<FromWorker, { kind: 'ready' }>>(
    (resolve, reject) => {
      void died.then(reject);
      worker.on('message', (message: FromWorker) => {
        switch (message.kind) {
          case 'ready':
            resolve(message);
            break;
          case 'unusable':
            reject(new ModelError('invalid', message.message, message.hint));
            void worker.terminate();
            break;
          case 'answer':
            take(message.id)?.resolve(message.probabilities);
            break;
          case 'failure':
            take(message.id)?.reject(new Error(message.message));
            break;
        }
      });
    },
  );

  function take(id: number): Waiting | undefined {
    const entry = waiting.get(id);
    waiting.delete(id);
    return entry;
  }

  return {
    contract,
    backend,
    died,
    predict(pixels, count) {
      if (dead !== undefined) return Promise.reject(dead);
      const id = nextId++;
      const message: ToWorker = { id, pixels, count };
      // A view into a shared pool must not take the whole pool along.
      const owned = pixels.byteLength === pixels.buffer.byteLength;
      worker.postMessage(message, owned ? [pixels.buffer as ArrayBuffer] : []);
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
      });
    },
    dispose() {
      void worker.terminate();
    },
  };
}

/** A module beside this one, as source or in the bundle. */
function siblingModule(name: string): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./${name}.${extension}`, import.meta.url);
}

/** The bundle carries the WebAssembly binaries beside its modules; the source leaves them in their package. */
function bundledWasmFolder(): string | undefined {
  const folder = fileURLToPath(new URL('./', import.meta.url));
  return existsSync(`${folder}tfjs-backend-wasm-simd.wasm`) ? folder : undefined;
}
