/** A step of AdamW in three kernels a weight in place of fourteen: a step on a GPU costs what its kernels cost to start. */
import type * as tf from '@tensorflow/tfjs-core';
import { run, type Program, type Uniform } from './program.ts';

const THREADS = 64;

/** Kernel AdamWMoment: value * keep + (gradient or its square) * (1 - keep). */
export const momentKernel: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const { value, gradient } = inputs as Record<'value' | 'gradient', tf.TensorInfo>;
  const { keep, square } = attrs as { keep: number; square: boolean };
  const program = elementwise(
    square ? 'second_moment' : 'first_moment',
    ['value', 'gradient'],
    value.shape,
    'keep : f32,',
    `value[i] * uniforms.keep + gradient[i] * ${square ? 'gradient[i] *' : ''} (1.0 - uniforms.keep)`,
  );
  return run(backend, program, [value, gradient], [size(value), number(keep)]);
};

/** Kernel AdamWWeight: weight * kept - first / (sqrt(second) + epsilon) * pace. */
export const weightKernel: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const { weight, first, second } = inputs as Record<'weight' | 'first' | 'second', tf.TensorInfo>;
  const { kept, epsilon, pace } = attrs as Record<'kept' | 'epsilon' | 'pace', number>;
  const program = elementwise(
    'weight',
    ['weight', 'first', 'second'],
    weight.shape,
    'kept : f32, epsilon : f32, pace : f32,',
    'weight[i] * uniforms.kept - first[i] / (sqrt(second[i]) + uniforms.epsilon) * uniforms.pace',
  );
  const numbers = [size(weight), number(kept), number(epsilon), number(pace)];
  return run(backend, program, [weight, first, second], numbers);
};

function elementwise(
  name: string,
  variableNames: readonly string[],
  outputShape: readonly number[],
  uniforms: string,
  formula: string,
): Program {
  return {
    variableNames,
    outputShape,
    uniforms: `count : i32, ${uniforms}`,
    workgroupSize: [THREADS, 1, 1],
    dispatchLayout: { x: [] },
    dispatch: [Math.ceil(product(outputShape) / THREADS), 1, 1],
    shaderKey: `aviansight_adamw_${name}`,
    getUserCode: () => `
      fn main(i : i32) {
        if (i < uniforms.count) {
          result[i] = ${formula};
        }
      }`,
  };
}

function product(shape: readonly number[]): number {
  return shape.reduce((whole, dimension) => whole * dimension, 1);
}

function size({ shape }: tf.TensorInfo): Uniform {
  return { type: 'int32', data: [product(shape)] };
}

function number(value: number): Uniform {
  return { type: 'float32', data: [value] };
}
