/** Makes the wasm backend trainable: the gradient kernels that it lacks, composed from kernels that it has. */
import {
  registerKernel,
  unregisterKernel,
  getKernel,
  type KernelFunc,
} from '@tensorflow/tfjs-core';
import { conv2dFilterGradient, conv2dInputGradient } from './conv2d-gradients.ts';
import { depthwiseFilterGradient, depthwiseInputGradient } from './depthwise-gradients.ts';

const kernels: readonly { name: string; run: KernelFunc }[] = [
  { name: 'Conv2DBackpropFilter', run: conv2dFilterGradient },
  // wasm has this one, but its loops are scalar: the composed one is several times faster.
  { name: 'Conv2DBackpropInput', run: conv2dInputGradient },
  { name: 'DepthwiseConv2dNativeBackpropFilter', run: depthwiseFilterGradient },
  { name: 'DepthwiseConv2dNativeBackpropInput', run: depthwiseInputGradient },
];

let registered = false;

/** Adds or replaces the kernels, once a process. Inference does not need them. */
export function registerGradientKernels(backendName = 'wasm'): void {
  if (registered) return;
  registered = true;
  for (const { name, run } of kernels) {
    // Typed as always there; for a kernel that wasm lacks it is undefined.
    const present = getKernel(name, backendName) as unknown;
    if (present !== undefined) unregisterKernel(name, backendName);
    registerKernel({ kernelName: name, backendName, kernelFunc: run });
  }
}
