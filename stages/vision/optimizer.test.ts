import t from 'tap';
import * as tf from '@tensorflow/tfjs-core';
import { openBackend } from './backend.ts';
import { createAdamW } from './optimizer.ts';

t.before(() => openBackend({ prefer: 'cpu' }));

/** AdamW on one number, straight from the paper. */
function reference(
  start: number,
  gradients: readonly number[],
  rate: number,
  decay: number,
): number {
  let [weight, m, v] = [start, 0, 0];
  for (const [i, gradient] of gradients.entries()) {
    m = 0.9 * m + 0.1 * gradient;
    v = 0.999 * v + 0.001 * gradient ** 2;
    const mHat = m / (1 - 0.9 ** (i + 1));
    const vHat = v / (1 - 0.999 ** (i + 1));
    weight -= rate * (mHat / (Math.sqrt(vHat) + 1e-8) + decay * weight);
  }
  return weight;
}

t.test('follows the formula, decay on kernels only', async (t) => {
  const kernel = tf.variable(tf.tensor2d([[2]]), true, 'kernel-a');
  const bias = tf.variable(tf.tensor1d([2]), true, 'bias-a');
  const optimizer = createAdamW([{ name: 'all', rate: 0.1, variables: [kernel, bias] }], {
    weightDecay: 0.5,
  });
  const gradients = [1, -3, 0.5, 2];
  for (const gradient of gradients) {
    optimizer.step({ 'kernel-a': tf.tensor2d([[gradient]]), 'bias-a': tf.tensor1d([gradient]) }, 1);
  }
  t.ok(Math.abs((kernel.dataSync()[0] ?? NaN) - reference(2, gradients, 0.1, 0.5)) < 1e-5);
  t.ok(Math.abs((bias.dataSync()[0] ?? NaN) - reference(2, gradients, 0.1, 0)) < 1e-5);
  t.equal(optimizer.count(), 4);
});

t.test('each group moves at its own rate, and rate 0 not at all', async (t) => {
  const [slow, fast, still] = ['slow', 'fast', 'still'].map((name) =>
    tf.variable(tf.tensor1d([1]), true, name),
  ) as [tf.Variable, tf.Variable, tf.Variable];
  const optimizer = createAdamW(
    [
      { name: 'encoder', rate: 0.001, variables: [slow] },
      { name: 'head', rate: 0.1, variables: [fast] },
      { name: 'frozen', rate: 0, variables: [still] },
    ],
    { weightDecay: 0 },
  );
  optimizer.step({ slow: tf.tensor1d([1]), fast: tf.tensor1d([1]), still: tf.tensor1d([1]) }, 0.5);
  // The first step of Adam is the rate itself.
  t.ok(Math.abs(1 - (slow.dataSync()[0] ?? NaN) - 0.0005) < 1e-6);
  t.ok(Math.abs(1 - (fast.dataSync()[0] ?? NaN) - 0.05) < 1e-5);
  t.equal(still.dataSync()[0], 1);
});

t.test('a missing gradient is a bug, and steps leave no tensors behind', async (t) => {
  const variable = tf.variable(tf.tensor1d([1]), true, 'lonely');
  const optimizer = createAdamW([{ name: 'all', rate: 1, variables: [variable] }], {
    weightDecay: 0,
  });
  t.throws(() => optimizer.step({}, 1), /lonely has no gradient/);
  const gradient = tf.tensor1d([1]);
  optimizer.step({ lonely: gradient }, 1);
  const before = tf.memory().numTensors;
  for (let i = 0; i < 5; i++) optimizer.step({ lonely: gradient }, 1);
  t.equal(tf.memory().numTensors, before);
});
