/** The quickest way to answers on this machine: onnxruntime, or TF.js where that cannot be had. */
import { openOnnxPredictor } from './onnx/predictor.ts';
import { UnsupportedModel } from './onnx/unsupported.ts';
import type { Predictor } from './predictor.ts';

export interface FastPredictor {
  readonly predictor: Predictor;
  /** Where TF.js computes: why it is not onnxruntime. */
  readonly instead: string | undefined;
}

export interface FastPredictorOptions {
  /** Threads that one call may use on onnxruntime; the machine's cores unless told. */
  readonly threads?: number | undefined;
  /** Folder of TF.js's .wasm binaries, where a bundle has moved them; ends with a slash. */
  readonly wasmFolder?: string | undefined;
}

/** Throws ModelError where the model cannot be used. TF.js is loaded only if it is needed: it takes a second. */
export async function openFastPredictor(
  modelDir: string,
  { threads, wasmFolder }: FastPredictorOptions = {},
): Promise<FastPredictor> {
  try {
    const predictor = await openOnnxPredictor(modelDir, threads === undefined ? {} : { threads });
    return { predictor, instead: undefined };
  } catch (error) {
    if (!(error instanceof UnsupportedModel) && !isMissingBinary(error)) throw error;
    const { openPredictor } = await import('./predictor.ts');
    const predictor = await openPredictor(modelDir, wasmFolder === undefined ? {} : { wasmFolder });
    return { predictor, instead: error.message };
  }
}

/** onnxruntime is not installed, has no binary for this platform, or one that the system's libraries do not suit. */
function isMissingBinary(error: unknown): error is Error {
  const { code } = error as { code?: unknown };
  return ['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND', 'ERR_DLOPEN_FAILED'].includes(String(code));
}
