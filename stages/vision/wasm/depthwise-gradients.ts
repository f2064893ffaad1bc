/** Gradients of a depthwise 2-d convolution (NHWC, no dilation), composed from kernels that wasm has. */
import * as tf from '@tensorflow/tfjs-core';
import { describeWindows, interleave, phasePadding, splitPhases, type Windows } from './phases.ts';

type Shape4D = [number, number, number, number];

/** Kernel DepthwiseConv2dNativeBackpropInput: per channel the same phases as conv2dInputGradient. */
export const depthwiseInputGradient: tf.KernelFunc = ({ inputs, attrs }) => {
  const { dy, filter } = inputs as unknown as Record<'dy' | 'filter', tf.Tensor4D>;
  const { strides, pad, dimRoundingMode, inputShape } =
    attrs as unknown as tf.DepthwiseConv2dNativeBackpropInputAttrs;
  const windows = describeWindows(
    inputShape,
    filter.shape,
    strides,
    pad,
    'NHWC',
    dimRoundingMode,
    true,
  );
  const multiplier = filter.shape[3];

  return tf.tidy(() => {
    const gradients: tf.Tensor4D[] = [];
    for (let member = 0; member < multiplier; member++) {
      const outputs = channelsOf(dy, member, multiplier);
      const taps = tf.slice(filter, [0, 0, 0, member], [-1, -1, -1, 1]);
      gradients.push(oneToOneInputGradient(outputs, taps, windows));
    }
    return gradients.length === 1 ? only(gradients) : tf.addN(gradients);
  });
};

/**
 * Kernel DepthwiseConv2dNativeBackpropFilter: for every tap, the products of the pixels that it read with dy,
 * summed over batch and positions.
 */
export const depthwiseFilterGradient: tf.KernelFunc = ({ inputs, attrs }) => {
  const { x, dy } = inputs as unknown as Record<'x' | 'dy', tf.Tensor4D>;
  const { strides, pad, dimRoundingMode, filterShape } =
    attrs as unknown as tf.DepthwiseConv2dNativeBackpropFilterAttrs;
  const windows = describeWindows(
    x.shape,
    filterShape,
    strides,
    pad,
    'NHWC',
    dimRoundingMode,
    true,
  );
  const multiplier = filterShape[3];

  return tf.tidy(() => {
    const phases = inputPhases(x, windows);
    const members: tf.Tensor[] = [];
    for (let member = 0; member < multiplier; member++) {
      const sums = tapSums(phases, channelsOf(dy, member, multiplier), windows);
      members.push(tf.reshape(sums, [...filterShape.slice(0, 3), 1]));
    }
    return members.length === 1 ? only(members) : tf.concat(members, 3);
  });
};

/** dx where every input channel has one output channel. */
function oneToOneInputGradient(
  dy: tf.Tensor4D,
  filter: tf.Tensor4D,
  windows: Windows,
): tf.Tensor4D {
  const { inChannels } = windows;
  const { phases, rows, columns, count } = splitPhases(filter, windows);
  // [mh, mw, phase, channel] -> [mh, mw, channel, phase]: the phases become the channel multiplier.
  const filters = tf.reshape<tf.Rank.R4>(
    tf.transpose(tf.reshape(phases, [rows * columns, count, inChannels]), [0, 2, 1]),
    [rows, columns, inChannels, count],
  );
  const padding = phasePadding(windows);
  const padded = tf.pad(dy, padding);
  const convolved = tf.depthwiseConv2d(padded, filters, 1, 'valid');
  if (count === 1) return interleave(convolved, windows);
  const [batch, height, width] = convolved.shape;
  const byPhase = tf.transpose(
    tf.reshape(convolved, [batch * height * width, inChannels, count]),
    [0, 2, 1],
  );
  return interleave(tf.reshape(byPhase, [batch, height, width, count * inChannels]), windows);
}

/**
 * x by the phases of the stride: phase (a, b) holds rows a, a + s, a + 2s … of the padded input, so that what
 * a tap reads is one contiguous slice. stridedSlice would give the same at several times the cost on wasm.
 */
function inputPhases(x: tf.Tensor4D, windows: Windows): tf.Tensor4D[][] {
  const { batchSize, inHeight, inWidth, inChannels, padInfo } = windows;
  const { filterHeight, filterWidth, strideHeight, strideWidth, outHeight, outWidth } = windows;
  const height = paddedSize(inHeight + padInfo.top, outHeight, strideHeight, filterHeight);
  const width = paddedSize(inWidth + padInfo.left, outWidth, strideWidth, filterWidth);
  const padded = tf.pad(x, [
    [0, 0],
    [padInfo.top, height - inHeight - padInfo.top],
    [padInfo.left, width - inWidth - padInfo.left],
    [0, 0],
  ]);
  if (strideHeight * strideWidth === 1) return [[padded]];

  const rows = height / strideHeight;
  const columns = width / strideWidth;
  const split = tf.reshape(padded, [
    batchSize * rows,
    strideHeight,
    columns,
    strideWidth * inChannels,
  ]);
  return Array.from({ length: strideHeight }, (_, a) => {
    return Array.from({ length: strideWidth }, (_unused, b) => {
      const size: Shape4D = [batchSize * rows, 1, columns, inChannels];
      const phase = tf.slice(split, [0, a, 0, b * inChannels], size);
      return tf.reshape(phase, [batchSize, rows, columns, inChannels]);
    });
  });
}

/** [taps, channels]: for every tap the sum of (what it read) * dy. */
function tapSums(phases: readonly tf.Tensor4D[][], dy: tf.Tensor4D, windows: Windows): tf.Tensor {
  const { batchSize, outHeight, outWidth, inChannels } = windows;
  const { filterHeight, filterWidth, strideHeight, strideWidth } = windows;
  const pixels = batchSize * outHeight * outWidth;
  // A sum over leading axes makes wasm transpose first; a matrix product with ones reads the numbers once.
  const ones = tf.ones([1, pixels]);
  const sums: tf.Tensor[] = [];
  for (let row = 0; row < filterHeight; row++) {
    for (let column = 0; column < filterWidth; column++) {
      const phase = phases[row % strideHeight]?.[column % strideWidth];
      if (phase === undefined) throw new Error('bug: a tap without a phase');
      const begin: Shape4D = [
        0,
        Math.floor(row / strideHeight),
        Math.floor(column / strideWidth),
        0,
      ];
      const read = tf.slice(phase, begin, [batchSize, outHeight, outWidth, inChannels]);
      const products = tf.reshape(tf.mul(read, dy), [pixels, inChannels]);
      sums.push(tf.matMul(ones, products));
    }
  }
  return tf.concat(sums, 0);
}

/** The smallest multiple of the stride that holds the input, its padding and every window with its taps. */
function paddedSize(size: number, windows: number, stride: number, taps: number): number {
  return Math.ceil(Math.max(size, (windows - 1) * stride + taps) / stride) * stride;
}

/** Of dy's channels (channel-major, then multiplier) every `multiplier`-th, starting at `member`. */
function channelsOf(dy: tf.Tensor4D, member: number, multiplier: number): tf.Tensor4D {
  if (multiplier === 1) return dy;
  const [batch, height, width, channels] = dy.shape;
  const rows = tf.reshape(dy, [batch * height * width, channels / multiplier, multiplier]);
  const picked = tf.slice(rows, [0, 0, member], [-1, -1, 1]);
  return tf.reshape(picked, [batch, height, width, channels / multiplier]);
}

function only<T>(values: readonly T[]): T {
  const [value] = values;
  if (value === undefined) throw new Error('bug: an empty list');
  return value;
}
