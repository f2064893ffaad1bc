import { hrtime } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../ports/clock.ts';

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  // Not `performance.now()`: the first look at `performance` loads 2 ms of modules.
  monotonic: () => Number(hrtime.bigint()) / 1e6,
  sleep: async (ms, signal) => {
    try {
      await sleep(ms, undefined, { signal });
    } catch (error) {
      // An abort ends the sleep, it is no failure of it.
      if (!signal.aborted) throw error;
    }
  },
};
