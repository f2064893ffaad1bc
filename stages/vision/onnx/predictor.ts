/** A trained model on onnxruntime: answers as the TF.js predictor does, several times as fast, and starts without TF.js. */
import os from 'node:os';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { ModelError, type ModelContract } from '../contract.ts';
import { loadContract, readArtifacts } from '../model-folder.ts';
import type { Predictor } from '../predictor.ts';
import { graphNames, toOnnx, type OnnxModel } from './convert.ts';
import { expandWeights } from './expand-weights.ts';

export interface OnnxPredictor extends Predictor {
  /** Values of one embedding; undefined where the model has none. */
  readonly embeddingSize: number | undefined;
}

export interface OnnxPredictorOptions {
  /** Threads that one call may use; the machine's cores unless told. */
  readonly threads?: number;
  /** Images a call of the model holds at once; bounds the memory, not the result. */
  readonly batchSize?: number;
}

/**
 * Loads a model folder. Calls block the thread while they compute.
 * Throws ModelError, UnsupportedModel, or what Node says where onnxruntime has no binary for this machine.
 */
export async function openOnnxPredictor(
  modelDir: string,
  { threads = os.availableParallelism(), batchSize = 32 }: OnnxPredictorOptions = {},
): Promise<OnnxPredictor> {
  const { contract, model } = await readOnnx(modelDir);
  const runtime = await import('onnxruntime-node');
  const session = await runtime.InferenceSession.create(model.bytes, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    // Waiting threads that spin take the cores from decoding and from HTTP.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });
  const { height, width } = contract.input;
  const imageSize = height * width * 3;

  async function see(pixels: Uint8Array, count: number) {
    if (pixels.length !== count * imageSize) {
      throw new Error(`bug: ${pixels.length} bytes for ${count} images of ${imageSize}`);
    }
    const probabilities = new Float32Array(count * contract.labels.length);
    const embeddings = new Float32Array(count * (model.embeddingSize ?? 0));
    for (let start = 0; start < count; start += batchSize) {
      const end = Math.min(count, start + batchSize);
      const batch = pixels.subarray(start * imageSize, end * imageSize);
      const images = new runtime.Tensor('uint8', batch, [end - start, height, width, 3]);
      const outputs = await session.run({ [graphNames.pixels]: images });
      probabilities.set(values(outputs, graphNames.probabilities), start * contract.labels.length);
      if (model.embeddingSize !== undefined) {
        embeddings.set(values(outputs, graphNames.embedding), start * model.embeddingSize);
      }
    }
    return model.embeddingSize === undefined ? { probabilities } : { probabilities, embeddings };
  }

  return {
    contract,
    backend: 'onnxruntime',
    embeddingSize: model.embeddingSize,
    see,
    predict: async (pixels, count) => (await see(pixels, count)).probabilities,
    dispose() {
      void session.release();
    },
  };
}

/** The model of a folder as an ONNX file's bytes. Throws ModelError and UnsupportedModel. */
export async function readOnnx(
  modelDir: string,
): Promise<{ contract: ModelContract; model: OnnxModel }> {
  const contract = await loadContract(modelDir);
  const { modelTopology, weightSpecs = [], weightData } = await readArtifacts(modelDir);
  const weights = expandWeights(weightSpecs, new Uint8Array(weightData as ArrayBuffer));
  const model = toOnnx(modelTopology, weights, contract.input);
  if (model.classes !== contract.labels.length) {
    throw new ModelError(
      'invalid',
      `the model in ${modelDir} has ${model.classes} outputs, its contract ${contract.labels.length} labels`,
      'train the model again, or restore its folder',
    );
  }
  return { contract, model };
}

function values(outputs: InferenceSession.OnnxValueMapType, name: string): Float32Array {
  return (outputs[name] as Tensor).data as Float32Array;
}
