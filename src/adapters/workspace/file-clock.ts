import { closeSync, lstatSync, openSync, utimesSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Disk } from './disk.ts';
import { errnoOf, isErrno } from './failure.ts';

/**
 * The clock that stamps files, which ticks every 1 to 10 ms on most kernels. A file stamped in the
 * current tick may be changed again under the same stamp, so what was read of it is not remembered.
 */
export interface FileClock {
  /** The stamp that a file changed now would get, ms. -Infinity when the cache cannot be written. */
  now(): number;
  /** Waits until `stamp` lies in the past; gives up after 100 ms (a stamp in the future). */
  waitPast(stamp: number): Promise<void>;
}

export function openFileClock(path: string, disk: Disk): FileClock {
  const now = (): number => {
    try {
      touch(path, disk);
      return lstatSync(path).ctimeMs;
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      return -Infinity;
    }
  };
  return {
    now,
    async waitPast(stamp) {
      for (let waited = 0; waited < 100 && now() <= stamp; waited += 2) await setTimeout(2);
    },
  };
}

function touch(path: string, disk: Disk): void {
  try {
    // A fixed time: it is the change time that the kernel sets to now.
    utimesSync(path, 0, 0);
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
    disk.mkdir(dirname(path));
    closeSync(openSync(path, 'a'));
  }
}
