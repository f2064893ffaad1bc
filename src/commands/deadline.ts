import { problem } from '../model/diagnostic.ts';
import { ProblemError } from '../model/problem-error.ts';
import type { CommandContext } from './context.ts';

/** As much as a timer of Node can wait: 24.8 days. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Does `work` in a context whose signal also aborts when `timeoutMs` are over, as at an interrupt.
 * `isOver` says whether that was it. Without a time the context is the given one.
 * @throws ProblemError `repro/timed-out` from a wait for the project that the time ended.
 */
export async function withDeadline<T>(
  timeoutMs: number | undefined,
  context: CommandContext,
  work: (context: CommandContext, isOver: () => boolean) => Promise<T>,
): Promise<T> {
  if (timeoutMs === undefined) return work(context, () => false);
  const deadline = new AbortController();
  const done = new AbortController();
  const waited = context.ports.clock
    .sleep(Math.min(timeoutMs, LONGEST_MS), done.signal)
    .then(() => {
      if (!done.signal.aborted) deadline.abort(new ProblemError(timedOut()));
    });
  try {
    const signal = AbortSignal.any([context.signal, deadline.signal]);
    return await work({ ...context, signal }, () => deadline.signal.aborted);
  } finally {
    done.abort();
    await waited;
  }
}

const timedOut = () =>
  problem(
    'stage',
    'repro/timed-out',
    'the time given with `--timeout` was over while another avian held the project',
    'nothing was run',
  );
