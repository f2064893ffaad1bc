import { systemClock } from './clock.ts';
import type { RendererOptions } from '../report/plain.ts';
import type { Io } from './io.ts';
import { lookOf } from './look-of.ts';

/** Streams, look and clock for a renderer of events. */
export const rendererOptions = (io: Io): RendererOptions => ({
  out: io.stdout,
  err: io.stderr,
  ...lookOf(io),
  columns: redrawn(io) ? io.columns : undefined,
  ticker: {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic(),
    every: (ms, tick) => {
      const timer = setInterval(tick, ms).unref();
      return () => {
        clearInterval(timer);
      };
    },
  },
});

/** CI and dumb terminals may call themselves terminals; a line redrawn there is a line lost. */
const redrawn = ({ env }: Io): boolean => env['CI'] === undefined && env['TERM'] !== 'dumb';
