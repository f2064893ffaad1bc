import t from 'tap';
import { createGate } from './gate.ts';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test('tasks run together up to the limit, in order, and a failed one makes room', async (t) => {
  const gate = createGate(10);
  const started: string[] = [];
  const ends: Record<string, (error?: Error) => void> = {};
  const run = (name: string, size: number): Promise<string> =>
    gate.run(size, () => {
      started.push(name);
      return new Promise((resolve, reject) => {
        ends[name] = (error) => (error === undefined ? resolve(name) : reject(error));
      });
    });
  const tasks = [run('a', 4), run('b', 6), run('c', 7), run('d', 1), run('huge', 99)];
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
