/** The pieces that architectures are made of. Every layer has a name and an initialiser of its own seed. */
import * as tf from '@tensorflow/tfjs-core';
import { initializers, layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { createRandom, type Random } from '../random.ts';
import { batchNorm } from './batch-norm.ts';
import { globalMax } from './global-max.ts';

/** Gives each layer's initialiser a seed that depends on the model's seed and the layer's name alone. */
function layerSeed(seed: number, name: string): number {
  return createRandom(seed)
    .fork(name)
    .int(2 ** 31);
}

/** Convolution, batch norm, ReLU. The bias is batch norm's. */
export function convBlock(
  x: SymbolicTensor,
  name: string,
  options: { filters: number; stride: number; kernel?: number; seed: number },
): SymbolicTensor {
  const { filters, stride, kernel = 3, seed } = options;
  const convolution = layers.conv2d({
    name: `${name}_conv`,
    filters,
    kernelSize: kernel,
    strides: stride,
    padding: 'same',
    useBias: false,
    kernelInitializer: initializers.heNormal({ seed: layerSeed(seed, `${name}_conv`) }),
  });
  return normaliseAndActivate(convolution.apply(x) as SymbolicTensor, name);
}

/** Depthwise convolution, batch norm, ReLU, pointwise convolution, batch norm, ReLU. */
export function separableBlock(
  x: SymbolicTensor,
  name: string,
  options: { filters: number; stride: number; seed: number },
): SymbolicTensor {
  const { filters, stride, seed } = options;
  const depthwise = layers.depthwiseConv2d({
    name: `${name}_depthwise`,
    kernelSize: 3,
    strides: stride,
    padding: 'same',
    useBias: false,
    depthwiseInitializer: initializers.heNormal({ seed: layerSeed(seed, `${name}_depthwise`) }),
  });
  const filtered = normaliseAndActivate(depthwise.apply(x) as SymbolicTensor, `${name}_depthwise`);
  return convBlock(filtered, name, { filters, stride: 1, kernel: 1, seed });
}

/**
 * Average and maximum over positions, dropout, one dense layer: logits. The maximum finds a mark that is small in the picture,
 * such as a crest, where the average drowns it.
 * Its layers are named `head…`, which is how the trainer knows them.
 */
export function classifierHead(
  x: SymbolicTensor,
  options: { classes: number; dropout: number; seed: number },
): SymbolicTensor {
  const { classes, dropout, seed } = options;
  const average = layers.globalAveragePooling2d({ name: 'pool_average' }).apply(x);
  const maximum = globalMax('pool_maximum').apply(x);
  const pooled = layers
    .concatenate({ name: 'pool' })
    .apply([average, maximum] as SymbolicTensor[]) as SymbolicTensor;
  const thinned = seededDropout(dropout, seed).apply(pooled) as SymbolicTensor;
  const dense = layers.dense({
    name: 'head',
    units: classes,
    kernelInitializer: initializers.glorotUniform({ seed: layerSeed(seed, 'head') }),
  });
  return dense.apply(thinned) as SymbolicTensor;
}

/**
 * Dropout whose masks depend on the seed and the training step. The one of TF.js either repeats one mask for ever
 * (with a seed) or never the same (without).
 */
function seededDropout(rate: number, seed: number): ReturnType<typeof layers.dropout> {
  const layer = layers.dropout({ name: 'head_dropout', rate });
  const random = createRandom(seed).fork('dropout');
  layer.call = (inputs, kwargs) => {
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    if (x === undefined) throw new Error('bug: dropout was given no input');
    if (kwargs['training'] !== true || rate === 0) return tf.clone(x);
    const step: unknown = kwargs['step'];
    if (typeof step !== 'number') throw new Error('bug: dropout needs the training step');
    return tf.tidy(() => tf.mul(x, mask(x.shape, rate, random.fork(step))));
  };
  return layer;
}

function mask(shape: number[], rate: number, random: Random): tf.Tensor {
  const kept = 1 / (1 - rate);
  const values = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () =>
    random.next() < rate ? 0 : kept,
  );
  return tf.tensor(values, shape);
}

function normaliseAndActivate(x: SymbolicTensor, name: string): SymbolicTensor {
  const normal = batchNorm(`${name}_norm`).apply(x) as SymbolicTensor;
  return layers.reLU({ name: `${name}_relu` }).apply(normal) as SymbolicTensor;
}
