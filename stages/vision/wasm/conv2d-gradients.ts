/** Gradients of a 2-d convolution (NHWC, no dilation), each itself a convolution. */
import * as tf from '@tensorflow/tfjs-core';
import { describeWindows, interleave, phasePadding, splitPhases, type Windows } from './phases.ts';

/**
 * Kernel Conv2DBackpropFilter: dW[kh, kw, i, o] = sum over n, oh, ow of x[n, oh*s + kh - pad, …, i] * dy[n, oh, ow, o].
 * That is a convolution of x with dy as its filter, where batch and channels have changed places and
 * the stride has become a dilation.
 */
export const conv2dFilterGradient: tf.KernelFunc = ({ inputs, attrs }) => {
  const { x, dy } = inputs as unknown as tf.Conv2DBackpropFilterInputs as Record<
    'x' | 'dy',
    tf.Tensor4D
  >;
  const { strides, pad, dataFormat, dimRoundingMode, filterShape } =
    attrs as unknown as tf.Conv2DBackpropFilterAttrs;
  const windows = describeWindows(x.shape, filterShape, strides, pad, dataFormat, dimRoundingMode);
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = windows;
  const { filterHeight, filterWidth, strideHeight, strideWidth, padInfo } = windows;

  return tf.tidy(() => {
    if (isPointwise(windows)) {
      const pixels = batchSize * outHeight * outWidth;
      // matMul(…, transposeA) is several times slower on wasm than an explicit transpose before it.
      const rows = tf.transpose(tf.reshape(x, [pixels, inChannels]));
      const product = tf.matMul(rows, tf.reshape(dy, [pixels, outChannels]));
      return tf.reshape(product, [1, 1, inChannels, outChannels]);
    }
    const bottom = missing(inHeight, padInfo.top, outHeight, strideHeight, filterHeight);
    const right = missing(inWidth, padInfo.left, outWidth, strideWidth, filterWidth);
    const gradient = tf.conv2d(
      tf.transpose(x, [3, 1, 2, 0]),
      tf.transpose(dy, [1, 2, 0, 3]),
      1,
      [
        [0, 0],
        [padInfo.top, Math.max(0, bottom)],
        [padInfo.left, Math.max(0, right)],
        [0, 0],
      ],
      'NHWC',
      [strideHeight, strideWidth],
    );
    // Rows that no window of the forward pass read have made it too tall.
    const size: [number, number, number, number] = [
      inChannels,
      filterHeight,
      filterWidth,
      outChannels,
    ];
    return tf.transpose(tf.slice(gradient, [0, 0, 0, 0], size), [1, 2, 0, 3]);
  });
};

/**
 * Kernel Conv2DBackpropInput. With strides s and t the gradient falls into s*t phases, each a convolution of dy
 * with every s-th (t-th) tap of the filter: one convolution computes all of them as channels.
 */
export const conv2dInputGradient: tf.KernelFunc = ({ inputs, attrs }) => {
  const { dy, filter } = inputs as unknown as Record<'dy' | 'filter', tf.Tensor4D>;
  const { strides, pad, dataFormat, dimRoundingMode, inputShape } =
    attrs as unknown as tf.Conv2DBackpropInputAttrs;
  const windows = describeWindows(
    inputShape,
    filter.shape,
    strides,
    pad,
    dataFormat,
    dimRoundingMode,
  );
  const { batchSize, inChannels, outHeight, outWidth, outChannels } = windows;

  return tf.tidy(() => {
    if (isPointwise(windows)) {
      const weights = tf.transpose(tf.reshape(filter, [inChannels, outChannels]));
      const rows = tf.reshape(dy, [batchSize * outHeight * outWidth, outChannels]);
      return tf.reshape(tf.matMul(rows, weights), windows.inShape);
    }
    const convolved = tf.conv2d(dy, phaseFilters(filter, windows), 1, phasePadding(windows));
    return interleave(convolved, windows);
  });
};

/** [kh, kw, in, out] -> [mh, mw, out, s*t*in]. */
function phaseFilters(filter: tf.Tensor4D, windows: Windows): tf.Tensor4D {
  const { inChannels, outChannels } = windows;
  const { phases, rows, columns, count } = splitPhases(filter, windows);
  const turned = tf.transpose(
    tf.reshape(phases, [rows * columns, count * inChannels, outChannels]),
    [0, 2, 1],
  );
  return tf.reshape(turned, [rows, columns, outChannels, count * inChannels]);
}

function isPointwise(windows: Windows): boolean {
  const { filterHeight, filterWidth, strideHeight, strideWidth } = windows;
  const { inHeight, inWidth, outHeight, outWidth } = windows;
  return (
    filterHeight * filterWidth * strideHeight * strideWidth === 1 &&
    outHeight === inHeight &&
    outWidth === inWidth
  );
}

/** Rows that the windows of the forward pass read beyond the input's end; below 0: rows that none reads. */
function missing(
  size: number,
  before: number,
  count: number,
  stride: number,
  taps: number,
): number {
  return (count - 1) * stride + taps - size - before;
}
