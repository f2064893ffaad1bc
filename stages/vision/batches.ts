/** What the trainer reads: batches of normalised pictures, in an order and with changes that follow from the seed. */
import { applyChange, drawChange, type Augmentation } from './augment.ts';
import type { ModelInput } from './contract.ts';
import type { LoadedSplit } from './dataset.ts';
import { createRandom } from './random.ts';

export type Pictures = Pick<LoadedSplit, 'pixels' | 'labels' | 'count' | 'height' | 'width'>;

export interface Batch {
  /** count * height * width * 3 numbers: (v / 255 - mean) / std. */
  readonly pixels: Float32Array;
  readonly labels: Int32Array;
  readonly count: number;
}

/** The order of the pictures in `epoch`: of the seed and the epoch alone, so that no generator has to be kept. */
export function epochOrder(seed: number, epoch: number, count: number): number[] {
  const indices = Array.from({ length: count }, (_, i) => i);
  return createRandom(seed).fork('order').fork(epoch).shuffle(indices);
}

/** Makes batches out of pictures; each picture's change follows from seed, epoch and picture. */
export function createBatcher(
  pictures: Pictures,
  input: Pick<ModelInput, 'mean' | 'std'>,
  seed: number,
): (indices: readonly number[], augmentation: Augmentation, epoch: number) => Batch {
  const { height, width } = pictures;
  const size = height * width * 3;
  const tables = input.mean.map((mean, channel) =>
    Float32Array.from({ length: 256 }, (_, v) => (v / 255 - mean) / (input.std[channel] ?? 1)),
  ) as [Float32Array, Float32Array, Float32Array];
  const random = createRandom(seed).fork('augmentation');
  const changed = new Uint8Array(size);

  return (indices, augmentation, epoch) => {
    const pixels = new Float32Array(indices.length * size);
    const labels = new Int32Array(indices.length);
    const draws = random.fork(epoch);
    for (const [row, index] of indices.entries()) {
      const change = drawChange(augmentation, draws.fork(index));
      applyChange(change, pictures.pixels, index * size, changed, 0, height, width);
      normalise(changed, tables, pixels, row * size);
      labels[row] = pictures.labels[index] ?? -1;
    }
    return { pixels, labels, count: indices.length };
  };
}

/** Cuts a list into parts of `size`; the last one may be shorter. */
export function chunks<T>(items: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < items.length; at += size) parts.push(items.slice(at, at + size));
  return parts;
}

function normalise(
  bytes: Uint8Array,
  [red, green, blue]: [Float32Array, Float32Array, Float32Array],
  target: Float32Array,
  at: number,
): void {
  for (let i = 0; i < bytes.length; i += 3) {
    target[at + i] = red[bytes[i] ?? 0] ?? 0;
    target[at + i + 1] = green[bytes[i + 1] ?? 0] ?? 0;
    target[at + i + 2] = blue[bytes[i + 2] ?? 0] ?? 0;
  }
}
