import type { Io } from './io.ts';

const TICK_MS = 500;
/** Ticks that may pass without a word. */
const SILENCE = 4;

/** Calls `tick` every half second; what it answers ends that. */
type StartTicking = (tick: () => void) => () => void;

const startTicking: StartTicking = (tick) => {
  const timer = setInterval(tick, TICK_MS);
  // Work that ends without a word must not be kept up by its talk.
  timer.unref();
  return () => {
    clearInterval(timer);
  };
};

/** Hands lines to stderr, and repeats the last of them while nothing new comes. To be stopped. */
export function startTalk(
  io: Pick<Io, 'stderr'>,
  start = startTicking,
): { readonly say: (message: string) => void; readonly stop: () => void } {
  let last = '';
  let ticks = 0;
  const stop = start(() => {
    ticks += 1;
    if (last === '' || ticks % SILENCE !== 0) return;
    io.stderr(`${last}: ${(ticks * TICK_MS) / 1000} s\n`);
  });
  return {
    say(message) {
      last = message;
      ticks = 0;
      io.stderr(`${message}\n`);
    },
    stop,
  };
}
