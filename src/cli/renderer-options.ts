import type { RendererOptions } from '../report/plain.ts';
import type { Io } from './io.ts';

/** Streams, look and clock for a renderer of events. */
export const rendererOptions = (io: Io): RendererOptions => ({
  out: io.stdout,
  err: io.stderr,
  colour: io.colour,
  ascii: io.ascii,
  columns: io.columns,
  live: io.columns !== undefined && io.env['CI'] === undefined && io.env['TERM'] !== 'dumb',
  ticker: {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    every: (ms, tick) => {
      const timer = setInterval(tick, ms).unref();
      return () => {
        clearInterval(timer);
      };
    },
  },
});
