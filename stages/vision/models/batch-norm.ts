/** Batch normalisation that trains fast: TF.js's own differentiates through a dozen passes over the activations. */
import * as tf from '@tensorflow/tfjs-core';
import { layers, type layers as Layers } from '@tensorflow/tfjs-layers';

type Layer = ReturnType<typeof Layers.batchNormalization>;
/** What TF.js keeps of a weight; `write` makes a new value of it. */
interface Weight {
  read(): tf.Tensor;
  write(value: tf.Tensor): unknown;
}
interface BatchNormInsides {
  gamma: Weight;
  beta: Weight;
  movingMean: Weight;
  movingVariance: Weight;
}

/** With 0.99, TF.js's default, the moving averages of a short training stay near their start and validation at chance. */
const MOMENTUM = 0.9;
const EPSILON = 1e-3;

/**
 * A layer of the standard class BatchNormalization over the last axis; only how it computes in training is replaced,
 * so a saved model knows nothing of it.
 */
export function batchNorm(name: string): Layer {
  const layer = layers.batchNormalization({ name, momentum: MOMENTUM, epsilon: EPSILON });
  const infer = layer.call.bind(layer);
  layer.call = (inputs, kwargs) => {
    if (kwargs['training'] !== true) return infer(inputs, kwargs);
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    if (x === undefined) throw new Error(`bug: ${name} was given no input`);
    return normaliseBatch(x, layer as unknown as BatchNormInsides);
  };
  return layer;
}

function normaliseBatch(x: tf.Tensor, weights: BatchNormInsides): tf.Tensor {
  return tf.tidy(() => {
    const channels = x.shape.at(-1) ?? 1;
    const count = x.size / channels;
    const flat = tf.reshape<tf.Rank.R2>(x, [count, channels]);
    const mean = tf.div(sumRows(flat), count);
    const variance = tf.div(sumRows(tf.squaredDifference<tf.Tensor2D>(flat, mean)), count);
    moveTowards(weights.movingMean, mean, MOMENTUM);
    moveTowards(weights.movingVariance, tf.mul(variance, count / Math.max(1, count - 1)), MOMENTUM);
    const y = scaleAndShift(flat, weights.gamma.read(), weights.beta.read(), mean, variance);
    return tf.reshape(y, x.shape);
  });
}

/** y = gamma * (x - mean) / sqrt(variance + epsilon) + beta, mean and variance being those of x itself. */
function scaleAndShift(
  x: tf.Tensor2D,
  gamma: tf.Tensor,
  beta: tf.Tensor,
  mean: tf.Tensor,
  variance: tf.Tensor,
): tf.Tensor {
  const inverse = tf.rsqrt(tf.add(variance, EPSILON));
  const [count] = x.shape;
  const differentiable = tf.customGrad((...args) => {
    const [input, scale, shift, save] = args as unknown as [
      tf.Tensor2D,
      tf.Tensor,
      tf.Tensor,
      tf.GradSaveFunc,
    ];
    const normal = tf.mul(tf.sub(input, mean), inverse);
    save([normal, scale, inverse]);
    return {
      value: tf.add(tf.mul(normal, scale), shift),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [xHat, factor, inverseStd] = saved as [tf.Tensor2D, tf.Tensor, tf.Tensor];
        const dShift = sumRows(dy as tf.Tensor2D);
        const dScale = sumRows(tf.mul(dy, xHat));
        // The batch's mean and variance move with x, which takes both means out of dy.
        const along = tf.mul(xHat, tf.div(dScale, count));
        const dx = tf.mul(
          tf.sub(tf.sub(dy, tf.div(dShift, count)), along),
          tf.mul(factor, inverseStd),
        );
        return [dx, tf.reshape(dScale, factor.shape), tf.reshape(dShift, factor.shape)];
      },
    };
  });
  return differentiable(x, gamma, beta);
}

/**
 * [n, c] -> [1, c]. As a product with ones it takes a tenth of the time of tf.sum over the first axis on wasm.
 * Filled where they are needed: tf.ones would send them to a GPU.
 */
function sumRows(x: tf.Tensor2D): tf.Tensor2D {
  return tf.matMul(tf.fill([1, x.shape[0]], 1), x);
}

function moveTowards(average: Weight, value: tf.Tensor, momentum: number): void {
  tf.tidy(() => {
    const old = average.read();
    const change = tf.mul(tf.sub(old, tf.reshape(value, old.shape)), 1 - momentum);
    average.write(tf.sub(old, change));
  });
}
