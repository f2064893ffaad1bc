/** Everything that is said about a model's answers on one split; pure. */
import {
  accuracy,
  calibration,
  classScores,
  confusionMatrix,
  macroMean,
  negativeLogLikelihood,
  predictedClasses,
  rowOf,
  topClasses,
  topKAccuracy,
  weightedF1,
  type Calibration,
  type ClassScore,
} from '../vision/metrics.ts';
import type { Answers } from '../vision/scoring.ts';

/** Flat, so that `avian metrics` can show and compare every figure. NaN (null in JSON) where nothing was there to count. */
export interface EvaluationMetrics {
  readonly accuracy: number;
  readonly top5: number;
  readonly macro_f1: number;
  readonly macro_precision: number;
  readonly macro_recall: number;
  readonly weighted_f1: number;
  /** Mean negative log likelihood, in nats. */
  readonly loss: number;
  readonly ece: number;
  readonly images: number;
  readonly classes: number;
  readonly classes_without_images: number;
  /** Classes that nothing was taken for; they have no precision. */
  readonly classes_never_predicted: number;
}

export interface Confusion {
  readonly truth: string;
  readonly predicted: string;
  readonly count: number;
  /** Share of the images of `truth`. */
  readonly share: number;
}

export interface Evaluation {
  readonly metrics: EvaluationMetrics;
  readonly perClass: readonly (ClassScore & { readonly species: string })[];
  readonly confusion: readonly (readonly number[])[];
  /** Pairs that were mistaken, most often first. */
  readonly mistakes: readonly Confusion[];
  readonly calibration: Calibration;
}

export function evaluate(answers: Answers): Evaluation {
  const confusion = confusionMatrix(answers);
  const scores = classScores(confusion);
  const calibrated = calibration(answers);
  const precision = macroMean(scores, 'precision');
  return {
    metrics: {
      accuracy: accuracy(answers),
      top5: topKAccuracy(answers, 5),
      macro_f1: macroMean(scores, 'f1').value,
      macro_precision: precision.value,
      macro_recall: macroMean(scores, 'recall').value,
      weighted_f1: weightedF1(scores),
      loss: negativeLogLikelihood(answers),
      ece: calibrated.ece,
      images: answers.labels.length,
      classes: answers.classes,
      classes_without_images: scores.filter((score) => score.support === 0).length,
      classes_never_predicted: scores.filter((score) => score.predicted === 0).length,
    },
    perClass: scores.map((score, index) => ({ species: nameOf(answers, index), ...score })),
    confusion,
    mistakes: listMistakes(answers, confusion),
    calibration: calibrated,
  };
}

function listMistakes(answers: Answers, confusion: readonly (readonly number[])[]): Confusion[] {
  const mistakes = confusion.flatMap((row, truth) => {
    const support = row.reduce((sum, count) => sum + count, 0);
    return row.flatMap((count, predicted) => {
      if (count === 0 || truth === predicted) return [];
      const names = { truth: nameOf(answers, truth), predicted: nameOf(answers, predicted) };
      return [{ ...names, count, share: count / support }];
    });
  });
  return mistakes.sort((a, b) => b.count - a.count || b.share - a.share);
}

export interface PredictionLine {
  readonly path: string;
  readonly label: string;
  readonly predicted: string;
  readonly probability: number;
  readonly top5: readonly { readonly species: string; readonly probability: number }[];
}

/** One record an image, in order. Probabilities have six places: what is beyond differs between machines. */
export function* predictionLines(answers: Answers): Generator<PredictionLine> {
  const predicted = predictedClasses(answers);
  for (const [row, path] of answers.paths.entries()) {
    const probabilities = rowOf(answers, row);
    const top5 = topClasses(probabilities, 5).map((index) => ({
      species: nameOf(answers, index),
      probability: Number((probabilities[index] ?? NaN).toFixed(6)),
    }));
    yield {
      path,
      label: nameOf(answers, answers.labels[row] ?? -1),
      predicted: nameOf(answers, predicted[row] ?? -1),
      probability: top5[0]?.probability ?? NaN,
      top5,
    };
  }
}

/** The confusion matrix with its names: truth in rows, answers in columns. */
export function confusionCsv(names: readonly string[], confusion: Evaluation['confusion']): string {
  const rows = confusion.map((counts, index) => [names[index] ?? '', ...counts.map(String)]);
  return csv([['truth \\ predicted', ...names], ...rows]);
}

/** The figures of every species; an empty field where there is no value. */
export function perSpeciesCsv(perClass: Evaluation['perClass']): string {
  const figure = (value: number): string => (Number.isNaN(value) ? '' : value.toFixed(6));
  const rows = perClass.map(({ species, support, predicted, precision, recall, f1 }) => [
    species,
    ...[String(support), String(predicted), figure(precision), figure(recall), figure(f1)],
  ]);
  return csv([['species', 'images', 'predicted', 'precision', 'recall', 'f1'], ...rows]);
}

export function csv(rows: readonly (readonly string[])[]): string {
  const field = (text: string): string =>
    /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  return rows.map((row) => `${row.map(field).join(',')}\n`).join('');
}

function nameOf(answers: Answers, index: number): string {
  const name = answers.names[index];
  if (name === undefined) throw new Error(`bug: class ${index} has no name`);
  return name;
}
