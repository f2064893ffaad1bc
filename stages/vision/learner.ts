/** A model, its optimizer and its loss: one training step, one validation, and everything it consists of as numbers. */
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Batch } from './batches.ts';
import { createAdamW } from './optimizer.ts';

export interface LearnerOptions {
  /** Rates at factor 1: of the head (layers named `head…`) and of everything before it. */
  readonly encoderRate: number;
  readonly headRate: number;
  readonly weightDecay: number;
  /** Share of the target that is spread over all classes, 0 to below 1. */
  readonly labelSmoothing: number;
}

/** Sums over the pictures of a batch, so that batches of different size add up. */
export interface Score {
  readonly loss: number;
  readonly correct: number;
  readonly seen: number;
}

export interface Learner {
  /** One step on `batch`; `step` (counted from 0) decides what dropout silences. */
  learn(batch: Batch, step: number, factor: number): Promise<Score>;
  /** Loss without smoothing, no dropout, batch norm's moving averages. */
  score(batch: Batch): Promise<Score>;
  weights(): Promise<Float32Array[]>;
  setWeights(values: readonly Float32Array[]): void;
  moments(): Promise<Float32Array[]>;
  /** Takes up an optimizer that had done `steps` steps. */
  setMoments(values: readonly Float32Array[], steps: number): void;
  dispose(): void;
}

/** Classes are the model's outputs. */
export function createLearner(model: LayersModel, options: LearnerOptions): Learner {
  const [, height, width] = model.inputs[0]?.shape ?? [];
  const classes = model.outputs[0]?.shape.at(-1);
  if (!height || !width || !classes) throw new Error('bug: the model has no fixed input or output');

  const groups = [false, true].map((head) => ({
    name: head ? 'head' : 'encoder',
    rate: head ? options.headRate : options.encoderRate,
    variables: model.layers
      .filter((layer) => layer.name.startsWith('head') === head)
      .flatMap((layer) =>
        layer.trainableWeights.map((weight) => weight.read() as unknown as tf.Variable),
      ),
  }));
  const trainable = groups.flatMap(({ variables }) => variables);
  const optimizer = createAdamW(groups, { weightDecay: options.weightDecay });
  const shape: [number, number, number] = [height, width, 3];

  return {
    async learn(batch, step, factor) {
      const score = tf.tidy(() => {
        let right: tf.Tensor | undefined;
        const { value, grads } = tf.variableGrads(() => {
          const { x, targets } = tensors(batch, shape, classes);
          const logits = model.apply(x, { training: true, step }) as tf.Tensor2D;
          right = tf.keep(countCorrect(logits, targets));
          return tf.mean(crossEntropy(logits, smooth(targets, options.labelSmoothing, classes)));
        }, trainable);
        optimizer.step(grads, factor);
        const both = tf.stack([value, right ?? tf.scalar(0)]);
        right?.dispose();
        return both;
      });
      return toScore(score, batch.count, batch.count);
    },
    async score(batch) {
      const score = tf.tidy(() => {
        const { x, targets } = tensors(batch, shape, classes);
        const logits = model.apply(x, { training: false }) as tf.Tensor2D;
        return tf.stack([tf.sum(crossEntropy(logits, targets)), countCorrect(logits, targets)]);
      });
      return toScore(score, batch.count, 1);
    },
    weights: () => Promise.all(model.weights.map((weight) => numbers(weight.read()))),
    setWeights: (values) => setModelWeights(model, values),
    moments: () => Promise.all(optimizer.moments().map(numbers)),
    setMoments(values, steps) {
      assign(optimizer.moments(), values);
      optimizer.restoreCount(steps);
    },
    dispose: () => optimizer.dispose(),
  };
}

/** Gives every weight of `model`, batch norm's averages included, the values of another moment. */
export function setModelWeights(model: LayersModel, values: readonly Float32Array[]): void {
  assign(
    model.weights.map((weight) => weight.read() as unknown as tf.Variable),
    values,
  );
}

function tensors(
  batch: Batch,
  shape: [number, number, number],
  classes: number,
): { x: tf.Tensor4D; targets: tf.Tensor2D } {
  const x = tf.tensor4d(batch.pixels, [batch.count, ...shape]);
  const labels = tf.tensor1d(batch.labels, 'int32');
  return { x, targets: tf.cast(tf.oneHot(labels, classes), 'float32') as tf.Tensor2D };
}

function smooth(targets: tf.Tensor2D, share: number, classes: number): tf.Tensor2D {
  return share === 0 ? targets : tf.add(tf.mul(targets, 1 - share), share / classes);
}

/** One number per picture. */
function crossEntropy(logits: tf.Tensor2D, targets: tf.Tensor2D): tf.Tensor {
  return tf.neg(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), 1));
}

function countCorrect(logits: tf.Tensor2D, targets: tf.Tensor2D): tf.Tensor {
  return tf.sum(tf.cast(tf.equal(tf.argMax(logits, 1), tf.argMax(targets, 1)), 'float32'));
}

/** Reads [loss, correct], the only numbers of a step that leave the backend: a GPU is waited for once. */
async function toScore(score: tf.Tensor, seen: number, factor: number): Promise<Score> {
  const [loss, correct] = await score.data();
  score.dispose();
  return { loss: (loss ?? NaN) * factor, correct: correct ?? 0, seen };
}

async function numbers(tensor: tf.Tensor): Promise<Float32Array> {
  return Float32Array.from(await tensor.data());
}

function assign(variables: readonly tf.Variable[], values: readonly Float32Array[]): void {
  if (variables.length !== values.length) throw new Error('bug: values of another model');
  for (const [i, variable] of variables.entries()) {
    tf.tidy(() => variable.assign(tf.tensor(values[i] ?? [], variable.shape)));
  }
}
