/**
 * Mean and standard deviation per channel, in one pass and without rounding on the way.
 *
 * Pixels are whole numbers from 0 to 255, so their sums and sums of squares are whole numbers too, and BigInt holds
 * them exactly: no order of images, no batching and no number of them changes a digit. Welford's and Chan's updates
 * would be stable as well, but round at every step, and images that are decoded in parallel come in any order.
 */
export interface ChannelSums {
  /** Adds RGB bytes, three per pixel. */
  add(pixels: Uint8Array): void;
  /** Of values scaled to 0..1; std is that of the population. At least one pixel has been added. */
  result(): ChannelStats;
}

export interface ChannelStats {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  readonly pixels: number;
}

type Triple = [number, number, number];

export function createChannelSums(): ChannelSums {
  const sum: [bigint, bigint, bigint] = [0n, 0n, 0n];
  const squares: [bigint, bigint, bigint] = [0n, 0n, 0n];
  let pixels = 0;

  return {
    add(bytes) {
      const [imageSum, imageSquares] = sumImage(bytes);
      for (const channel of [0, 1, 2] as const) {
        sum[channel] += BigInt(imageSum[channel]);
        squares[channel] += BigInt(imageSquares[channel]);
      }
      pixels += bytes.length / 3;
    },
    result() {
      if (pixels === 0) throw new Error('bug: there is no pixel to describe');
      const count = BigInt(pixels);
      const meanOf = (channel: 0 | 1 | 2): number => Number(sum[channel]) / (pixels * 255);
      const stdOf = (channel: 0 | 1 | 2): number => {
        // n * Σv² - (Σv)² is exact; the cancellation that ruins it in floating point cannot happen.
        const scaled = count * squares[channel] - sum[channel] * sum[channel];
        return Math.sqrt(Number(scaled)) / (pixels * 255);
      };
      return {
        mean: [meanOf(0), meanOf(1), meanOf(2)],
        std: [stdOf(0), stdOf(1), stdOf(2)],
        pixels,
      };
    },
  };
}

/** Sums of one image as plain numbers: exact up to 2^53, which is 138 thousand million pixels of 255². */
function sumImage(bytes: Uint8Array): [sum: Triple, squares: Triple] {
  const sum: Triple = [0, 0, 0];
  const squares: Triple = [0, 0, 0];
  for (const channel of [0, 1, 2] as const) {
    let total = 0;
    let totalOfSquares = 0;
    for (let offset = channel; offset < bytes.length; offset += 3) {
      const value = bytes[offset] ?? 0;
      total += value;
      totalOfSquares += value * value;
    }
    sum[channel] = total;
    squares[channel] = totalOfSquares;
  }
  return [sum, squares];
}
