/** What the model saw when all was well: made once, beside the model, from images that it was not trained on. */
import { readFile } from 'node:fs/promises';
import { createRandom } from '../vision/random.ts';
import { StageError } from '../vision/stage-error.ts';
import { FEATURES, type FeatureName, type Observed } from './features.ts';
import { createKernelMap, medianDistance, nullDistribution, type KernelMap } from './kernel.ts';

export interface DriftSettings {
  /** Images that a verdict is about. */
  readonly window: number;
  /** Share of verdicts "drifted" where nothing has drifted, all tests together, at most. */
  readonly falseAlarms: number;
  /** How often the null distribution of the embedding's discrepancy is drawn; 1 / this is its smallest p. */
  readonly permutations: number;
  readonly seed: number;
}

export interface Reference {
  readonly version: 1;
  /** The model whose answers these are, as `modelDigest` gives it. */
  readonly model: string;
  readonly labels: readonly string[];
  readonly images: number;
  readonly window: number;
  readonly falseAlarms: number;
  /** The values of each feature, ascending. */
  readonly features: Readonly<Record<FeatureName, readonly number[]>>;
  /** How often each label was answered, in their order. */
  readonly classes: readonly number[];
  readonly embedding: {
    /** Of each coordinate; the kernel sees coordinates in units of `std` around `mean`. */
    readonly mean: readonly number[];
    readonly std: readonly number[];
    readonly bandwidth: number;
    /** The kernel's frequencies follow from this seed. */
    readonly seed: number;
    /** Sum of all mapped embeddings. */
    readonly sum: readonly number[];
    /** The scaled discrepancy where nothing differs, ascending. */
    readonly null: readonly number[];
  };
}

/** More images than this add size and time to every verdict, and hardly any power to a window of hundreds. */
const MOST_IMAGES = 2000;
/** Pairs of the kernel's features: its error is about 1 / sqrt of this, far below what a window's chance moves. */
const FREQUENCIES = 128;
/** Vectors whose pairwise distances give the bandwidth. */
const FOR_BANDWIDTH = 400;

/** Throws StageError where there are too few images to compare anything with. */
export function createReference(
  model: string,
  labels: readonly string[],
  all: readonly Observed[],
  { window, falseAlarms, permutations, seed }: DriftSettings,
): Reference {
  if (all.length < window / 2 || all.length < 2) {
    throw new StageError(
      `${all.length} images are too few to judge windows of ${window} by`,
      'lower drift.window, or give the val and test splits more images',
    );
  }
  const random = createRandom(seed).fork('drift');
  const kept = all.length <= MOST_IMAGES ? all : random.shuffle(all).slice(0, MOST_IMAGES);
  const { mean, std } = moments(kept.map(({ embedding }) => embedding));
  const standard = kept.map(({ embedding }) => standardise(embedding, { mean, std }));
  const bandwidth = round(medianDistance(random.shuffle(standard).slice(0, FOR_BANDWIDTH)));
  const map = kernelOf({ mean, bandwidth, seed });
  const mapped = standard.map((vector) => {
    const target = new Float64Array(map.size);
    map.addTo(target, vector);
    return target;
  });
  const sum = new Float64Array(map.size);
  for (const vector of mapped) vector.forEach((value, at) => (sum[at] = (sum[at] ?? 0) + value));
  const classes = labels.map((_, label) => kept.filter((one) => one.label === label).length);
  const sorted = (index: number): number[] =>
    kept.map(({ values }) => round(values[index] ?? 0)).sort((a, b) => a - b);
  return {
    version: 1,
    model,
    labels,
    images: kept.length,
    window,
    falseAlarms,
    features: Object.fromEntries(FEATURES.map((name, index) => [name, sorted(index)])) as Record<
      FeatureName,
      number[]
    >,
    classes,
    embedding: {
      mean,
      std,
      bandwidth,
      seed,
      sum: Array.from(sum, round),
      null: nullDistribution(mapped, window, permutations, random.fork('null')).map(round),
    },
  };
}

