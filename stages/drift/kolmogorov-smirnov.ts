/** The two-sample Kolmogorov-Smirnov test, two-sided, with its exact p-value; pure. */

export interface KsResult {
  /** D = sup |F(x) - G(x)| over the two empirical distribution functions, 0..1. */
  readonly statistic: number;
  /** Chance of a D at least this large where both samples come from one distribution. */
  readonly p: number;
}

/**
 * `a` and `b` sorted ascending, both not empty.
 *
 * D as in Smirnov (1939); p = P(D_{m,n} >= d) by counting lattice paths, as in Hodges (1957), "The significance
 * probability of the Smirnov two-sample test", Arkiv för Matematik 3: without a difference every order of
 * the m + n values is equally likely, an order is a path from (0,0) to (m,n), and D >= d exactly where
 * the path touches |i/m - j/n| >= d. The mass that leaves is summed, never 1 minus what stays, so that
 * small p keep their digits. With ties, which have fewer orders, p is an upper bound.
 */
export function ksTwoSample(a: ArrayLike<number>, b: ArrayLike<number>): KsResult {
  const [m, n] = [a.length, b.length];
  if (m === 0 || n === 0) throw new Error('bug: a Kolmogorov-Smirnov test of nothing');
  const distance = largestDistance(a, b);
  return { statistic: distance / (m * n), p: chanceToLeave(m, n, distance) };
}

/** max |i n - j m|, a whole number, where i and j count the values up to some x. */
function largestDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [m, n] = [a.length, b.length];
  let [i, j, largest] = [0, 0, 0];
  while (i < m && j < n) {
    const x = Math.min(a[i] ?? 0, b[j] ?? 0);
    // All that equal x are counted before anything is compared: within a tie there is no order.
    while (i < m && (a[i] ?? 0) <= x) i += 1;
    while (j < n && (b[j] ?? 0) <= x) j += 1;
    largest = Math.max(largest, Math.abs(i * n - j * m));
  }
  return largest;
}

function chanceToLeave(m: number, n: number, distance: number): number {
  if (distance === 0) return 1;
  // row[j] is the chance of a path that passes (i, j) without having left before.
  const row = new Float64Array(n + 1);
  let left = 0;
  for (let i = 0; i <= m; i += 1) {
    for (let j = 0; j <= n; j += 1) {
      const fromLeft = i === 0 ? 0 : ((row[j] ?? 0) * (m - i + 1)) / (m + n - i - j + 1);
      const fromBelow = j === 0 ? 0 : ((row[j - 1] ?? 0) * (n - j + 1)) / (m + n - i - j + 1);
      const here = i === 0 && j === 0 ? 1 : fromLeft + fromBelow;
      const outside = Math.abs(i * n - j * m) >= distance;
      if (outside) left += here;
      row[j] = outside ? 0 : here;
    }
  }
  return Math.min(1, left);
}
