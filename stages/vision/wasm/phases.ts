/**
 * The gradient of a strided convolution with respect to its input, by phases.
 *
 * Row i of the input lies at p = i + padding = q * stride + a. With stride 2 the even rows see only the even taps of
 * the filter and the odd rows the odd ones, so every phase a is a plain convolution of dy with a part of the filter.
 * Putting zeros between the rows of dy instead would multiply the work by stride * stride.
 */
import * as tf from '@tensorflow/tfjs-core';

export type Windows = tf.backend_util.Conv2DInfo;
type Pad = Parameters<typeof tf.backend_util.computeConv2DInfo>[4];
type Shape4D = [number, number, number, number];

/** Where the windows of the forward convolution lay. Throws for NCHW, which wasm does not have. */
export function describeWindows(
  inputShape: Shape4D,
  filterShape: Shape4D,
  strides: number | [number, number],
  pad: Pad,
  dataFormat: 'NHWC' | 'NCHW' | undefined,
  rounding: 'floor' | 'round' | 'ceil' | undefined,
  depthwise = false,
): Windows {
  if (dataFormat === 'NCHW') throw new Error('the wasm backend has gradients for NHWC only');
  return tf.backend_util.computeConv2DInfo(
    inputShape,
    filterShape,
    strides,
    1,
    pad,
    rounding,
    depthwise,
  );
}

/**
 * A filter [kh, kw, rest…] by phases: [mh, mw, s*t, rest…] flattened, taps turned by 180 degrees, zeros where
 * the filter's size is no multiple of the stride.
 */
export function splitPhases(
  filter: tf.Tensor4D,
  windows: Windows,
): { phases: tf.Tensor4D; rows: number; columns: number; count: number } {
  const [height, width, a, b] = filter.shape;
  const { strideHeight, strideWidth } = windows;
  const rows = Math.ceil(height / strideHeight);
  const columns = Math.ceil(width / strideWidth);
  const padded = tf.pad(filter, [
    [0, rows * strideHeight - height],
    [0, columns * strideWidth - width],
    [0, 0],
    [0, 0],
  ]);
  // Two transposes of rank 4 for one of rank 6, which wasm does element by element.
  const rest = strideWidth * a * b;
  const byRow = tf.reverse(
    tf.reshape<tf.Rank.R4>(padded, [rows, strideHeight, columns, rest]),
    [0, 2],
  );
  const phases = tf.transpose(byRow, [0, 2, 1, 3]);
  return { phases, rows, columns, count: strideHeight * strideWidth };
}

/** Explicit padding of dy for the convolution with phase filters: every phase comes out complete. */
export function phasePadding(
  windows: Windows,
): [[0, 0], [number, number], [number, number], [0, 0]] {
  const { filterHeight, filterWidth, strideHeight, strideWidth, outHeight, outWidth } = windows;
  const [rows, columns] = phaseSize(windows);
  return [
    [0, 0],
    [Math.ceil(filterHeight / strideHeight) - 1, Math.max(0, rows - outHeight)],
    [Math.ceil(filterWidth / strideWidth) - 1, Math.max(0, columns - outWidth)],
    [0, 0],
  ];
}

/** [n, rows, columns, s*t*channels] -> [n, height, width, channels] of the input: phases interleaved, padding cut off. */
export function interleave(convolved: tf.Tensor4D, windows: Windows): tf.Tensor4D {
  const { batchSize, inHeight, inWidth, inChannels, strideHeight, strideWidth, padInfo } = windows;
  const [rows, columns] = phaseSize(windows);
  const phases = part(
    convolved,
    [0, 0, 0, 0],
    [batchSize, rows, columns, strideHeight * strideWidth * inChannels],
  );
  const pixel = strideWidth * inChannels;
  const grouped = tf.reshape<tf.Rank.R4>(phases, [batchSize * rows, columns, strideHeight, pixel]);
  const ordered = strideHeight === 1 ? grouped : tf.transpose(grouped, [0, 2, 1, 3]);
  const whole = tf.reshape<tf.Rank.R4>(ordered, [
    batchSize,
    rows * strideHeight,
    columns * strideWidth,
    inChannels,
  ]);
  return part(whole, [0, padInfo.top, padInfo.left, 0], [batchSize, inHeight, inWidth, inChannels]);
}

/** Rows and columns of each phase: enough to cover the input and the padding before it. */
function phaseSize(windows: Windows): [number, number] {
  const { inHeight, inWidth, strideHeight, strideWidth, padInfo } = windows;
  return [
    Math.ceil((inHeight + padInfo.top) / strideHeight),
    Math.ceil((inWidth + padInfo.left) / strideWidth),
  ];
}

function part(x: tf.Tensor4D, begin: Shape4D, size: Shape4D): tf.Tensor4D {
  return tf.util.arraysEqual(x.shape, size) ? x : tf.slice(x, begin, size);
}