/** The kernel of a reference: the same one wherever it is opened. */
export function kernelOf({
  mean,
  bandwidth,
  seed,
}: Pick<Reference['embedding'], 'mean' | 'bandwidth' | 'seed'>): KernelMap {
  const random = createRandom(seed).fork('drift').fork('kernel');
  return createKernelMap(mean.length, FREQUENCIES, bandwidth, random);
}

/** Coordinates in units of the reference's deviations around its means. */
export function standardise(
  vector: Float64Array,
  { mean, std }: Pick<Reference['embedding'], 'mean' | 'std'>,
): Float64Array {
  return vector.map((value, at) => (value - (mean[at] ?? 0)) / (std[at] ?? 1));
}

function moments(vectors: readonly Float64Array[]): { mean: number[]; std: number[] } {
  const dimensions = vectors[0]?.length ?? 0;
  const mean = Array.from({ length: dimensions }, (_, at) => {
    return vectors.reduce((sum, vector) => sum + (vector[at] ?? 0), 0) / vectors.length;
  });
  const std = mean.map((centre, at) => {
    const squares = vectors.reduce((sum, vector) => sum + ((vector[at] ?? 0) - centre) ** 2, 0);
    // A coordinate that never moves must not become infinite once it does.
    return Math.max(Math.sqrt(squares / vectors.length), 1e-3);
  });
  return { mean: mean.map(round), std: std.map(round) };
}

/** To seven digits: the file stays small, and no test turns on less. */
function round(value: number): number {
  return Number(value.toPrecision(7));
}

/** Reads a reference that `createReference` made. Throws StageError. */
export async function readReference(path: string): Promise<Reference> {
  const again = 'make it again: avian repro reference';
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new StageError(
      `the reference ${path} cannot be read: ${(error as Error).message}`,
      again,
    );
  }
  const problem = problemOf(json);
  if (problem !== undefined) {
    throw new StageError(`the reference ${path} is not valid: ${problem}`, again);
  }
  return json as Reference;
}

function problemOf(json: unknown): string | undefined {
  const { version, model, labels, images, window, falseAlarms, features, classes, embedding } =
    fields(json);
  if (version !== 1) return `version is ${JSON.stringify(version)}, not 1`;
  if (typeof model !== 'string') return 'model is no digest';
  if (!Array.isArray(labels) || !labels.every((label) => typeof label === 'string')) {
    return 'labels is no list of names';
  }
  if (!isCount(images) || !isCount(window)) return 'images or window is no number';
  if (typeof falseAlarms !== 'number' || falseAlarms <= 0 || falseAlarms >= 1) {
    return 'falseAlarms is no chance';
  }
  for (const name of FEATURES) {
    const values = fields(features)[name];
    if (!isNumbers(values, images) || values.some((v, i) => i > 0 && v < (values[i - 1] ?? 0))) {
      return `features.${name} is no sorted list of ${images} numbers`;
    }
  }
  if (!isNumbers(classes, labels.length)) return 'classes does not fit labels';
  const { mean, std, bandwidth, seed, sum, null: drawn } = fields(embedding);
  if (!isNumbers(mean, labels.length) || !isNumbers(std, labels.length)) {
    return 'embedding.mean or embedding.std does not fit labels';
  }
  if (!(Number(bandwidth) > 0) || typeof seed !== 'number') return 'embedding has no kernel';
  if (!isNumbers(sum, 2 * FREQUENCIES)) return 'embedding.sum does not fit the kernel';
  if (!Array.isArray(drawn) || !isNumbers(drawn, drawn.length) || drawn.length === 0) {
    return 'embedding.null is no list of numbers';
  }
  return undefined;
}

function fields(value: unknown): Record<string, unknown> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Record<string, unknown>) : {};
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1;
}

function isNumbers(value: unknown, length: number): value is number[] {
  return Array.isArray(value) && value.length === length && value.every(Number.isFinite);
}
