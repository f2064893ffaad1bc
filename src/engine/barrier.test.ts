import t from 'tap';
import { createBarrier } from './barrier.ts';

t.test('one barrier for each second of work, and one at the end', async (t) => {
  let syncs = 0;
  const workspace = { sync: async () => void (syncs += 1) };
  const barrier = createBarrier({ workspace } as unknown as Parameters<typeof createBarrier>[0]);
  const after = async (ms: number): Promise<number> => {
    await barrier.passed(ms);
    return syncs;
  };
  t.equal(await after(400), 0);
  t.equal(await after(599), 0);
  t.equal(await after(1), 1, 'a second is at risk');
  t.equal(await after(7_200_000), 2, 'a long stage waits for nobody');
  t.equal(await after(999), 2);
  await barrier.end();
  t.equal(syncs, 3);
});
