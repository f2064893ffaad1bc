/** The model, in threads of its own: one a core, each with the whole model, so that none waits for another. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { ColourStatistics } from '../vision/colours.ts';
import { ModelError, type ModelContract } from '../vision/contract.ts';
import { UnusableThread } from './worker-line.ts';
import { openWorkerPool } from './worker-pool.ts';

/** `jpeg`: as isPlainJpeg wants it, decoded beside the model; `pixels`: as decodeImage gives them. */
export interface Photograph {
  readonly kind: 'jpeg' | 'pixels';
  readonly bytes: Uint8Array;
}

export type Sight =
  | {
      readonly kind: 'seen';
      readonly probabilities: Float32Array;
      /** What the model's last layer read; absent where the runtime does not give it. */
      readonly embedding: Float32Array | undefined;
      /** Of the pixels that the model saw. */
      readonly colours: ColourStatistics;
      /** What decoding took; undefined where pixels came. */
      readonly decodeSeconds: number | undefined;
    }
  /** A JPEG that is not as plain as it looks. */
  | { readonly kind: 'undecoded' };

export interface WorkerPredictor extends PredictorGreeting {
  /** Threads: calls that are computed side by side. */
  readonly workers: number;
  /** Looks at all of them in one call of the model. The bytes stay the caller's. */
  look(photographs: readonly Photograph[]): Promise<readonly Sight[]>;
  /** Resolves with the reason if a thread ends by itself. */
  readonly died: Promise<Error>;
  /** Lets the threads finish what they were asked; resolves when they have ended. Looking afterwards rejects. */
  end(): Promise<void>;
}

export interface WorkerPredictorOptions {
  /** One a core unless told. */
  readonly workers?: number | undefined;
  /** That one call computes with; unless told, the cores are shared out evenly. */
  readonly threads?: number | undefined;
}

export interface PredictorSetup {
  readonly modelDir: string;
  readonly threads: number;
  readonly wasmFolder: string | undefined;
}

export interface PredictorGreeting {
  readonly contract: ModelContract;
  readonly backend: string;
  /** Why it is not onnxruntime that computes. */
  readonly instead: string | undefined;
  /** Milliseconds that the model took for one photograph when it was loaded. */
  readonly msEach: number;
}

/** Photographs one behind the other, as one buffer is handed over quicker than many. */
export interface Photographs {
  readonly bytes: Uint8Array;
  readonly each: readonly { readonly kind: Photograph['kind']; readonly length: number }[];
}

/** Throws ModelError where the model cannot be used. */
export async function openWorkerPredictor(
  modelDir: string,
  { workers = availableParallelism(), threads }: WorkerPredictorOptions = {},
): Promise<WorkerPredictor> {
  const setup: PredictorSetup = {
    modelDir,
    threads: threads ?? Math.max(1, Math.floor(availableParallelism() / workers)),
    wasmFolder: bundledWasmFolder(),
  };
  const pool = await openWorkerPool<PredictorGreeting, Photographs, readonly Sight[]>(
    'inference-worker',
    setup,
    workers,
  ).catch((error: unknown) => {
    if (!(error instanceof UnusableThread)) throw error;
    throw new ModelError('invalid', error.message, error.hint);
  });
  return {
    ...pool.greeting,
    workers,
    died: pool.died,
    look(photographs) {
      const together = joined(photographs);
      return pool.ask(together, [together.bytes.buffer]);
    },
    end: () => pool.end(),
  };
}

function joined(photographs: readonly Photograph[]) {
  const total = photographs.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const together = new Uint8Array(total);
  let at = 0;
  for (const { bytes } of photographs) {
    together.set(bytes, at);
    at += bytes.length;
  }
  return {
    bytes: together,
    each: photographs.map(({ kind, bytes }) => ({ kind, length: bytes.length })),
  };
}

/** The bundle carries the WebAssembly binaries beside its modules; the source leaves them in their package. */
function bundledWasmFolder(): string | undefined {
  const folder = fileURLToPath(new URL('./', import.meta.url));
  return existsSync(`${folder}tfjs-backend-wasm-simd.wasm`) ? folder : undefined;
}
