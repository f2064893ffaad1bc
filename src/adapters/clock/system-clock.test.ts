import t from 'tap';
import { createSystemClock } from './system-clock.ts';

const systemClock = createSystemClock(() => process.hrtime.bigint());

void t.test('time moves on while one sleeps', async (t) => {
  const [wall, start] = [systemClock.now(), systemClock.monotonic()];
  await systemClock.sleep(20, new AbortController().signal);
  t.ok(systemClock.monotonic() - start >= 19, 'slept');
  t.ok(systemClock.now() >= wall, 'wall clock in milliseconds');
  t.ok(Math.abs(systemClock.now() - Date.now()) < 10_000);
});

void t.test('an abort wakes the sleeper at once, and is no error', async () => {
  const controller = new AbortController();
  const asleep = systemClock.sleep(3_600_000, controller.signal);
  controller.abort(new Error('enough'));
  await asleep;
  await systemClock.sleep(3_600_000, controller.signal);
});
