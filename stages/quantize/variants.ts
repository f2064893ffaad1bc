/** Writes a model with smaller weights, and measures what that did to it. */
import { join } from 'node:path';
import type { ModelContract } from '../vision/contract.ts';
import { accuracy, agreement, predictedClasses } from '../vision/metrics.ts';
import { joinBytes, writeArtifacts } from '../vision/model-files.ts';
import { loadContract, readArtifacts } from '../vision/model-folder.ts';
import { openPredictor } from '../vision/predictor.ts';
import { quantizeWeights, type QuantizedDtype } from '../vision/quantization.ts';
import { scoreImages, type LabelledImages } from '../vision/scoring.ts';
import { StageError } from '../vision/stage-error.ts';
import type { VariantFigures } from './gate.ts';

export const quantizedDtypes: readonly QuantizedDtype[] = ['uint8', 'float16'];

/** Writes `out`/uint8 and `out`/float16; the same model gives the same bytes. Throws ModelError, QuantizationError. */
export async function writeVariants(modelDir: string, out: string): Promise<void> {
  const contract = await loadContract(modelDir);
  const artifacts = await readArtifacts(modelDir);
  const { weightSpecs: specs = [], weightData } = artifacts;
  if (weightData === undefined) throw new Error('bug: a model without weights');
  if (specs.some((spec) => spec.quantization !== undefined)) {
    throw new StageError(
      `the model in ${modelDir} is quantised already`,
      'give the folder that the train stage wrote',
    );
  }
  const weights = { specs, bytes: joinBytes(weightData) };
  for (const dtype of quantizedDtypes) {
    const smaller = quantizeWeights(weights, dtype);
    const described: ModelContract = { ...contract, quantization: { dtype } };
    const weightSpecs = [...smaller.specs];
    const bytes = Uint8Array.from(smaller.bytes).buffer;
    await writeArtifacts(
      join(out, dtype),
      { ...artifacts, weightSpecs, weightData: bytes },
      described,
    );
  }
}

/** How a model did, and its answers, with which others are compared. */
export interface Measured {
  readonly figures: VariantFigures;
  readonly predicted: Int32Array;
}

/** Loads a model folder and lets it answer `images`. Agreement is with `reference`, or 1 without one. */
export async function measureVariant(
  modelDir: string,
  dtype: VariantFigures['dtype'],
  images: LabelledImages,
  reference: Int32Array | undefined,
  onProgress: (done: number) => void,
): Promise<Measured> {
  // The service's backend, so that the figures are those of what will be deployed.
  const predictor = await openPredictor(modelDir, { backend: 'wasm' });
  const { weightData } = await readArtifacts(modelDir);
  const answers = await scoreImages(predictor, images, onProgress);
  const predicted = predictedClasses(answers);
  const latencyMs = await medianLatency(async (count, pixels) => {
    await predictor.predict(pixels, count);
  }, images);
  predictor.dispose();
  return {
    predicted,
    figures: {
      dtype,
      bytes: joinBytes(weightData ?? []).length,
      accuracy: accuracy(answers),
      agreement: agreement(predicted, reference ?? predicted),
      latencyMs,
    },
  };
}

const PASSES = 5;
const IMAGES_A_PASS = 16;

/** Milliseconds an image. The model is warm: it has answered the whole split before. */
async function medianLatency(
  predict: (count: number, pixels: Uint8Array) => Promise<void>,
  { pixels, count }: LabelledImages,
): Promise<number> {
  const taken = Math.min(count, IMAGES_A_PASS);
  const sample = pixels.subarray(0, (pixels.length / count) * taken);
  const times: number[] = [];
  for (let pass = 0; pass < PASSES; pass++) {
    const started = performance.now();
    await predict(taken, sample);
    times.push((performance.now() - started) / taken);
  }
  return times.sort((a, b) => a - b)[Math.floor(PASSES / 2)] ?? NaN;
}
