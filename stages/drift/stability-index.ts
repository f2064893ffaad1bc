/** The population stability index, an effect size that people of credit scoring read without a table; pure. */

/** Below 0.1 nothing has moved that matters, above 0.25 a great deal has (Siddiqi 2006, "Credit Risk Scorecards"). */
export type EffectSize = 'negligible' | 'moderate' | 'large';

/**
 * PSI = sum (q - p) ln(q / p) over the shares of cells: the symmetric Kullback-Leibler divergence (Jeffreys 1946), as used by
 * Lewis (1994) and Siddiqi (2006). Half a count is added to every cell, or an empty one would be infinite.
 * Without any drift it is about (k - 1)(1/m + 1/n) in the mean (Yurdakul and Naranjo 2020), k cells, m and n images.
 */
export function stabilityIndex(expected: ArrayLike<number>, seen: ArrayLike<number>): number {
  const [p, q] = [smoothedShares(expected), smoothedShares(seen)];
  return p.reduce((sum, share, cell) => {
    const now = q[cell] ?? 0;
    return sum + (now - share) * Math.log(now / share);
  }, 0);
}

export function describeIndex(psi: number): EffectSize {
  return psi < 0.1 ? 'negligible' : psi <= 0.25 ? 'moderate' : 'large';
}

/** The inner borders of `cells` cells that hold equally many of the sorted values; fewer where values tie. */
export function quantileBorders(sorted: ArrayLike<number>, cells: number): number[] {
  const borders = Array.from({ length: cells - 1 }, (_, index) => {
    return sorted[Math.ceil(((index + 1) * sorted.length) / cells) - 1] ?? 0;
  });
  return [...new Set(borders)];
}

/** How many values lie in each cell: up to the first border, above it up to the second, …, above the last. */
export function countByCell(values: ArrayLike<number>, borders: readonly number[]): number[] {
  const counts = new Array<number>(borders.length + 1).fill(0);
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] ?? 0;
    const found = borders.findIndex((border) => value <= border);
    const cell = found < 0 ? borders.length : found;
    counts[cell] = (counts[cell] ?? 0) + 1;
  }
  return counts;
}

function smoothedShares(counts: ArrayLike<number>): number[] {
  const smoothed = Array.from(counts, (count) => count + 0.5);
  const total = smoothed.reduce((sum, count) => sum + count, 0);
  return smoothed.map((count) => count / total);
}
