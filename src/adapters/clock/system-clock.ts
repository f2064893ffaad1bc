import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../ports/clock.ts';

/** The machine's clock; `nanoseconds` never goes back (`process.hrtime.bigint`). */
export const createSystemClock = (nanoseconds: () => bigint): Clock => ({
  now: () => Date.now(),
  // Not `performance.now()`: the first look at `performance` loads 2 ms of modules.
  monotonic: () => Number(nanoseconds()) / 1e6,
  sleep: async (ms, signal) => {
    try {
      await sleep(ms, undefined, { signal });
    } catch (error) {
      // An abort ends the sleep, it is no failure of it.
      if (!signal.aborted) throw error;
    }
  },
});
