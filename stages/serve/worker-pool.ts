/** Several threads that do the same: whoever asks gets the one with the fewest questions. */
import { openWorkerLine, type WorkerLine } from './worker-line.ts';

export interface WorkerPool<Greeting, Body, Answer> extends WorkerLine<Greeting, Body, Answer> {
  readonly size: number;
}

/**
 * Starts `size` threads of `name`; the greeting is the first one's. Throws UnusableThread where one of them cannot work, once the
 * others have ended. `died` resolves as soon as one ends by itself.
 */
export async function openWorkerPool<Greeting, Body, Answer>(
  name: string,
  setup: unknown,
  size: number,
): Promise<WorkerPool<Greeting, Body, Answer>> {
  const opened = await Promise.allSettled(
    Array.from({ length: size }, () => openWorkerLine<Greeting, Body, Answer>(name, setup)),
  );
  const lines = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const end = async (): Promise<void> => {
    await Promise.all(lines.map((line) => line.end()));
  };
  const failure = opened.find((each) => each.status === 'rejected');
  const [first] = lines;
  if (failure !== undefined || first === undefined) {
    await end();
    throw failure?.reason ?? new Error('bug: a pool without threads');
  }

  const busy = lines.map(() => 0);
  return {
    size,
    greeting: first.greeting,
    died: Promise.race(lines.map((line) => line.died)),
    async ask(body, transfer) {
      const least = busy.indexOf(Math.min(...busy));
      busy[least] = (busy[least] ?? 0) + 1;
      try {
        return await (lines[least] ?? first).ask(body, transfer);
      } finally {
        busy[least] = (busy[least] ?? 1) - 1;
      }
    },
    end,
  };
}
