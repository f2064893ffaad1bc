import t from 'tap';
import * as tf from '@tensorflow/tfjs-core';
import { openBackend } from '../backend.ts';
import {
  gradientCases,
  gradients,
  referenceGradients,
  relativeError,
  type Convolution,
} from '../testing/gradient-cases.ts';

t.test('gradients on wasm agree with the plain backend', async (t) => {
  await openBackend({ prefer: 'cpu' });
  await openBackend({ prefer: 'wasm' });
  for (const [example, expected] of await referenceGradients()) {
    const actual = await gradients(example);
    t.ok(relativeError(actual.dx, expected.dx) < 5e-5, `${example.name}: dx`);
    t.ok(relativeError(actual.dw, expected.dw) < 5e-5, `${example.name}: dw`);
  }
});

t.test('a filter gradient agrees with finite differences', async (t) => {
  await openBackend({ prefer: 'wasm' });
  const example: Convolution = { x: [2, 6, 6, 2], filter: [3, 3, 2], strides: 2, pad: 'same' };
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
  for (const example of gradientCases) await gradients(example);
  t.equal(tf.memory().numTensors, before);
});
