import t from 'tap';
import { FakeWorld } from '../testing/fakes.ts';
import { attempt, sampleRun, stage } from '../testing/samples.ts';
import { usualDurations } from './usual-durations.ts';

t.test('the median of the last successful runs; nothing for what never ran here', async (t) => {
  const world = new FakeWorld();
  const { runs } = world.ports();
  let at = 0;
  const ran = async (durationMs: number, changes: Partial<ReturnType<typeof sampleRun>> = {}) => {
    at += 1;
    const startedAt = new Date(Date.UTC(2026, 10, 20, 0, at)).toISOString();
    const { id: _, ...run } = sampleRun({ durationMs, startedAt, ...changes });
    await runs.record({ ...run, attempt: attempt(String(at).padStart(6, '0')) });
  };
  await ran(999_000, { stage: stage('old') });
  for (const ms of [90_000, 80_000, 1000, 2000, 3000, 4000, 5000]) await ran(ms);
  await ran(1, { ending: { kind: 'failed', failure: { kind: 'exited', code: 1, tail: '' } } });
  await ran(0, { adopted: 'commit' });
  const usual = await usualDurations([stage('train'), stage('new'), stage('old')], {
    ports: { runs },
  });
  t.same(
    [...usual],
    [
      ['train', 3000],
      ['old', 999_000],
    ],
  );
});
