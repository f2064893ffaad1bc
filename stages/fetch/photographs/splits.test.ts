import t from 'tap';
import { createRandom } from '../../vision/random.ts';
import { dealSplits, type Dealt } from './splits.ts';

const shares = { train: 0.7, val: 0.15, test: 0.15 };

const photographs = (species: string, count: number, given?: Dealt['given']): Dealt[] =>
  Array.from({ length: count }, (_, index) => {
    const digest = `${species}-${given ?? ''}${index}`;
    return { species, digest, group: digest, given };
  });

const count = (deal: readonly unknown[], split: unknown) =>
  deal.filter((dealt) => dealt === split).length;

t.test('each species gets its shares, the same ones for the same seed', async (t) => {
  const items = [...photographs('auk', 60), ...photographs('wren', 20)];
  const deal = dealSplits(items, shares, createRandom(47));
  const ofAuks = deal.slice(0, 60);
  t.same([count(ofAuks, 'train'), count(ofAuks, 'val'), count(ofAuks, 'test')], [42, 9, 9]);
  const ofWrens = deal.slice(60);
  t.same([count(ofWrens, 'train'), count(ofWrens, 'val'), count(ofWrens, 'test')], [14, 3, 3]);
  t.same(dealSplits(items, shares, createRandom(47)), deal);
  t.strictNotSame(dealSplits(items, shares, createRandom(48)), deal);
});

t.test('a new photograph moves at most two of the others', async (t) => {
  const items = photographs('auk', 60);
  const before = dealSplits(items, shares, createRandom(47));
  const added = { ...items[0]!, digest: 'new', group: 'new' };
  const after = dealSplits([...items, added], shares, createRandom(47));
  const moved = before.filter((split, index) => split !== after[index]).length;
  t.ok(moved <= 2, `${moved} moved`);
});

t.test('a group stays together, whatever its size', async (t) => {
  for (let seed = 0; seed < 50; seed += 1) {
    const items = photographs('auk', 40).map((item, index) => ({
      ...item,
      group: `g${Math.floor(index / (1 + (seed % 9)))}`,
    }));
    const deal = dealSplits(items, shares, createRandom(seed));
    const splits = Map.groupBy(deal, (_, index) => items[index]!.group);
    for (const [group, members] of splits) t.equal(new Set(members).size, 1, `${seed} ${group}`);
    t.ok(count(deal, 'test') <= 6 && count(deal, 'val') <= 6, 'no group overfills a split');
  }
});

t.test('given splits are kept', async (t) => {
  const items = [
    ...photographs('auk', 5, 'train'),
    ...photographs('auk', 3, 'val'),
    ...photographs('auk', 2, 'test'),
  ];
  t.same(
    dealSplits(items, shares, createRandom(1)),
    items.map((item) => item.given),
  );
});

t.test('a split that was not given is taken out of training', async (t) => {
  const items = [...photographs('auk', 100, 'train'), ...photographs('auk', 10, 'test')];
  const deal = dealSplits(items, shares, createRandom(1));
  t.equal(count(deal, 'test'), 10);
  t.equal(count(deal, 'val'), Math.round((100 * 0.15) / 0.85));
  t.equal(count(deal, undefined), 0);
});

t.test('what looks like a given test photograph is left out of training', async (t) => {
  const items = [
    ...photographs('auk', 4, 'train'),
    ...photographs('auk', 4, 'val'),
    ...photographs('auk', 4, 'test'),
  ].map((item, index) => (index % 4 === 0 ? { ...item, group: 'twins' } : item));
  const deal = dealSplits(items, shares, createRandom(1));
  t.same(deal.slice(0, 2), [undefined, 'train']);
  t.same(deal.slice(4, 6), [undefined, 'val']);
  t.same(deal.slice(8, 10), ['test', 'test']);
});
