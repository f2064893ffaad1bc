import t from 'tap';
import * as tf from '@tensorflow/tfjs-core';
import { openBackend } from '../backend.ts';

/** One convolution whose gradients wasm and the plain backend must agree on. */
interface Case {
  readonly x: [number, number, number, number];
  /** [height, width, out channels], or the channel multiplier where depthwise. */
  readonly filter: [number, number, number];
  readonly strides: number | [number, number];
  readonly pad: 'same' | 'valid' | number;
}

const cases: readonly Case[] = [
  { x: [2, 8, 8, 3], filter: [3, 3, 4], strides: 1, pad: 'same' },
  { x: [2, 8, 8, 3], filter: [3, 3, 4], strides: 1, pad: 'valid' },
  { x: [2, 8, 8, 3], filter: [3, 3, 4], strides: 2, pad: 'same' },
  { x: [2, 8, 8, 3], filter: [3, 3, 4], strides: 2, pad: 'valid' },
  { x: [1, 7, 9, 2], filter: [3, 3, 5], strides: 2, pad: 'same' },
  { x: [1, 7, 9, 2], filter: [3, 3, 5], strides: 2, pad: 'valid' },
  { x: [3, 11, 5, 2], filter: [5, 3, 3], strides: 3, pad: 'same' },
  { x: [2, 10, 10, 2], filter: [4, 4, 3], strides: 3, pad: 'valid' },
  { x: [2, 6, 6, 4], filter: [1, 1, 5], strides: 1, pad: 'same' },
  { x: [2, 7, 7, 4], filter: [1, 1, 5], strides: 2, pad: 'same' },
  { x: [2, 7, 7, 4], filter: [2, 2, 3], strides: 1, pad: 'same' },
  { x: [2, 7, 7, 4], filter: [2, 2, 3], strides: 2, pad: 'valid' },
  { x: [2, 9, 8, 3], filter: [3, 2, 2], strides: [2, 1], pad: 'same' },
  { x: [2, 9, 8, 3], filter: [3, 3, 2], strides: [1, 3], pad: 'valid' },
  { x: [1, 8, 8, 2], filter: [3, 3, 3], strides: 1, pad: 2 },
  { x: [1, 8, 8, 2], filter: [3, 3, 3], strides: 2, pad: 1 },
  { x: [1, 5, 5, 1], filter: [5, 5, 1], strides: 1, pad: 'valid' },
  { x: [1, 1, 1, 3], filter: [3, 3, 2], strides: 1, pad: 'same' },
  { x: [2, 16, 16, 8], filter: [7, 7, 6], strides: 2, pad: 'same' },
  { x: [4, 13, 17, 5], filter: [3, 3, 7], strides: 2, pad: 'same' },
];

/** Loss = sum(convolution * weights), with dy known and different everywhere. */
function gradients(
  kind: 'full' | 'depthwise',
  { x, filter, strides, pad }: Case,
): { dx: Float32Array; dw: Float32Array } {
  return tf.tidy(() => {
    const [height, width, last] = filter;
    const image = tf.randomNormal(x, 0, 1, 'float32', 1);
    const taps = tf.randomNormal<tf.Rank.R4>([height, width, x[3], last], 0, 1, 'float32', 2);
    const loss = (a: tf.Tensor, b: tf.Tensor): tf.Scalar => {
      const y =
        kind === 'full'
          ? tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, strides, pad)
          : tf.depthwiseConv2d(a as tf.Tensor4D, b as tf.Tensor4D, strides, pad);
      return tf.sum(tf.mul(y, tf.randomNormal(y.shape, 0, 1, 'float32', 3)));
    };
    const [dx, dw] = tf.grads(loss)([image, taps]) as [tf.Tensor, tf.Tensor];
    return { dx: dx.dataSync<'float32'>(), dw: dw.dataSync<'float32'>() };
  });
}

/** Largest difference, relative to the largest value. */
function relativeError(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length) return Infinity;
  const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-6);
  return expected.reduce(
    (largest, value, i) => Math.max(largest, Math.abs(value - (actual[i] ?? NaN)) / scale),
    0,
  );
}

t.test('gradients on wasm agree with the plain backend', async (t) => {
  await openBackend({ prefer: 'cpu' });
  await openBackend({ prefer: 'wasm' });
  for (const kind of ['full', 'depthwise'] as const) {
    for (const example of cases) {
      const { x, filter, strides, pad } = example;
      const sameStrides = typeof strides === 'number' || strides[0] === strides[1];
      if (kind === 'depthwise' && !sameStrides) continue; // the forward kernel of TF.js refuses those
      const name = `${kind} ${x.join('x')} * ${filter.join('x')} / ${String(strides)} ${pad}`;
      await tf.setBackend('cpu');
      const expected = gradients(kind, example);
      await tf.setBackend('wasm');
      const actual = gradients(kind, example);
      t.ok(relativeError(actual.dx, expected.dx) < 5e-5, `${name}: dx`);
      t.ok(relativeError(actual.dw, expected.dw) < 5e-5, `${name}: dw`);
    }
  }
});

t.test('a filter gradient agrees with finite differences', async (t) => {
  await openBackend({ prefer: 'wasm' });
  const example: Case = { x: [2, 6, 6, 2], filter: [3, 3, 2], strides: 2, pad: 'same' };
  const x = tf.randomNormal<tf.Rank.R4>(example.x, 0, 1, 'float32', 5);
  const taps = tf.randomNormal<tf.Rank.R4>([3, 3, 2, 2], 0, 0.5, 'float32', 6);
  const loss = (w: tf.Tensor): tf.Scalar =>
    tf.mean(tf.square(tf.conv2d(x, w as tf.Tensor4D, example.strides, 'same')));
  const analytic = tf.grad(loss)(taps).dataSync<'float32'>();

  const values = taps.dataSync<'float32'>();
  const step = 1e-2;
  const at = (i: number, delta: number): number =>
    tf.tidy(() => {
      const moved = Float32Array.from(values);
      moved[i] = (moved[i] ?? 0) + delta;
      return loss(tf.tensor4d(moved, [3, 3, 2, 2])).dataSync()[0] ?? NaN;
    });
  const numeric = Float32Array.from(values, (_, i) => (at(i, step) - at(i, -step)) / (2 * step));
  t.ok(relativeError(analytic, numeric) < 1e-3, 'within 0.1 %');
});

t.test('no tensor is left behind', async (t) => {
  await openBackend({ prefer: 'wasm' });
  const before = tf.memory().numTensors;
  for (const example of cases.slice(0, 8)) {
    gradients('full', example);
    if (typeof example.strides === 'number') gradients('depthwise', example);
  }
  t.equal(tf.memory().numTensors, before);
});
