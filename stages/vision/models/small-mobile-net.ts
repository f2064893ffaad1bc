/** Depthwise separable convolutions in the manner of MobileNet V1: a fifth of plate-cnn's arithmetic for as many channels. */
import { input, model, type LayersModel } from '@tensorflow/tfjs-layers';
import { classifierHead, convBlock, separableBlock } from './blocks.ts';
import type { ModelOptions } from './options.ts';

export function smallMobileNet({
  inputSize,
  classes,
  width,
  dropout,
  seed,
}: ModelOptions): LayersModel {
  const image = input({ name: 'image', shape: [inputSize, inputSize, 3] });
  let x = convBlock(image, 'stem', { filters: width, stride: 2, seed });
  x = separableBlock(x, 'block1', { filters: width * 2, stride: 2, seed });
  x = separableBlock(x, 'block2', { filters: width * 4, stride: 2, seed });
  x = separableBlock(x, 'block3', { filters: width * 4, stride: 1, seed });
  x = separableBlock(x, 'block4', { filters: width * 8, stride: 1, seed });
  return model({
    name: 'small_mobile_net',
    inputs: image,
    outputs: classifierHead(x, { classes, dropout, seed }),
  });
}
