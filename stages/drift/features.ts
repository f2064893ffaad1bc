/** What drift looks at in a picture and in the model's answer to it; pure. */
import type { ColourStatistics } from '../vision/colours.ts';

/** Of the picture, then of the answer. The order is that of `Observed.values`. */
export const FEATURES = [
  'brightness',
  'contrast',
  'saturation',
  'warmth',
  'tint',
  'sharpness',
  'grain',
  'confidence',
  'entropy',
] as const;

export type FeatureName = (typeof FEATURES)[number];

export const MEANINGS: Readonly<Record<FeatureName, string>> = {
  brightness: 'mean of red, green and blue, 0 to 1',
  contrast: 'mean of their standard deviations',
  saturation: 'mean of the largest minus the smallest channel',
  warmth: 'mean of red minus blue',
  tint: 'mean of green minus the mean of red and blue',
  sharpness: 'mean difference of neighbours in luma',
  grain: 'noise in luma, by a mask that edges hardly touch',
  confidence: 'probability of the species that was answered',
  entropy: 'of all probabilities, as a share of the largest there can be',
};

export interface Observed {
  /** One a feature, in the order of FEATURES. */
  readonly values: Float64Array;
  /** Index of the species that was answered. */
  readonly label: number;
  /**
   * The centred log ratios of the probabilities (Aitchison 1982): log p minus the mean of log p. That is the logits
   * minus their mean, so the model's embedding as its last layer sees it: projected upon the directions
   * that tell species apart. Tests of a classifier's outputs found shifts best among those that
   * Rabanser et al. (2019), "Failing loudly", compared.
   */
  readonly embedding: Float64Array;
}

/** Probabilities below are rounding: float32 and quantised weights disagree about them. */
const LEAST_PROBABILITY = 1e-6;

/** `probabilities` are one row of a model's answer, in the order of its labels. */
export function observed(
  { mean: [red, green, blue], std, saturation, sharpness, grain }: ColourStatistics,
  probabilities: ArrayLike<number>,
): Observed {
  const classes = probabilities.length;
  const logs = Float64Array.from(probabilities, (p) => Math.log(Math.max(p, LEAST_PROBABILITY)));
  const meanLog = logs.reduce((sum, value) => sum + value, 0) / classes;
  let [label, entropy] = [0, 0];
  for (let index = 0; index < classes; index += 1) {
    const p = probabilities[index] ?? 0;
    if (p > (probabilities[label] ?? 0)) label = index;
    if (p > 0) entropy -= p * Math.log(p);
  }
  const features: Readonly<Record<FeatureName, number>> = {
    brightness: (red + green + blue) / 3,
    contrast: (std[0] + std[1] + std[2]) / 3,
    saturation,
    warmth: red - blue,
    tint: green - (red + blue) / 2,
    sharpness,
    grain,
    confidence: probabilities[label] ?? 0,
    entropy: entropy / Math.log(Math.max(2, classes)),
  };
  return {
    values: Float64Array.from(FEATURES, (name) => features[name]),
    label,
    embedding: logs.map((value) => value - meanLog),
  };
}
