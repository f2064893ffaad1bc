/** A predictor in a thread of its own. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ModelError, type ModelContract } from '../vision/contract.ts';
import type { Predictor, Seen } from '../vision/predictor.ts';
import { movable, openWorkerLine, UnusableThread } from './worker-line.ts';

export interface PredictorSetup {
  readonly modelDir: string;
  readonly threads: number | undefined;
  readonly wasmFolder: string | undefined;
}

export interface PredictorGreeting {
  readonly contract: ModelContract;
  readonly backend: string;
  /** Why it is not onnxruntime that computes. */
  readonly instead: string | undefined;
}

export interface Photographs {
  readonly pixels: Uint8Array;
  readonly count: number;
}

export interface WorkerPredictor extends Predictor {
  readonly instead: string | undefined;
  /** Resolves with the reason if the thread ends by itself; every later prediction rejects. */
  readonly died: Promise<Error>;
  /** As dispose, and resolves when the thread has ended. */
  end(): Promise<void>;
}

/**
 * Loads the model in a new thread, which computes with `threads` threads, all cores unless told. `predict` takes the bytes over: the
 * caller's array is empty afterwards. Throws ModelError where the model cannot be used.
 */
export async function openWorkerPredictor(
  modelDir: string,
  threads?: number,
): Promise<WorkerPredictor> {
  const setup: PredictorSetup = { modelDir, threads, wasmFolder: bundledWasmFolder() };
  const line = await openWorkerLine<PredictorGreeting, Photographs, Seen>(
    'inference-worker',
    setup,
  ).catch((error: unknown) => {
    if (!(error instanceof UnusableThread)) throw error;
    throw new ModelError('invalid', error.message, error.hint);
  });
  const see = (pixels: Uint8Array, count: number): Promise<Seen> =>
    line.ask({ pixels, count }, movable(pixels));
  return {
    ...line.greeting,
    died: line.died,
    see,
    predict: async (pixels, count) => (await see(pixels, count)).probabilities,
    end: () => line.end(),
    dispose: () => void line.end(),
  };
}

/** The bundle carries the WebAssembly binaries beside its modules; the source leaves them in their package. */
function bundledWasmFolder(): string | undefined {
  const folder = fileURLToPath(new URL('./', import.meta.url));
  return existsSync(`${folder}tfjs-backend-wasm-simd.wasm`) ? folder : undefined;
}
