import t from 'tap';
import { createRandom, type RandomState } from './random.ts';

t.test('it is xoshiro128**', async (t) => {
  const random = createRandom(1);
  random.restore({ key: '1', words: [1, 2, 3, 4] });
  const words = Array.from({ length: 10 }, () => random.next() * 2 ** 32);
  // The vector that implementations of Blackman and Vigna's generator check themselves against.
  t.same(words.slice(0, 5), [11520, 0, 5927040, 70819200, 2031721883]);
  t.same(words.slice(5), [1637235492, 1287239034, 3734860849, 3729100597, 4258142804]);
});

t.test('a seed is spread the same way on every machine', async (t) => {
  const random = createRandom(47);
  const draws = [random.next(), random.int(1000), random.int(1000), random.int(1000)];
  // A change here changes every data set and every training.
  t.same(draws, [0.13016053079627454, 119, 995, 339]);
  t.equal(createRandom('47').next(), createRandom(47).next(), 'a number is its decimal text');
  t.not(createRandom(48).next(), createRandom(47).next());
});

t.test('a fork depends on the seed and its label only', async (t) => {
  const fresh = createRandom(1);
  const used = createRandom(1);
  for (let i = 0; i < 10; i += 1) used.next();
  t.equal(used.fork('a').next(), fresh.fork('a').next());
  t.not(fresh.fork('a').next(), fresh.fork('b').next());
  t.not(fresh.fork('a').fork('b').next(), fresh.fork('b').fork('a').next());
});

t.test('it goes on where its state was taken, through JSON', async (t) => {
  const random = createRandom('x');
  random.normal();
  const state = JSON.parse(JSON.stringify(random.state())) as RandomState;
  const expected = [random.next(), random.normal(), random.fork('f').next()];
  const other = createRandom('another');
  other.restore(state);
  t.same([other.next(), other.normal(), other.fork('f').next()], expected);
});

t.test('shuffle makes every order equally likely and leaves its argument alone', async (t) => {
  const random = createRandom('shuffle');
  const items = ['a', 'b', 'c'];
  const counts = new Map<string, number>();
  const rounds = 6000;
  for (let round = 0; round < rounds; round += 1) {
    const order = random.shuffle(items).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  t.same(items, ['a', 'b', 'c']);
  t.equal(counts.size, 6);
  const expected = rounds / 6;
  const chiSquare = [...counts.values()].reduce(
    (sum, n) => sum + (n - expected) ** 2 / expected,
    0,
  );
  t.ok(chiSquare < 20.5, `chi square ${chiSquare} with 5 degrees of freedom (p 0.001)`);
});

t.test('draws lie where they should', async (t) => {
  const random = createRandom('moments');
  const normals = Array.from({ length: 20_000 }, () => random.normal());
  const mean = normals.reduce((a, b) => a + b) / normals.length;
  const variance = normals.reduce((sum, x) => sum + (x - mean) ** 2, 0) / normals.length;
  t.ok(
    Math.abs(mean) < 0.03 && Math.abs(variance - 1) < 0.05,
    `mean ${mean}, variance ${variance}`,
  );
  t.ok(normals.every(Number.isFinite));
  const whole = Array.from({ length: 1000 }, () => random.int(7));
  t.same([...new Set(whole)].sort(), [0, 1, 2, 3, 4, 5, 6]);
  const between = Array.from({ length: 1000 }, () => random.between(-3, 5));
  t.ok(between.every((x) => x >= -3 && x < 5));
  t.same(random.shuffle([]), []);
  t.throws(() => random.int(0), /bug/);
  t.throws(() => random.pick([]), /bug/);
});
