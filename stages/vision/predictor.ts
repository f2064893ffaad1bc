/** A trained model, ready to name what is in photographs. */
import * as tf from '@tensorflow/tfjs-core';
import { openBackend, type BackendChoice } from './backend.ts';
import type { ModelContract, ModelInput } from './contract.ts';
import { loadModel } from './model-files.ts';

export interface Predictor {
  readonly contract: ModelContract;
  /** Name of the backend that computes, such as `wasm`. */
  readonly backend: string;
  /**
   * Probabilities of `count` images: count * labels values, row-major, every row adding up to 1.
   * `pixels` are count * height * width * 3 bytes, RGB, as decodeImage gives them for contract.input.
   */
  predict(pixels: Uint8Array, count: number): Promise<Float32Array>;
  /** As predict, with what the last layer read of each image, where the backend gives that. */
  see(pixels: Uint8Array, count: number): Promise<Seen>;
  /** Frees the weights. Predicting afterwards is a bug. */
  dispose(): void;
}

export interface Seen {
  readonly probabilities: Float32Array;
  /** Row-major, a row an image. */
  readonly embeddings?: Float32Array;
}

export interface PredictorOptions {
  /** `wasm` unless told: it needs no native library and starts fastest. */
  readonly backend?: BackendChoice;
  /** Images a call of the model holds at once; bounds the memory, not the result. */
  readonly batchSize?: number;
  /** Folder of the .wasm binaries, where a bundle has moved them; ends with a slash. */
  readonly wasmFolder?: string;
}

/** Opens a backend and loads a model folder. Throws ModelError and BackendError. */
export async function openPredictor(
  modelDir: string,
  options: PredictorOptions = {},
): Promise<Predictor> {
  const { backend: prefer = 'wasm', batchSize = 32, wasmFolder } = options;
  const backend = await openBackend({
    prefer,
    training: false,
    ...(wasmFolder === undefined ? {} : { wasmFolder }),
  });
  const { model, contract } = await loadModel(modelDir);
  const { height, width } = contract.input;
  const imageSize = height * width * 3;
  const classes = contract.labels.length;
  const normalise = createNormaliser(contract.input);

  async function predictBatch(pixels: Uint8Array, count: number): Promise<Float32Array> {
    const logits = tf.tidy(() => {
      const images = tf.tensor4d(normalise(pixels), [count, height, width, 3]);
      const output = model.predict(images);
      if (Array.isArray(output)) throw new Error('bug: a classifier has one output');
      return output;
    });
    try {
      return softmaxRows(await logits.data<'float32'>(), classes);
    } finally {
      logits.dispose();
    }
  }

  async function predict(pixels: Uint8Array, count: number): Promise<Float32Array> {
    if (pixels.length !== count * imageSize) {
      throw new Error(`bug: ${pixels.length} bytes for ${count} images of ${imageSize}`);
    }
    const probabilities = new Float32Array(count * classes);
    for (let start = 0; start < count; start += batchSize) {
      const end = Math.min(count, start + batchSize);
      const batch = pixels.subarray(start * imageSize, end * imageSize);
      probabilities.set(await predictBatch(batch, end - start), start * classes);
    }
    return probabilities;
  }

  return {
    contract,
    backend: backend.name,
    predict,
    see: async (pixels, count) => ({ probabilities: await predict(pixels, count) }),
    dispose() {
      model.dispose();
    },
  };
}

/** `(v / 255 - mean) / std` of every byte, through a table of the 3 * 256 values that there are. */
export function createNormaliser({
  mean,
  std,
}: Pick<ModelInput, 'mean' | 'std'>): (pixels: Uint8Array) => Float32Array {
  const table = (channel: 0 | 1 | 2): Float32Array =>
    Float32Array.from({ length: 256 }, (_, v) => (v / 255 - mean[channel]) / std[channel]);
  const [red, green, blue] = [table(0), table(1), table(2)];
  return (pixels) => {
    const values = new Float32Array(pixels.length);
    for (let index = 0; index < pixels.length; index += 3) {
      values[index] = red[pixels[index] ?? 0] ?? 0;
      values[index + 1] = green[pixels[index + 1] ?? 0] ?? 0;
      values[index + 2] = blue[pixels[index + 2] ?? 0] ?? 0;
    }
    return values;
  };
}

/** Softmax of every row, without overflow for large logits. */
export function softmaxRows(logits: Float32Array, classes: number): Float32Array {
  const probabilities = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += classes) {
    const row = logits.subarray(start, start + classes);
    const largest = row.reduce((most, value) => Math.max(most, value), -Infinity);
    const powers = Float64Array.from(row, (value) => Math.exp(value - largest));
    const total = powers.reduce((sum, value) => sum + value, 0);
    powers.forEach((value, index) => {
      probabilities[start + index] = value / total;
    });
  }
  return probabilities;
}
