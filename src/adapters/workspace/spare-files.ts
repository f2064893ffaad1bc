import * as fs from 'node:fs';
import type { Disk } from './disk.ts';
import { isErrno } from './failure.ts';
import { temporaryName } from './object-file.ts';

/**
 * Second copies of large objects on their way in, which a restore then only has to name: read again,
 * hashed and copied, a large object took as long as its way through the network. One use each.
 */
export interface SpareFiles {
  begin(hex: string): SpareFile;
  /** Whether there is a file with this object's bytes. */
  has(hex: string): boolean;
  /** That file, if there is one. It is the caller's then. */
  take(hex: string): string | undefined;
  /** Removes what nobody took. */
  close(): void;
}

/** Ends with one of `keep` and `drop`. */
export interface SpareFile {
  write(bytes: Uint8Array, position: number): void;
  /** The bytes were found right. */
  keep(): void;
  drop(): void;
}

/** @param folder what a kill leaves there is removed by the next `recover` */
export function openSpareFiles(folder: string, disk: Disk): SpareFiles {
  const kept = new Map<string, string>();
  const remove = (path: string): void => {
    try {
      disk.unlink(path);
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error;
    }
  };
  return {
    begin(hex) {
      const path = temporaryName(folder);
      let fd: number | undefined;
      /** Without it the restore copies the object, and tells what is wrong with the disk. */
      const trying = (work: () => void): void => {
        try {
          work();
        } catch (error) {
          if (!isErrno(error, 'ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EIO')) throw error;
          drop();
        }
      };
      const drop = (): void => {
        if (fd === undefined) return;
        fs.closeSync(fd);
        fd = undefined;
        remove(path);
      };
      trying(() => {
        fd = disk.create(path, 0o644);
      });
      return {
        write(bytes, position) {
          const open = fd;
          if (open !== undefined) trying(() => disk.write(open, bytes, path, position));
        },
        keep() {
          if (fd === undefined) return;
          fs.closeSync(fd);
          kept.set(hex, path);
        },
        drop,
      };
    },
    has: (hex) => kept.has(hex),
    take(hex) {
      const path = kept.get(hex);
      kept.delete(hex);
      return path;
    },
    close() {
      for (const path of kept.values()) remove(path);
      kept.clear();
    },
  };
}
