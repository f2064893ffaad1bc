/** Smaller weights in TF.js's own weight-manifest format, so that its loader expands them; pure and deterministic. */
import type { io } from '@tensorflow/tfjs-core';

export type QuantizedDtype = 'uint8' | 'float16';

export interface Weights {
  readonly specs: readonly io.WeightsManifestEntry[];
  /** The values of all specs in order, little-endian, without gaps. */
  readonly bytes: Uint8Array;
}

/** Weights that no quantisation can represent: an expected failure, shown without a stack. */
export class QuantizationError extends Error {
  override readonly name = 'QuantizationError';
  readonly hint = 'the training diverged: look at its loss, lower train.lr and train again';
}

/**
 * Stores every float32 matrix and kernel as `dtype`.
 * Vectors and scalars (biases, batch-norm statistics) stay float32: they are a percent of the bytes,
 * and one scale for a whole vector of variances costs accuracy. So do tensors that float16 cannot hold.
 * Throws QuantizationError where a value is NaN or infinite.
 */
export function quantizeWeights(weights: Weights, dtype: QuantizedDtype): Weights {
  const specs: io.WeightsManifestEntry[] = [];
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const spec of weights.specs) {
    if (spec.quantization !== undefined || spec.dtype === 'string' || spec.dtype === 'complex64') {
      throw new Error(`bug: weight ${spec.name} is quantised already, or no plain number`);
    }
    const count = spec.shape.reduce((size, side) => size * side, 1);
    const length = spec.dtype === 'bool' ? count : count * 4;
    const bytes = weights.bytes.slice(offset, offset + length);
    if (bytes.length !== length) throw new Error(`bug: the bytes end inside weight ${spec.name}`);
    offset += length;

    const stored = store(spec, bytes, dtype);
    specs.push(stored.spec);
    parts.push(stored.bytes);
  }
  if (offset !== weights.bytes.length) throw new Error('bug: bytes without a weight');
  return { specs, bytes: Buffer.concat(parts) };
}

interface StoredWeight {
  readonly spec: io.WeightsManifestEntry;
  readonly bytes: Uint8Array;
}

function store(
  spec: io.WeightsManifestEntry,
  bytes: Uint8Array<ArrayBuffer>,
  dtype: QuantizedDtype,
): StoredWeight {
  const asItIs = { spec, bytes };
  if (spec.dtype !== 'float32') return asItIs;
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) {
    throw new QuantizationError(`weight ${spec.name} holds ${values[wrong]} at index ${wrong}`);
  }
  if (spec.shape.length < 2 || values.length === 0) return asItIs;

  switch (dtype) {
    case 'uint8': {
      const { data, scale, min } = quantizeAffine(values);
      const quantization = { dtype, scale, min, original_dtype: 'float32' as const };
      return { spec: { ...spec, quantization }, bytes: data };
    }
    case 'float16': {
      if (values.some((value) => Math.abs(value) > FLOAT16_MAX)) return asItIs;
      const half = Uint16Array.from(values, toFloat16);
      const quantization = { dtype, original_dtype: 'float32' as const };
      return { spec: { ...spec, quantization }, bytes: new Uint8Array(half.buffer) };
    }
  }
}

/** `value = data * scale + min`, within scale / 2 (and the last bit of a float32). Values are finite and at least one. */
export function quantizeAffine(values: Float32Array): {
  data: Uint8Array;
  scale: number;
  min: number;
} {
  let min = Infinity;
  let max = -Infinity;
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  // A constant tensor would divide by a scale of 0: any other scale gives `min` back, exactly.
  if (min === max) return { data: new Uint8Array(values.length), scale: 1, min };
  const scale = (max - min) / 255;
  const data = new Uint8Array(values.length);
  values.forEach((value, index) => {
    data[index] = Math.round((value - min) / scale);
  });
  return { data, scale, min };
}

export const FLOAT16_MAX = 65_504;

const bits = new Uint32Array(1);
const number = new Float32Array(bits.buffer);

/**
 * The 16 bits of the half-precision number nearest to a float32 (ties to even). Beyond ±65,504 it is infinite from 65,520 on.
 * Written out because Float16Array is not in every Node that we support.
 */
export function toFloat16(value: number): number {
  number[0] = value;
  const raw = bits[0] ?? 0;
  const sign = (raw >>> 16) & 0x8000;
  const magnitude = raw & 0x7fff_ffff;
  if (magnitude > 0x7f80_0000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x477f_f000) return sign | 0x7c00; // rounds past the largest number
  if (magnitude < 0x3880_0000) {
    // Below 2^-14 halves are multiples of 2^-24: the product is exact, and rounding it to even is ours to do.
    const steps = Math.abs(value) * 2 ** 24;
    const low = Math.floor(steps);
    const rest = steps - low;
    return sign | (rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low);
  }
  const rounded = magnitude + 0x0fff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x3800_0000) >>> 13);
}
