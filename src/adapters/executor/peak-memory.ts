import { readdirSync } from 'node:fs';
import { readProc } from './process-group.ts';

const FIRST_SAMPLE_MS = 25;
const SAMPLE_MS = 250;

/**
 * Watches how much memory a process and its descendants hold: the largest sum of `VmHWM`, which
 * the kernel keeps per process, so that a peak between two samples counts too. Linux only,
 * 0 elsewhere and for what ended before the first sample.
 */
export function watchPeakMemory(pid: number): { stop(): number } {
  let peak = 0;
  const sample = (): void => {
    peak = Math.max(peak, memoryBelow(pid));
    timer = setTimeout(sample, SAMPLE_MS).unref();
  };
  let timer = setTimeout(sample, FIRST_SAMPLE_MS).unref();
  return {
    stop: () => {
      clearTimeout(timer);
      return peak;
    },
  };
}

/** Bytes. Walks down by `children`: the cost follows the stage's size, not the machine's. */
function memoryBelow(pid: number): number {
  const status = readProc(`${pid}/status`);
  if (status === undefined) return 0;
  const own = Number(/^VmHWM:\s+([0-9]+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  // Each thread has its own list of the children it made.
  const children = threadsOf(pid).flatMap(
    (thread) => readProc(`${pid}/task/${thread}/children`)?.split(' ') ?? [],
  );
  return children
    .filter((child) => child !== '')
    .reduce((sum, child) => sum + memoryBelow(Number(child)), own);
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}
