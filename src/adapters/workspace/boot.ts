import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { writeDurably, type Disk } from './disk.ts';

/** Names this boot of the machine; undefined where the system has no such name. */
export function readBootId(): string | undefined {
  try {
    return fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return undefined;
  }
}

/**
 * When the stat cache may be believed after a power cut. It holds what lstat said of files that
 * nobody has synced: a file that was sized first and filled after (numpy's memmap, HDF5) can come
 * back with its size, its times, and zeros. So a small file names the boot on which rows were
 * written last; found on a later boot, what is younger than it is looked at again.
 */
export interface BootMark {
  /** Files changed at or after this may have lost their bytes with an earlier boot, ms. */
  unsettledSince(): number | undefined;
  /** Rows as young as that are forgotten, for good: from now on this boot counts. */
  settled(): void;
  /** Before rows are written. */
  beforeWrite(): void;
}

/** By then every kernel has written what it was given: 30 s by default, 10 min to spare a laptop's disk. */
const WRITTEN_BACK_MS = 15 * 60_000;

export function openBootMark(path: string, disk: Disk, bootId: string | undefined): BootMark {
  const marked = (): { readonly boot: string; readonly since: number } | undefined => {
    const stat = fs.statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    return { boot: fs.readFileSync(path, 'utf8'), since: stat.mtimeMs - WRITTEN_BACK_MS };
  };
  const mark = (): void => {
    if (bootId === undefined) return;
    disk.mkdir(dirname(path));
    writeDurably(disk, path, bootId);
  };
  return {
    unsettledSince() {
      const found = bootId === undefined ? undefined : marked();
      return found === undefined || found.boot === bootId ? undefined : found.since;
    },
    settled: mark,
    beforeWrite() {
      const found = marked();
      if (found === undefined) mark();
      // Not synced: an older time only makes more files suspect.
      else if (Date.now() - WRITTEN_BACK_MS > found.since + WRITTEN_BACK_MS) {
        fs.utimesSync(path, new Date(), new Date());
      }
    },
  };
}
