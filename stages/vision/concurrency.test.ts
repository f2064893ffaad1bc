import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { mapConcurrently } from './concurrency.ts';

t.test('results keep the order, and no more than the limit are under way', async (t) => {
  let underWay = 0;
  let most = 0;
  const items = Array.from({ length: 20 }, (_, index) => index);
  const results = await mapConcurrently(items, 3, async (item) => {
    underWay += 1;
    most = Math.max(most, underWay);
    for (let turns = item % 4; turns >= 0; turns -= 1) await turn();
    underWay -= 1;
    return item * 2;
  });
  t.same(
    results,
    items.map((item) => item * 2),
  );
  t.equal(most, 3);
  t.same(await mapConcurrently([], 3, async () => 1), []);
});

t.test('after a failure nothing new begins, and what was begun has ended', async (t) => {
  const begun: number[] = [];
  const ended: number[] = [];
  const work = mapConcurrently([0, 1, 2, 3, 4, 5], 2, async (item) => {
    begun.push(item);
    await turn();
    if (item === 0) throw new Error('first');
    await turn();
    ended.push(item);
  });
  await t.rejects(work, { message: 'first' });
  t.same(begun, [0, 1]);
  t.same(ended, [1]);
});
