/** MobileNetV2 (Sandler et al. 2018) at width 1, with ReLU for ReLU6: what a step costs on a model of the usual size. */
import {
  layers,
  input,
  model,
  type LayersModel,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import { batchNorm } from '../models/batch-norm.ts';
import { classifierHead, convBlock } from '../models/blocks.ts';
import type { ModelOptions } from '../models/options.ts';

/** Expansion, channels, blocks, stride of the first of them. */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

export function mobileNetV2({
  inputSize,
  classes,
  dropout,
  seed,
}: Omit<ModelOptions, 'width'>): LayersModel {
  const image = input({ name: 'image', shape: [inputSize, inputSize, 3] });
  let x = convBlock(image, 'stem', { filters: 32, stride: 2, seed });
  for (const [stage, [expansion, filters, count, first]] of STAGES.entries()) {
    for (let i = 0; i < count; i++) {
      const stride = i === 0 ? first : 1;
      x = invertedResidual(x, `stage${stage}_${i}`, { expansion, filters, stride, seed });
    }
  }
  x = convBlock(x, 'last', { filters: 1280, stride: 1, kernel: 1, seed });
  return model({ inputs: image, outputs: classifierHead(x, { classes, dropout, seed }) });
}

function invertedResidual(
  x: SymbolicTensor,
  name: string,
  options: { expansion: number; filters: number; stride: number; seed: number },
): SymbolicTensor {
  const { expansion, filters, stride, seed } = options;
  const channels = x.shape.at(-1) ?? 0;
  const pointwise = { stride: 1, kernel: 1, seed };
  const wide =
    expansion === 1
      ? x
      : convBlock(x, `${name}_expand`, { filters: channels * expansion, ...pointwise });
  const depthwise = layers.depthwiseConv2d({
    name: `${name}_depthwise`,
    kernelSize: 3,
    strides: stride,
    padding: 'same',
    useBias: false,
  });
  const filtered = layers
    .reLU({ name: `${name}_relu` })
    .apply(batchNorm(`${name}_norm`).apply(depthwise.apply(wide)));
  const project = layers.conv2d({
    name: `${name}_project`,
    filters,
    kernelSize: 1,
    useBias: false,
  });
  const y = batchNorm(`${name}_project_norm`).apply(project.apply(filtered)) as SymbolicTensor;
  if (stride !== 1 || channels !== filters) return y;
  return layers.add({ name: `${name}_add` }).apply([x, y]) as SymbolicTensor;
}
