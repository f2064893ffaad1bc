/** Global max pooling that trains fast: TF.js's gradient compares with a broadcast, which wasm does slowly. */
import * as tf from '@tensorflow/tfjs-core';
import { layers, type layers as Layers } from '@tensorflow/tfjs-layers';

/** A layer of the standard class GlobalMaxPooling2D; only how it computes in training is replaced. */
export function globalMax(name: string): ReturnType<typeof Layers.globalMaxPooling2d> {
  const layer = layers.globalMaxPooling2d({ name });
  const infer = layer.call.bind(layer);
  layer.call = (inputs, kwargs) => {
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    if (x === undefined) throw new Error(`bug: ${name} was given no input`);
    return kwargs['training'] === true ? maximum(x) : infer(x, kwargs);
  };
  return layer;
}

/** [n, h, w, c] -> [n, c]; where several positions hold the maximum, each takes the whole gradient, as in TF.js. */
const maximum = tf.customGrad((...args) => {
  const [x, save] = args as unknown as [tf.Tensor4D, tf.GradSaveFunc];
  const [batch, height, width, channels] = x.shape;
  const rows = tf.reshape(x, [batch, height * width, channels]);
  const value = tf.max(rows, 1);
  save([rows, value]);
  return {
    value,
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [seen, top] = saved as [tf.Tensor, tf.Tensor];
      const below = tf.step(tf.sub(tf.reshape(top, [batch, 1, channels]), seen));
      const at = tf.mul(tf.sub(1, below), tf.reshape(dy, [batch, 1, channels]));
      return tf.reshape(at, [batch, height, width, channels]);
    },
  };
});
