/**
 * Gradients of a convolution with respect to its filter. Those of TensorFlow.js give each number of the filter to one
 * thread, which walks all pixels of the batch alone: a GPU has some hundred thousand threads and a filter often a
 * thousand numbers. Here a workgroup shares the pixels of eight numbers.
 */
import * as tf from '@tensorflow/tfjs-core';
import { GROUP, run, type Program, type Uniform } from './program.ts';

/** Output channels of a workgroup: side by side in memory, so that a read brings what all of them need. */
const CHANNELS = 8;
const LANES = 32;
const THREADS = CHANNELS * LANES;

/** Kernel Conv2DBackpropFilter. */
export const conv2dFilterGradient: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const { x, dy } = inputs as unknown as Record<'x' | 'dy', tf.Tensor4D>;
  const { strides, pad, dataFormat, dimRoundingMode, filterShape } =
    attrs as unknown as tf.Conv2DBackpropFilterAttrs;
  if (dataFormat === 'NCHW') throw new Error('the webgpu backend has gradients for NHWC only');
  const info = tf.backend_util.computeConv2DInfo(
    x.shape,
    filterShape,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  return isPointwise(info) ? pointwise(x, dy, info) : filterGradient(backend, x, dy, info, 'full');
};

/** Kernel DepthwiseConv2dNativeBackpropFilter. */
export const depthwiseFilterGradient: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const { x, dy } = inputs as unknown as Record<'x' | 'dy', tf.Tensor4D>;
  const { strides, dilations, pad, dimRoundingMode, filterShape } =
    attrs as unknown as tf.DepthwiseConv2dNativeBackpropFilterAttrs;
  const info = tf.backend_util.computeConv2DInfo(
    x.shape,
    filterShape,
    strides,
    dilations,
    pad,
    dimRoundingMode,
    true,
  );
  return filterGradient(backend, x, dy, info, 'depthwise');
};

/** A product of matrices, which TF.js has split over the GPU by itself. */
function pointwise(
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  { inChannels, outChannels, filterShape }: tf.backend_util.Conv2DInfo,
): tf.Tensor {
  return tf.tidy(() => {
    const rows = tf.reshape<tf.Rank.R2>(x, [-1, inChannels]);
    const products = tf.matMul(rows, tf.reshape<tf.Rank.R2>(dy, [-1, outChannels]), true, false);
    return tf.reshape(products, filterShape);
  });
}

function isPointwise(info: tf.backend_util.Conv2DInfo): boolean {
  const { filterHeight, filterWidth, strideHeight, strideWidth } = info;
  return (
    filterHeight * filterWidth * strideHeight * strideWidth === 1 &&
    info.outHeight === info.inHeight &&
    info.outWidth === info.inWidth
  );
}

function filterGradient(
  backend: unknown,
  x: tf.TensorInfo,
  dy: tf.TensorInfo,
  info: tf.backend_util.Conv2DInfo,
  kind: 'full' | 'depthwise',
): tf.TensorInfo {
  const { filterHeight, filterWidth, inChannels, outChannels } = info;
  const taps = filterHeight * filterWidth * (kind === 'full' ? inChannels : 1);
  const program: Program = {
    variableNames: ['x', 'dy'],
    outputShape: info.filterShape,
    uniforms:
      'pads : vec2<i32>, strides : vec2<i32>, dilations : vec2<i32>, inSize : vec2<i32>, outSize : vec2<i32>, ' +
      'pixels : i32, inChannels : i32, outChannels : i32, filterWidth : i32, taps : i32, multiplier : i32,',
    workgroupSize: [THREADS, 1, 1],
    dispatchLayout: { x: [] },
    dispatch: [taps * Math.ceil(outChannels / CHANNELS), 1, 1],
    shaderKey: `aviansight_filter_gradient_${kind}`,
    getUserCode: () => shader(kind),
  };
  const numbers = (...data: number[]): Uniform => ({ type: 'int32', data });
  return run(
    backend,
    program,
    [x, dy],
    [
      numbers(info.padInfo.top, info.padInfo.left),
      numbers(info.strideHeight, info.strideWidth),
      numbers(info.dilationHeight, info.dilationWidth),
      numbers(info.inHeight, info.inWidth),
      numbers(info.outHeight, info.outWidth),
      numbers(info.batchSize * info.outHeight * info.outWidth),
      numbers(inChannels),
      numbers(outChannels),
      numbers(filterWidth),
      numbers(taps),
      numbers(outChannels / inChannels),
    ],
  );
}

/** A filter's numbers are [tap, channel], a tap being (row, column, input channel), or (row, column) where depthwise. */
function shader(kind: 'full' | 'depthwise'): string {
  const tap =
    kind === 'full'
      ? 'let inChannel = tap % uniforms.inChannels; let cell = tap / uniforms.inChannels;'
      : 'let inChannel = channel / uniforms.multiplier; let cell = tap;';
  return `
    var<workgroup> sums : array<f32, ${THREADS}>;
    fn main(index : i32) {
      let group = ${GROUP};
      let tiles = (uniforms.outChannels + ${CHANNELS - 1}) / ${CHANNELS};
      let channel = (group % tiles) * ${CHANNELS} + i32(localIndex % ${CHANNELS}u);
      let tap = group / tiles;
      ${tap}
      let first = vec2<i32>(cell / uniforms.filterWidth, cell % uniforms.filterWidth) * uniforms.dilations - uniforms.pads;
      // No early return: every thread has to reach the barriers.
      let mine = tap < uniforms.taps && channel < uniforms.outChannels;
      var sum = 0.0;
      if (mine) {
        for (var pixel = i32(localIndex / ${CHANNELS}u); pixel < uniforms.pixels; pixel = pixel + ${LANES}) {
          let line = pixel / uniforms.outSize.y;
          let image = line / uniforms.outSize.x;
          let out = vec2<i32>(line - image * uniforms.outSize.x, pixel - line * uniforms.outSize.y);
          let at = first + out * uniforms.strides;
          if (all(at >= vec2<i32>(0, 0)) && all(at < uniforms.inSize)) {
            let place = (image * uniforms.inSize.x + at.x) * uniforms.inSize.y + at.y;
            sum = sum + x[place * uniforms.inChannels + inChannel] * dy[pixel * uniforms.outChannels + channel];
          }
        }
      }
      sums[localIndex] = sum;
      workgroupBarrier();
      for (var left = ${THREADS / 2}u; left >= ${CHANNELS}u; left = left / 2u) {
        if (localIndex < left) {
          sums[localIndex] = sums[localIndex] + sums[localIndex + left];
        }
        workgroupBarrier();
      }
      if (mine && localIndex < ${CHANNELS}u) {
        result[tap * uniforms.outChannels + channel] = sums[localIndex];
      }
    }`;
}
