/**
 * Figures of merit of a classifier, from probabilities and labels; pure.
 * What has no samples is NaN (null in JSON), never a silent zero, and says how many it left out.
 */

/** N rows of `classes` probabilities each, row-major, and the true class of every row. */
export interface Scored {
  readonly probabilities: Float32Array;
  /** N class indices, each 0 to classes - 1. */
  readonly labels: Int32Array;
  readonly classes: number;
}

export interface ClassScore {
  /** Images that are of this class. */
  readonly support: number;
  /** Images that were taken for this class. */
  readonly predicted: number;
  /** NaN without images of the class, and where nothing was taken for it. */
  readonly precision: number;
  /** NaN without images of the class, as is f1. */
  readonly recall: number;
  readonly f1: number;
}

/** A mean over the classes that have a value. */
export interface MacroMean {
  readonly value: number;
  /** Classes left out because they have no value. */
  readonly excluded: number;
}

export interface CalibrationBin {
  /** Confidences in (from, to]; the first bin holds 0 too. */
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** Mean confidence and share of right answers; NaN in an empty bin. */
  readonly confidence: number;
  readonly accuracy: number;
}

export interface Calibration {
  /** Expected calibration error: mean |accuracy - confidence| over the images, 0..1. */
  readonly ece: number;
  readonly bins: readonly CalibrationBin[];
}

/** The `k` most probable classes of one row, best first; of equals the lower index comes first. */
export function topClasses(row: Float32Array, k: number): number[] {
  // Insertion into a short list: for k = 5 several times faster than sorting all 525 classes.
  const best: number[] = [];
  for (let index = 0; index < row.length; index++) {
    const value = row[index] ?? -Infinity;
    const last = best.at(-1);
    if (best.length === k && last !== undefined && value <= (row[last] ?? -Infinity)) continue;
    let place = best.length;
    while (place > 0 && value > (row[best[place - 1] ?? 0] ?? -Infinity)) place--;
    best.splice(place, 0, index);
    if (best.length > k) best.pop();
  }
  return best;
}

/** The most probable class of every row. */
export function predictedClasses({ probabilities, labels, classes }: Scored): Int32Array {
  const predicted = new Int32Array(labels.length);
  for (let row = 0; row < labels.length; row++) {
    let best = 0;
    for (let index = 1; index < classes; index++) {
      if (at(probabilities, row * classes + index) > at(probabilities, row * classes + best)) {
        best = index;
      }
    }
    predicted[row] = best;
  }
  return predicted;
}

/** Share of rows whose best class is the true one, 0..1; NaN for no rows. */
export function accuracy(scored: Scored): number {
  return agreement(predictedClasses(scored), scored.labels);
}

/** Share of places at which both lists hold the same class, 0..1; NaN for empty lists. */
export function agreement(left: Int32Array, right: Int32Array): number {
  if (left.length !== right.length) throw new Error('bug: lists of different lengths compared');
  let same = 0;
  for (let index = 0; index < left.length; index++) if (left[index] === right[index]) same++;
  return same / left.length;
}

/** Share of rows whose true class is among the best `k`, 0..1; NaN for no rows. */
export function topKAccuracy(scored: Scored, k: number): number {
  let hits = 0;
  for (let row = 0; row < scored.labels.length; row++) {
    if (topClasses(rowOf(scored, row), k).includes(at(scored.labels, row))) hits++;
  }
  return hits / scored.labels.length;
}

/** Counts by [true class][predicted class]. */
export function confusionMatrix(scored: Scored): number[][] {
  const { labels, classes } = scored;
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  predictedClasses(scored).forEach((guess, row) => {
    const truth = matrix[at(labels, row)];
    if (truth === undefined) throw new Error(`bug: label ${labels[row]} of ${classes} classes`);
    truth[guess] = (truth[guess] ?? 0) + 1;
  });
  return matrix;
}

/** Precision, recall and F1 of every class, in class order. */
export function classScores(confusion: readonly (readonly number[])[]): ClassScore[] {
  return confusion.map((truth, index) => {
    const support = sum(truth);
    const predicted = sum(confusion.map((row) => row[index] ?? 0));
    const hits = truth[index] ?? 0;
    if (support === 0) return { support, predicted, precision: NaN, recall: NaN, f1: NaN };
    return {
      support,
      predicted,
      precision: hits / predicted, // 0 / 0 is NaN: nothing was taken for this class
      recall: hits / support,
      f1: (2 * hits) / (support + predicted),
    };
  });
}

/** Unweighted mean of one figure over the classes that have it. */
export function macroMean(
  scores: readonly ClassScore[],
  figure: 'precision' | 'recall' | 'f1',
): MacroMean {
  const values = scores.map((score) => score[figure]).filter((value) => !Number.isNaN(value));
  return { value: sum(values) / values.length, excluded: scores.length - values.length };
}

/** Mean F1 weighted by how many images each class has. */
export function weightedF1(scores: readonly ClassScore[]): number {
  const present = scores.filter((score) => score.support > 0);
  const images = sum(present.map((score) => score.support));
  return sum(present.map((score) => score.f1 * score.support)) / images;
}

/** Mean of -ln p(true class), in nats. A probability of 0 counts as 1e-12, so that one row cannot make it infinite. */
export function negativeLogLikelihood({ probabilities, labels, classes }: Scored): number {
  let total = 0;
  for (let row = 0; row < labels.length; row++) {
    total -= Math.log(Math.max(at(probabilities, row * classes + at(labels, row)), 1e-12));
  }
  return total / labels.length;
}

/** How far confidence and accuracy are apart, in `count` bins of equal width. */
export function calibration(scored: Scored, count = 15): Calibration {
  const { probabilities, labels, classes } = scored;
  const sums = Array.from({ length: count }, () => ({ count: 0, confidence: 0, hits: 0 }));
  predictedClasses(scored).forEach((guess, row) => {
    const confidence = at(probabilities, row * classes + guess);
    const bin = sums[Math.min(count - 1, Math.max(0, Math.ceil(confidence * count) - 1))];
    if (bin === undefined) throw new Error(`bug: confidence ${confidence} is in no bin`);
    bin.count++;
    bin.confidence += confidence;
    if (guess === at(labels, row)) bin.hits++;
  });
  const gap = sum(sums.map((bin) => Math.abs(bin.hits - bin.confidence)));
  return {
    ece: gap / labels.length,
    bins: sums.map((bin, index) => ({
      from: index / count,
      to: (index + 1) / count,
      count: bin.count,
      confidence: bin.confidence / bin.count,
      accuracy: bin.hits / bin.count,
    })),
  };
}

/** One row of the probabilities, without a copy. */
export function rowOf({ probabilities, classes }: Scored, row: number): Float32Array {
  return probabilities.subarray(row * classes, (row + 1) * classes);
}

function at(values: Float32Array | Int32Array, index: number): number {
  const value = values[index];
  if (value === undefined) throw new Error(`bug: index ${index} is outside ${values.length}`);
  return value;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
