/** Pearson's chi-squared test of homogeneity for two rows of counts; pure. */

export interface ChiSquaredResult {
  readonly statistic: number;
  readonly degrees: number;
  /** Chance of a statistic at least this large where both rows have the same shares. */
  readonly p: number;
}

/** Cochran's rule: below this the chi-squared distribution is no good approximation. */
const LEAST_EXPECTED = 5;

/**
 * Are the shares of `a` and `b` (counts by class, same order) the same?
 *
 * X^2 = sum (observed - expected)^2 / expected with expected = row total * column total / total, as in Pearson (1900),
 * with k - 1 degrees of freedom. Classes that are too rare to be judged alone (Cochran 1954) are judged together.
 */
export function chiSquaredHomogeneity(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
): ChiSquaredResult {
  const rows = poolRare(a, b);
  const total = rows.reduce((sum, [x, y]) => sum + x + y, 0);
  const totalA = rows.reduce((sum, [x]) => sum + x, 0);
  let statistic = 0;
  for (const [x, y] of rows) {
    for (const [seen, rowTotal] of [
      [x, totalA],
      [y, total - totalA],
    ] as const) {
      const expected = (rowTotal * (x + y)) / total;
      statistic += (seen - expected) ** 2 / expected;
    }
  }
  const degrees = rows.length - 1;
  if (degrees < 1) return { statistic: 0, degrees: 0, p: 1 };
  return { statistic, degrees, p: upperGamma(degrees / 2, statistic / 2) };
}

/** Columns with enough in them, the others added up; if that is still too little, it joins the smallest. */
function poolRare(a: ArrayLike<number>, b: ArrayLike<number>): (readonly [number, number])[] {
  const columns = Array.from(a, (x, index) => [x, b[index] ?? 0] as const).filter(
    ([x, y]) => x + y > 0,
  );
  const [totalA, totalB] = [0, 1].map((row) =>
    columns.reduce((sum, column) => sum + (column[row] ?? 0), 0),
  ) as [number, number];
  if (totalA === 0 || totalB === 0) throw new Error('bug: a chi-squared test of nothing');
  const share = Math.min(totalA, totalB) / (totalA + totalB);
  const isRare = ([x, y]: readonly [number, number]): boolean => (x + y) * share < LEAST_EXPECTED;
  const kept = columns
    .filter((column) => !isRare(column))
    .sort((p, q) => q[0] + q[1] - p[0] - p[1]);
  const rare = columns.filter(isRare);
  if (rare.length === 0) return kept;
  let rest: readonly [number, number] = [0, 0];
  for (const [x, y] of rare) rest = [rest[0] + x, rest[1] + y];
  const smallest = isRare(rest) ? kept.pop() : undefined;
  if (smallest !== undefined) rest = [rest[0] + smallest[0], rest[1] + smallest[1]];
  return [...kept, rest];
}

/**
 * Q(a, x), the regularised upper incomplete gamma function, a > 0, x >= 0: the chi-squared distribution's upper tail is
 * Q(degrees / 2, x / 2). Series below a + 1, Lentz's continued fraction above (Numerical Recipes, 3rd edition, 6.2).
 */
export function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let k = 1; k < 10_000 && term > sum * 1e-17; k += 1) {
      term *= x / (a + k);
      sum += term;
    }
    return 1 - sum * scale;
  }
  const tiny = 1e-300;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let fraction = d;
  for (let k = 1; k < 10_000; k += 1) {
    const step = -k * (k - a);
    b += 2;
    d = 1 / nonZero(step * d + b, tiny);
    c = nonZero(b + step / c, tiny);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return fraction * scale;
}

function nonZero(value: number, tiny: number): number {
  return Math.abs(value) < tiny ? tiny : value;
}

/** ln Gamma(x), x > 0, by Lanczos' approximation (g = 7, nine terms): about 15 digits. */
function logGamma(x: number): number {
  const terms = [
    676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const z = x - 1;
  let sum = 0.99999999999980993;
  terms.forEach((term, index) => {
    sum += term / (z + index + 1);
  });
  const t = z + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum);
}
