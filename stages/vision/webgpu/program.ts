/** Kernels in WGSL beside those of TensorFlow.js. */
import type * as tf from '@tensorflow/tfjs-core';

/** A number for the shader; its order is that of the fields in `uniforms`. */
export interface Uniform {
  readonly type: 'int32' | 'float32';
  readonly data: readonly number[];
}

/** What the backend compiles; TF.js declares `result` and a buffer for each name around the code. */
export interface Program {
  readonly variableNames: readonly string[];
  readonly outputShape: readonly number[];
  /** Fields of the struct `uniforms`, each with a comma after it. */
  readonly uniforms: string;
  readonly workgroupSize: readonly [number, number, number];
  /** Empty: `main` is called with the number of its thread. */
  readonly dispatchLayout: { readonly x: readonly number[] };
  /** Workgroups; the backend spreads them over y and z where x has no room for them. */
  dispatch: [number, number, number];
  /** Programs with the same key and ranks share one compiled shader. */
  readonly shaderKey: string;
  readonly getUserCode: () => string;
}

interface WebGpuBackend {
  runWebGPUProgram(
    program: Program,
    inputs: readonly tf.TensorInfo[],
    dtype: 'float32',
    uniforms: readonly Uniform[],
  ): tf.TensorInfo;
}

/** Runs `program` on the backend that a kernel was called with. */
export function run(
  backend: unknown,
  program: Program,
  inputs: readonly tf.TensorInfo[],
  uniforms: readonly Uniform[],
): tf.TensorInfo {
  return (backend as WebGpuBackend).runWebGPUProgram(program, inputs, 'float32', uniforms);
}

/** In WGSL, the number of this workgroup. */
export const GROUP =
  'i32(workgroupId.x + numWorkgroups.x * (workgroupId.y + numWorkgroups.y * workgroupId.z))';
