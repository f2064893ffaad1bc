import { Worker } from 'node:worker_threads';
import t from 'tap';
import { createSharedGate, openSharedGate } from './shared-gate.ts';

const KIB = 1024;

/** Until what was asked before has gone as far as it can: news of another waiter come with a task of the platform. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

t.test('tasks run together up to the limit, in order, and a failed one makes room', async (t) => {
  const shared = createSharedGate();
  const gates = [openSharedGate(shared, 10 * KIB), openSharedGate(shared, 10 * KIB)];
  const started: string[] = [];
  const ends: Record<string, (error?: Error) => void> = {};
  const run = (name: string, size: number, index: number): Promise<string> =>
    (gates[index % 2] as (typeof gates)[0]).run(size * KIB, () => {
      started.push(name);
      return new Promise((resolve, reject) => {
        ends[name] = (error) => (error === undefined ? resolve(name) : reject(error));
      });
    });
  const tasks = (
    [
      ['a', 4],
      ['b', 6],
      ['c', 7],
      ['d', 1],
      ['huge', 99],
    ] as const
  ).map(([name, size], index) => run(name, size, index));
  await settle();
  t.same(started, ['a', 'b']);
  ends['a']?.();
  await settle();
  t.same(started, ['a', 'b'], 'd would fit, but c was first');
  ends['b']?.(new Error('broken'));
  await t.rejects(Promise.resolve(tasks[1]), /broken/);
  await settle();
  t.same(started, ['a', 'b', 'c', 'd']);
  ends['c']?.();
  await settle();
  t.same(started.length, 4, 'what is larger than the limit waits until it is alone');
  ends['d']?.();
  await settle();
  t.same(started.at(-1), 'huge');
  ends['huge']?.();
  t.equal(await tasks[4], 'huge');
});

t.test('threads that share a gate never take more than its limit together', async (t) => {
  const shared = createSharedGate();
  const taken = new Int32Array(new SharedArrayBuffer(8));
  const workers = Array.from(
    { length: 4 },
    (_, seed) =>
      new Worker(new URL('./testing/gate-worker.ts', import.meta.url), {
        workerData: { shared, limit: 100, taken, turns: 300, seed },
      }),
  );
  const codes = workers.map(
    (worker) =>
      new Promise((resolve, reject) => {
        worker.on('error', reject);
        worker.on('exit', resolve);
      }),
  );
  t.same(await Promise.all(codes), [0, 0, 0, 0]);
  const [now, most = 0] = taken;
  t.equal(now, 0);
  t.ok(most > 50 && most <= 100, `at most ${most}`);
});
