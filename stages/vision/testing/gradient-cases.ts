/** Convolutions whose gradients every backend has to agree on with the plain one. */
import * as tf from '@tensorflow/tfjs-core';

export interface Convolution {
  readonly x: [number, number, number, number];
  /** [height, width, out channels], or the channel multiplier where depthwise. */
  readonly filter: [number, number, number];
  readonly strides: number | [number, number];
  readonly pad: 'same' | 'valid' | number;
}

/** One convolution, full or depthwise. */
export interface Case extends Convolution {
  readonly kind: 'full' | 'depthwise';
  /** What it is, for the name of a check. */
  readonly name: string;
}

export interface Gradients {
  readonly dx: Float32Array;
  readonly dw: Float32Array;
}

const convolutions: readonly Convolution[] = [
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

/** Each convolution in both kinds, but for depthwise ones whose strides differ: TF.js has no forward kernel for those. */
export const gradientCases: readonly Case[] = (['full', 'depthwise'] as const).flatMap((kind) =>
  convolutions
    .filter(({ strides }) => kind === 'full' || sameBothWays(strides))
    .map((convolution) => {
      const { x, filter, strides, pad } = convolution;
      const name = `${kind} ${x.join('x')} * ${filter.join('x')} / ${String(strides)} ${pad}`;
      return { ...convolution, kind, name };
    }),
);

function sameBothWays(strides: Convolution['strides']): boolean {
  return typeof strides === 'number' || strides[0] === strides[1];
}

/** On the active backend, with random numbers of fixed seeds. Loss = sum(convolution * weights), with dy known and different everywhere. */
export async function gradients({
  kind,
  x,
  filter,
  strides,
  pad,
}: Omit<Case, 'name'>): Promise<Gradients> {
  const [dx, dw] = tf.tidy(() => {
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
    return tf.grads(loss)([image, taps]) as [tf.Tensor, tf.Tensor];
  });
  const values = { dx: await dx.data<'float32'>(), dw: await dw.data<'float32'>() };
  tf.dispose([dx, dw]);
  return values;
}

/** Largest difference, relative to the largest value. */
export function relativeError(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length) return Infinity;
  const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-6);
  return expected.reduce(
    (largest, value, i) => Math.max(largest, Math.abs(value - (actual[i] ?? NaN)) / scale),
    0,
  );
}

/** Gradients of every case on `cpu`, the plain backend, which has to be open. */
export async function referenceGradients(): Promise<ReadonlyMap<Case, Gradients>> {
  const active = tf.getBackend();
  await tf.setBackend('cpu');
  const expected = new Map<Case, Gradients>();
  for (const example of gradientCases) expected.set(example, await gradients(example));
  await tf.setBackend(active);
  return expected;
}
