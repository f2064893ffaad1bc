import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for something that another process does. Throws when it has not happened within 30 s. */
export async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1500; tries += 1) {
    try {
      if (condition()) return;
    } catch {
      // Not there yet.
    }
    await sleep(20);
  }
  throw new Error('it did not happen within 30 s');
}

/** Whether a process is gone, or only waits for its parent to ask how it ended. Linux only. */
export function hasEnded(pid: string): boolean {
  try {
    return /^\d+ \(.*\) [ZX]/.test(readFileSync(join('/proc', pid.trim(), 'stat'), 'utf8'));
  } catch {
    return true;
  }
}
