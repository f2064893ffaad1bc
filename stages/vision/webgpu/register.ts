/** Makes training on WebGPU quick: kernels that TensorFlow.js has too, but slow, and such as it does not have. */
import {
  getKernel,
  registerKernel,
  unregisterKernel,
  type KernelFunc,
} from '@tensorflow/tfjs-core';
import { momentKernel, weightKernel } from './adamw.ts';
import { conv2dFilterGradient, depthwiseFilterGradient } from './filter-gradients.ts';

const kernels: readonly { name: string; run: KernelFunc }[] = [
  { name: 'Conv2DBackpropFilter', run: conv2dFilterGradient },
  { name: 'DepthwiseConv2dNativeBackpropFilter', run: depthwiseFilterGradient },
  { name: 'AdamWMoment', run: momentKernel },
  { name: 'AdamWWeight', run: weightKernel },
];

/** Adds or replaces the kernels; calling it again does no harm. */
export function registerTrainingKernels(): void {
  for (const { name, run } of kernels) {
    // Typed as always there; undefined for what only we have.
    const present = getKernel(name, 'webgpu') as unknown;
    if (present !== undefined) unregisterKernel(name, 'webgpu');
    registerKernel({ kernelName: name, backendName: 'webgpu', kernelFunc: run });
  }
}
