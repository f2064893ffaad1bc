/** A real but tiny classifier with seeded random weights, for tests of what runs a model. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as layers from '@tensorflow/tfjs-layers';
import type { ModelContract, ModelInput } from '../contract.ts';
import { saveModel } from '../model-files.ts';

export const tinyInput: ModelInput = {
  height: 32,
  width: 32,
  channels: 3,
  interpolation: 'bilinear',
  fit: 'squash',
  mean: [0.5, 0.5, 0.5],
  std: [0.25, 0.25, 0.25],
};

export const tinyLabels: readonly string[] = ['amber-finch', 'blue-tit', 'crow', 'looney-birds'];

export interface TinyModelOptions {
  readonly labels?: readonly string[];
  readonly seed?: number;
  /** Given: all outputs share their weights but for a difference of this size, so that coarse weights cannot tell them apart. */
  readonly spread?: number;
}

/** Saves the same small convolutional network every time into `dir`. */
export async function saveTinyModel(
  dir: string,
  { labels = tinyLabels, seed = 47, spread }: TinyModelOptions = {},
): Promise<ModelContract> {
  await tf.setBackend('cpu');
  const weights = (offset: number) => layers.initializers.glorotNormal({ seed: seed + offset });
  const model = layers.sequential({
    layers: [
      layers.layers.conv2d({
        inputShape: [tinyInput.height, tinyInput.width, 3],
        filters: 8,
        kernelSize: 5,
        strides: 2,
        activation: 'relu',
        kernelInitializer: weights(0),
      }),
      layers.layers.maxPooling2d({ poolSize: 4, strides: 4 }),
      layers.layers.flatten(),
      layers.layers.dense({ units: labels.length, kernelInitializer: weights(1) }),
    ],
  });
  if (spread !== undefined) bringTogether(model, spread);
  const contract: ModelContract = {
    version: 1,
    architecture: 'tiny',
    input: tinyInput,
    labels,
    training: { backend: 'cpu', seed, epochs: 0 },
  };
  await saveModel(dir, model, contract);
  model.dispose();
  return contract;
}

/** Makes every column of the last kernel the first one, plus `spread` times its own. */
function bringTogether(model: layers.Sequential, spread: number): void {
  const last = model.layers.at(-1);
  const [kernel, bias] = last?.getWeights() ?? [];
  if (last === undefined || kernel === undefined || bias === undefined) throw new Error('bug');
  tf.tidy(() => {
    const [inputs = 0] = kernel.shape;
    const first = tf.slice(kernel, [0, 0], [inputs, 1]);
    last.setWeights([tf.add(first, tf.mul(kernel, spread)), bias]);
  });
}
