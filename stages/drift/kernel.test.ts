import t from 'tap';
import { createRandom, type Random } from '../vision/random.ts';
import {
  createKernelMap,
  discrepancy,
  meanDiscrepancy,
  medianDistance,
  nullDistribution,
  permutationP,
  type KernelMap,
} from './kernel.ts';

const seed = process.env['SEED'] ?? String(Math.floor(Math.random() * 2 ** 32));
t.comment(`seed ${seed}`);

const cloud = (random: Random, count: number, shift = 0, spread = 1): Float64Array[] =>
  Array.from({ length: count }, () =>
    Float64Array.from({ length: 5 }, () => random.normal() * spread + shift),
  );

function mapAll(map: KernelMap, vectors: readonly Float64Array[]) {
  const mapped = vectors.map((vector) => {
    const target = new Float64Array(map.size);
    map.addTo(target, vector);
    return target;
  });
  const sum = new Float64Array(map.size);
  for (const vector of mapped) vector.forEach((value, at) => (sum[at] = (sum[at] ?? 0) + value));
  return { mapped, sum, count: vectors.length };
}

const gaussian = (a: Float64Array, b: Float64Array, bandwidth: number): number =>
  Math.exp(-a.reduce((sum, v, at) => sum + (v - (b[at] ?? 0)) ** 2, 0) / (2 * bandwidth ** 2));

t.test('dot products of the map are about the Gaussian kernel', (t) => {
  const random = createRandom(seed);
  const map = createKernelMap(5, 4000, 2, random.fork('map'));
  const [a, b] = [cloud(random.fork('a'), 12), cloud(random.fork('b'), 12)];
  const [x, y] = [mapAll(map, a).mapped, mapAll(map, b).mapped];
  for (const [index, vector] of a.entries()) {
    const other = b[index]!;
    const dot = x[index]!.reduce((sum, v, at) => sum + v * (y[index]![at] ?? 0), 0);
    // The error of the mean of 4,000 cosines is at most 0.012 in its deviation.
    t.ok(Math.abs(dot - gaussian(vector, other, 2)) < 0.06);
    t.ok(Math.abs(x[index]!.reduce((sum, v) => sum + v * v, 0) - 1) < 1e-12, 'length 1');
  }
  t.end();
});

t.test('both estimates are those of all pairs', (t) => {
  const random = createRandom(seed).fork('pairs');
  const map = createKernelMap(5, 6000, 2, random.fork('map'));
  const [a, b] = [cloud(random.fork('a'), 30), cloud(random.fork('b'), 20, 1)];
  const mean = (x: Float64Array[], y: Float64Array[], apart: boolean): number => {
    let [sum, count] = [0, 0];
    x.forEach((v, i) =>
      y.forEach((w, j) => {
        if (apart && i === j) return;
        sum += gaussian(v, w, 2);
        count += 1;
      }),
    );
    return sum / count;
  };
  const [x, y] = [mapAll(map, a), mapAll(map, b)];
  const biased = mean(a, a, false) + mean(b, b, false) - 2 * mean(a, b, false);
  const unbiased = mean(a, a, true) + mean(b, b, true) - 2 * mean(a, b, false);
  t.ok(Math.abs(discrepancy(x, y) / ((30 * 20) / 50) - biased) < 0.03);
  t.ok(Math.abs(meanDiscrepancy(x, y) - Math.sqrt(unbiased)) < 0.04);
  t.equal(meanDiscrepancy(x, x), 0);
  t.equal(discrepancy(x, x), 0);
  t.end();
});

t.test('p by halves of the reference keeps its level, and sees a shift and a spread', (t) => {
  const bandwidth = 3;
  const alarms = { same: 0, shifted: 0, spread: 0 };
  const rounds = 60;
  for (let round = 0; round < rounds; round += 1) {
    const random = createRandom(seed).fork(`round ${round}`);
    const map = createKernelMap(5, 64, bandwidth, random.fork('map'));
    const reference = mapAll(map, cloud(random.fork('reference'), 120));
    const drawn = nullDistribution(reference.mapped, 60, 199, random.fork('null'));
    const p = (shift: number, spread: number): number => {
      const window = mapAll(map, cloud(random.fork('window'), 60, shift, spread));
      return permutationP(discrepancy(reference, window), drawn);
    };
    if (p(0, 1) <= 0.05) alarms.same += 1;
    if (p(0.5, 1) <= 0.05) alarms.shifted += 1;
    if (p(0, 2) <= 0.05) alarms.spread += 1;
  }
  // 0.05 of 60 is 3, with a deviation of 1.7.
  t.ok(alarms.same <= 12, `${alarms.same} false alarms of ${rounds}`);
  t.ok(alarms.shifted >= 0.9 * rounds, `${alarms.shifted} shifts found`);
  t.ok(alarms.spread >= 0.9 * rounds, `${alarms.spread} changes of spread found`);
  t.end();
});

t.test('p counts what is at least as large, and is never 0', (t) => {
  const drawn = [1, 2, 2, 3];
  t.same(
    [0, 1, 2, 2.5, 3, 4].map((value) => permutationP(value, drawn)),
    [1, 1, 4 / 5, 2 / 5, 2 / 5, 1 / 5],
  );
  t.end();
});

t.test('the median distance, and a little where all vectors are the same', (t) => {
  const at = (x: number): Float64Array => Float64Array.of(x, 0);
  t.equal(medianDistance([at(0), at(1), at(3)]), 2);
  t.equal(medianDistance([at(5), at(5)]), 1e-6);
  t.end();
});
