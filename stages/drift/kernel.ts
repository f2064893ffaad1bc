/** Maximum mean discrepancy with a Gaussian kernel, in time linear in the images; pure. */
import type { Random } from '../vision/random.ts';

/**
 * A map into a space where the plain dot product is about exp(-|x - y|^2 / (2 bandwidth^2)): random Fourier features
 * (Rahimi and Recht 2007), in the form of sines and cosines, which errs less than cosines with
 * phases (Sutherland and Schneider 2015). A distribution is then its mean, which a service can keep as a sum.
 */
export interface KernelMap {
  /** Length of what it gives: twice the frequencies. Every mapped vector has length 1. */
  readonly size: number;
  /** Adds the mapped `vector` to `sum`. */
  addTo(sum: Float64Array, vector: Float64Array): void;
}

export function createKernelMap(
  dimensions: number,
  frequencies: number,
  bandwidth: number,
  random: Random,
): KernelMap {
  const weights = Float64Array.from(
    { length: frequencies * dimensions },
    () => random.normal() / bandwidth,
  );
  const scale = Math.sqrt(1 / frequencies);
  return {
    size: 2 * frequencies,
    addTo(sum, vector) {
      for (let row = 0; row < frequencies; row += 1) {
        let angle = 0;
        const at = row * dimensions;
        for (let column = 0; column < dimensions; column += 1) {
          angle += (weights[at + column] ?? 0) * (vector[column] ?? 0);
        }
        sum[2 * row] = (sum[2 * row] ?? 0) + scale * Math.cos(angle);
        sum[2 * row + 1] = (sum[2 * row + 1] ?? 0) + scale * Math.sin(angle);
      }
    },
  };
}

/** A sample as its sum in the kernel's space, and how many it adds up. */
export interface MappedSample {
  readonly sum: ArrayLike<number>;
  readonly count: number;
}

/**
 * T = m n / (m + n) |mean(x) - mean(y)|^2, the biased estimate of Gretton et al. (2012), "A kernel two-sample test", scaled so
 * that what it is without a difference hardly depends on m and n.
 */
export function discrepancy(x: MappedSample, y: MappedSample): number {
  let squared = 0;
  for (let at = 0; at < x.sum.length; at += 1) {
    squared += ((x.sum[at] ?? 0) / x.count - (y.sum[at] ?? 0) / y.count) ** 2;
  }
  return (squared * x.count * y.count) / (x.count + y.count);
}

/**
 * MMD, from 0 (one distribution) to sqrt 2 (nothing in common): the root of the unbiased estimate of its square
 * (Gretton et al. 2012, equation 3), 0 where that is negative. Needs two of each.
 */
export function meanDiscrepancy(x: MappedSample, y: MappedSample): number {
  let [xx, yy, xy] = [0, 0, 0];
  for (let at = 0; at < x.sum.length; at += 1) {
    const [a, b] = [x.sum[at] ?? 0, y.sum[at] ?? 0];
    xx += a * a;
    yy += b * b;
    xy += a * b;
  }
  // Every vector has length 1, so the diagonal of each Gram matrix adds up to its count.
  const within = (squared: number, count: number): number =>
    (squared - count) / (count * (count - 1));
  const square = within(xx, x.count) + within(yy, y.count) - (2 * xy) / (x.count * y.count);
  return Math.sqrt(Math.max(0, square));
}

/**
 * What T is where nothing differs: `times` random halves of the sample itself, the smaller one of at most `window` images.
 * Ascending. Made once with the reference, so that a service computes one T a window and looks its p up.
 */
export function nullDistribution(
  mapped: readonly Float64Array[],
  window: number,
  times: number,
  random: Random,
): number[] {
  const [images, size] = [mapped.length, mapped[0]?.length ?? 0];
  const count = Math.min(window, Math.floor(images / 2));
  const total = new Float64Array(size);
  for (const vector of mapped) addVector(total, vector);
  const order = mapped.map((_, index) => index);
  const sum = new Float64Array(size);
  const rest = new Float64Array(size);
  const drawn = Array.from({ length: times }, () => {
    sum.fill(0);
    for (let k = 0; k < count; k += 1) {
      const other = k + random.int(images - k);
      [order[k], order[other]] = [order[other] ?? 0, order[k] ?? 0];
      addVector(sum, mapped[order[k] ?? 0] ?? sum);
    }
    for (let at = 0; at < size; at += 1) rest[at] = (total[at] ?? 0) - (sum[at] ?? 0);
    return discrepancy({ sum: rest, count: images - count }, { sum, count });
  });
  return drawn.sort((a, b) => a - b);
}

/** The inner loop of all of this: some hundred million additions, so nothing but typed arrays may pass here. */
function addVector(sum: Float64Array, vector: Float64Array): void {
  for (let at = 0; at < sum.length; at += 1) sum[at] = (sum[at] ?? 0) + (vector[at] ?? 0);
}

/** (1 + how many of the null are at least as large) / (1 + their number): never 0 (Phipson and Smyth 2010). */
export function permutationP(value: number, ascending: readonly number[]): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return (1 + ascending.length - low) / (1 + ascending.length);
}

/** The median distance between vectors: the usual bandwidth (Gretton et al. 2012, section 8). At least a little above 0. */
export function medianDistance(vectors: readonly Float64Array[]): number {
  const distances: number[] = [];
  for (const [index, a] of vectors.entries()) {
    for (const b of vectors.slice(index + 1)) {
      distances.push(Math.sqrt(a.reduce((sum, value, at) => sum + (value - (b[at] ?? 0)) ** 2, 0)));
    }
  }
  distances.sort((a, b) => a - b);
  return Math.max(distances[distances.length >> 1] ?? 1, 1e-6);
}
