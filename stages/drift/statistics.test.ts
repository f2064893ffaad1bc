import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { createRandom } from '../vision/random.ts';
import { chiSquaredHomogeneity, upperGamma } from './chi-squared.ts';
import { ksTwoSample } from './kolmogorov-smirnov.ts';
import { holm } from './multiple-testing.ts';
import { countByCell, describeIndex, quantileBorders, stabilityIndex } from './stability-index.ts';

interface ScipyNumbers {
  readonly ks: readonly { a: number[]; b: number[]; statistic: number; p: number }[];
  readonly chiSquared: readonly {
    a: number[];
    b: number[];
    statistic: number;
    degrees: number;
    p: number;
  }[];
  readonly chiSquaredTail: readonly { x: number; degrees: number; p: number }[];
}

const scipy = JSON.parse(
  readFileSync(new URL('./testing/scipy-numbers.json', import.meta.url), 'utf8'),
) as ScipyNumbers;

const seed = process.env['SEED'] ?? String(Math.floor(Math.random() * 2 ** 32));
t.comment(`seed ${seed}`);

function near(t: Test, actual: number, expected: number, relative: number): void {
  const error = Math.abs(actual - expected) / Math.max(Math.abs(expected), 1e-300);
  t.ok(error < relative, `${actual} is ${expected} (scipy) within ${relative}`);
}

function normals(label: string, count: number, shift = 0): number[] {
  const random = createRandom(seed).fork(label);
  return Array.from({ length: count }, () => random.normal() + shift).sort((a, b) => a - b);
}

t.test('Kolmogorov-Smirnov has the numbers of scipy.stats.ks_2samp(method="exact")', (t) => {
  for (const { a, b, statistic, p } of scipy.ks) {
    const found = ksTwoSample(a, b);
    near(t, found.statistic, statistic, 1e-12);
    near(t, found.p, p, 1e-9);
  }
  t.end();
});

t.test(
  'Kolmogorov-Smirnov: symmetric, blind to monotone changes of the scale, 1 for itself',
  (t) => {
    for (let round = 0; round < 20; round += 1) {
      const random = createRandom(seed).fork(`ks ${round}`);
      const a = normals(`a${round}`, 2 + random.int(40));
      const b = normals(`b${round}`, 2 + random.int(40), random.next());
      const { statistic, p } = ksTwoSample(a, b);
      const turned = ksTwoSample(b, a);
      t.equal(turned.statistic, statistic);
      near(t, turned.p, p, 1e-9);
      t.same(ksTwoSample(a.map(Math.exp), b.map(Math.exp)), { statistic, p });
      t.same(ksTwoSample(a, a), { statistic: 0, p: 1 });
      t.ok(p > 0 && p <= 1);
    }
    t.end();
  },
);

t.test(
  'the p of Kolmogorov-Smirnov is at most its level: 2,000 pairs without a difference',
  (t) => {
    let below = 0;
    for (let round = 0; round < 2000; round += 1) {
      if (ksTwoSample(normals(`x${round}`, 40), normals(`y${round}`, 25)).p <= 0.05) below += 1;
    }
    // 0.05 of 2,000 is 100; five standard deviations above it.
    t.ok(below <= 100 + 5 * Math.sqrt(95), `${below} of 2000`);
    t.ok(below >= 30, 'and it is not a test that never finds anything');
    t.end();
  },
);

t.test('chi-squared has the numbers of scipy.stats.chi2_contingency', (t) => {
  for (const { a, b, statistic, degrees, p } of scipy.chiSquared) {
    const found = chiSquaredHomogeneity(a, b);
    near(t, found.statistic, statistic, 1e-10);
    t.equal(found.degrees, degrees);
    near(t, found.p, p, 1e-9);
  }
  for (const { x, degrees, p } of scipy.chiSquaredTail)
    near(t, upperGamma(degrees / 2, x / 2), p, 1e-9);
  t.end();
});

t.test('chi-squared judges rare classes together, and nothing where there is one class', (t) => {
  const rare = chiSquaredHomogeneity([100, 100, 1, 2, 1, 0], [50, 50, 1, 0, 1, 0]);
  const pooled = chiSquaredHomogeneity([100, 104], [50, 52]);
  t.same(rare, pooled, 'four rare ones, still too few, joined the smallest of the others');
  t.same(chiSquaredHomogeneity([10, 0], [7, 0]), { statistic: 0, degrees: 0, p: 1 });
  const found = chiSquaredHomogeneity(
    [100, 100, ...Array<number>(50).fill(0)],
    [50, 0, ...Array<number>(50).fill(1)],
  );
  t.ok(found.p < 1e-6, 'fifty species that were never answered before');
  t.equal(found.degrees, 2);
  t.end();
});

t.test('the stability index: by hand, 0 for equal shares, grows with the difference', (t) => {
  // (30.5/61 - 20.5/61) ln(30.5/20.5) + …, written out: halves are added to 30, 30 and 20, 40.
  const byHand = (0.5 - 20.5 / 61) * Math.log(0.5 / (20.5 / 61)) * -1;
  const other = (0.5 - 40.5 / 61) * Math.log(0.5 / (40.5 / 61)) * -1;
  t.ok(Math.abs(stabilityIndex([30, 30], [20, 40]) - Math.abs(byHand) - Math.abs(other)) < 1e-12);
  t.equal(stabilityIndex([5, 5, 5], [5, 5, 5]), 0);
  const shifts = [0, 0.2, 0.5, 1, 2].map((shift) => {
    const reference = normals('psi', 2000);
    const borders = quantileBorders(reference, 10);
    return stabilityIndex(
      countByCell(reference, borders),
      countByCell(normals('psi2', 2000, shift), borders),
    );
  });
  t.same(
    [...shifts].sort((a, b) => a - b),
    shifts,
  );
  t.same(shifts.map(describeIndex), [
    'negligible',
    'negligible',
    shifts[2]! > 0.25 ? 'large' : 'moderate',
    'large',
    'large',
  ]);
  t.end();
});

t.test('quantile cells hold equally many; ties share one', (t) => {
  const values = Array.from({ length: 100 }, (_, index) => index);
  t.same(countByCell(values, quantileBorders(values, 10)), Array(10).fill(10));
  const tied = [...Array<number>(50).fill(1), 2, 3];
  const borders = quantileBorders(tied, 10);
  t.same(borders, [1]);
  t.same(countByCell(tied, borders), [50, 2]);
  t.end();
});

t.test('Holm: by hand, and order, bounds and monotony for any p', (t) => {
  t.same(
    holm([0.01, 0.04, 0.03, 0.005]).map((p) => Number(p.toFixed(12))),
    [0.03, 0.06, 0.06, 0.02],
  );
  t.same(holm([]), []);
  for (let round = 0; round < 50; round += 1) {
    const random = createRandom(seed).fork(`holm ${round}`);
    const ps = Array.from({ length: 1 + random.int(20) }, () => random.next() ** 3);
    const adjusted = holm(ps);
    const order = ps.map((_, index) => index).sort((a, b) => ps[a]! - ps[b]!);
    order.forEach((index, rank) => {
      t.ok(
        adjusted[index]! >= ps[index]! &&
          adjusted[index]! <= Math.min(1, ps.length * ps[index]!) + 1e-15,
      );
      if (rank > 0) t.ok(adjusted[index]! >= adjusted[order[rank - 1]!]!);
    });
  }
  t.end();
});
