/** Weights of a model folder as float32, whatever they are stored as; pure. */
import type { io } from '@tensorflow/tfjs-core';

export interface Weight {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** By name. `bytes` are the weights of all specs in order, little-endian, without gaps, as readArtifacts checks them. */
export function expandWeights(
  specs: readonly io.WeightsManifestEntry[],
  bytes: Uint8Array,
): ReadonlyMap<string, Weight> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const weights = new Map<string, Weight>();
  let offset = 0;
  for (const spec of specs) {
    const count = spec.shape.reduce((product, side) => product * side, 1);
    const { width, read } = reader(spec);
    const values = new Float32Array(count);
    for (let index = 0; index < count; index++) {
      values[index] = read(view, offset + index * width);
    }
    offset += count * width;
    weights.set(spec.name, { shape: spec.shape, values });
  }
  return weights;
}

interface Reader {
  readonly width: 1 | 2 | 4;
  readonly read: (view: DataView, offset: number) => number;
}

function reader({ name, dtype, quantization }: io.WeightsManifestEntry): Reader {
  const { scale = 1, min = 0 } = quantization ?? {};
  switch (quantization?.dtype ?? dtype) {
    case 'uint8':
      return { width: 1, read: (view, offset) => view.getUint8(offset) * scale + min };
    case 'uint16':
      return { width: 2, read: (view, offset) => view.getUint16(offset, true) * scale + min };
    case 'float16':
      return { width: 2, read: (view, offset) => fromFloat16(view.getUint16(offset, true)) };
    case 'float32':
      return { width: 4, read: (view, offset) => view.getFloat32(offset, true) };
    case 'int32':
      return { width: 4, read: (view, offset) => view.getInt32(offset, true) };
    default:
      throw new Error(`weight ${name} has the dtype ${dtype}, which no layer here reads`);
  }
}

/** The number that 16 bits of half precision stand for. Written out because DataView.getFloat16 is not in every Node that we support. */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
