/** How far two backends are apart: gradients, predictions, a short training. */
import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from '../batches.ts';
import { createLearner } from '../learner.ts';
import { createRandom } from '../random.ts';
import { findArchitecture } from '../zoo.ts';
import { gradients, relativeError, type Case, type Gradients } from './gradient-cases.ts';

export interface Training {
  /** Mean loss of each step. */
  readonly losses: readonly number[];
  /** Logits of the trained model, batch norm's averages in use. */
  readonly logits: Float32Array;
  /** Tensors more at the end than before it began. */
  readonly leaked: number;
}

export interface TrainingSize {
  readonly architecture: string;
  readonly inputSize: number;
  readonly width: number;
  readonly batch: number;
  readonly steps: number;
}

/** Trains on the active backend; the same size means the same weights, pictures and order on all of them. */
export async function trainBriefly(size: TrainingSize): Promise<Training> {
  const { architecture, inputSize, width, batch, steps } = size;
  const before = tf.memory().numTensors;
  const { build } = findArchitecture(architecture);
  const model = build({ inputSize, classes: 3, width, dropout: 0.2, seed: 5 });
  const rates = { encoderRate: 0.01, headRate: 0.01, weightDecay: 0.01, labelSmoothing: 0.1 };
  const learner = createLearner(model, rates);
  const pictures = brightness(batch, inputSize);
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    losses.push((await learner.learn(pictures, step, 1)).loss / batch);
  }
  const output = tf.tidy(
    () =>
      model.predict(tf.tensor4d(pictures.pixels, [batch, inputSize, inputSize, 3])) as tf.Tensor,
  );
  const logits = await output.data<'float32'>();
  output.dispose();
  learner.dispose();
  model.dispose();
  return { losses, logits, leaked: tf.memory().numTensors - before };
}

/** Gradients on the active backend that are off by more than 5e-5 of the largest, in words. */
export async function wrongGradients(
  expected: ReadonlyMap<Case, Gradients>,
): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const [example, { dx, dw }] of expected) {
    const actual = await gradients(example);
    const errors = { dx: relativeError(actual.dx, dx), dw: relativeError(actual.dw, dw) };
    for (const [name, error] of Object.entries(errors)) {
      // Turned round, so that NaN is wrong.
      if (!(error < 5e-5)) wrong.push(`${example.name}: ${name} off by ${error}`);
    }
  }
  return wrong;
}

/** Pictures whose brightness is their class: easy to learn. */
export function brightness(count: number, size: number): Batch {
  const random = createRandom(3);
  const labels = Int32Array.from({ length: count }, (_, i) => i % 3);
  const pixels = new Float32Array(count * size * size * 3).map((_, i) => {
    return (labels[Math.floor(i / (size * size * 3))] ?? 0) - 1 + random.normal() * 0.2;
  });
  return { pixels, labels, count };
}
