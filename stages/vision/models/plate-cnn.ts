/** Five plain convolutions, the default: about 200,000 parameters at width 24. */
import { input, model, type LayersModel } from '@tensorflow/tfjs-layers';
import { classifierHead, convBlock } from './blocks.ts';
import type { ModelOptions } from './options.ts';

/** Strides do the pooling: on wasm the gradient of a pooling layer costs more than the convolution before it. */
export function plateCnn({ inputSize, classes, width, dropout, seed }: ModelOptions): LayersModel {
  const image = input({ name: 'image', shape: [inputSize, inputSize, 3] });
  let x = convBlock(image, 'block1', { filters: width, stride: 2, kernel: 5, seed });
  x = convBlock(x, 'block2', { filters: width * 2, stride: 2, seed });
  x = convBlock(x, 'block3', { filters: Math.round((width * 8) / 3), stride: 1, seed });
  x = convBlock(x, 'block4', { filters: width * 4, stride: 2, seed });
  x = convBlock(x, 'block5', { filters: Math.round((width * 16) / 3), stride: 1, seed });
  return model({
    name: 'plate_cnn',
    inputs: image,
    outputs: classifierHead(x, { classes, dropout, seed }),
  });
}
