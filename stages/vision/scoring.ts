/** A model's answers to every image of a split. */
import type { ModelInput } from './contract.ts';
import { loadSplit } from './dataset.ts';
import type { Split } from './manifest.ts';
import type { Scored } from './metrics.ts';
import type { Predictor } from './predictor.ts';
import { StageError } from './stage-error.ts';
import type { StageIo } from './stage.ts';

/** Decoded images with their classes, as loadSplit gives them. */
export interface LabelledImages {
  /** count * height * width * 3 bytes. */
  readonly pixels: Uint8Array;
  /** Indices into `classes`. */
  readonly labels: Int32Array;
  readonly paths: readonly string[];
  readonly count: number;
  readonly classes: readonly string[];
}

/** Scored answers whose class indices are those of the model. */
export interface Answers extends Scored {
  readonly paths: readonly string[];
  /** Names of the classes: the model's labels. */
  readonly names: readonly string[];
}

/** Decodes a split and says how far it is. Throws StageError where there is nothing to judge a model by. */
export async function loadImages(
  io: Pick<StageIo, 'progress'>,
  data: string,
  split: Split,
  input: ModelInput,
): Promise<LabelledImages> {
  let progress: ((done: number) => void) | undefined;
  const images = await loadSplit(data, split, input, {
    onProgress: (done, total) => {
      progress ??= io.progress('decoded', total);
      progress(done);
    },
  });
  if (images.count > 0) return images;
  throw new StageError(
    `the ${split} split in ${data} has no images`,
    'fetch more images, or give the split a share of them (data.*)',
  );
}

/** Images that are predicted between two calls of `onProgress`. */
const CHUNK = 128;

/**
 * Lets the model answer every image.
 * Throws StageError where the data has a class that the model does not know.
 */
export async function scoreImages(
  predictor: Predictor,
  images: LabelledImages,
  onProgress: (done: number) => void = () => undefined,
): Promise<Answers> {
  const { labels: names } = predictor.contract;
  const { pixels, count } = images;
  const labels = modelIndices(images, names);
  const probabilities = new Float32Array(count * names.length);
  const size = pixels.length / Math.max(1, count);
  for (let start = 0; start < count; start += CHUNK) {
    const end = Math.min(count, start + CHUNK);
    const chunk = pixels.subarray(start * size, end * size);
    probabilities.set(await predictor.predict(chunk, end - start), start * names.length);
    onProgress(end);
  }
  return { probabilities, labels, classes: names.length, paths: images.paths, names };
}

/** The data may list its classes in another order, or lack some; one that the model never saw cannot be judged. */
function modelIndices({ labels, classes }: LabelledImages, names: readonly string[]): Int32Array {
  const indices = classes.map((name) => names.indexOf(name));
  const unknown = [...new Set(labels)].filter((label) => (indices[label] ?? -1) < 0);
  if (unknown.length > 0) {
    const listed = unknown.map((label) => classes[label] ?? label).slice(0, 5);
    throw new StageError(
      `the model does not know ${unknown.length} of the classes in the data: ${listed.join(', ')}`,
      'train the model on this data, or point --data at the data that it was trained on',
    );
  }
  return labels.map((label) => indices[label] ?? -1);
}
