import t from 'tap';
import { createProfiler, profileTable } from './profiler.ts';

t.test('sums calls by action, slowest first, failures included', async (t) => {
  let clock = 0;
  const profiler = createProfiler(() => clock);
  const spend = (ms: number): void => void (clock += ms);
  profiler.measure('data', () => spend(5));
  profiler.measure('step', () => spend(30));
  await profiler.measureAsync('step', async () => spend(50));
  t.throws(
    () =>
      profiler.measure('data', () => {
        spend(1);
        throw new Error('broken');
      }),
    /broken/,
  );
  t.same(profiler.totals(), [
    { action: 'step', calls: 2, totalMs: 80 },
    { action: 'data', calls: 2, totalMs: 6 },
  ]);
  t.equal(
    profileTable(profiler.totals(), 100),
    [
      'action  calls     mean   total   share',
      'step        2  40.0 ms  0.08 s  80.0 %',
      'data        2   3.0 ms  0.01 s   6.0 %',
    ].join('\n'),
  );
});
