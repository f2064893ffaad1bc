import { createSystemClock } from '../adapters/clock/system-clock.ts';

/** The clock of this process. */
export const systemClock = createSystemClock(() => process.hrtime.bigint());
