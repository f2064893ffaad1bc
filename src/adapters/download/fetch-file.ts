import * as fs from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { problem, type Problem } from '../../model/diagnostic.ts';
import type { Origin } from '../../model/lock.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { Download, DownloadOptions } from '../../ports/downloads.ts';
import { openPart } from './part-file.ts';

const PIECE = 4 * 1024 * 1024;

/** Copies a file of this machine, or of a network folder, hashing it on the way. */
export async function fetchFile(
  url: string,
  { known, signal, onProgress }: DownloadOptions,
  { folder }: { readonly folder: string },
): Promise<Result<Download | 'unchanged', Problem>> {
  const path = fileURLToPath(url);
  let fd: number | undefined;
  try {
    fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    const stat = fs.fstatSync(fd);
    if (!stat.isFile()) return err(notAFile(path, stat.isDirectory()));
    const from = originOf(url, stat);
    if (known?.size === from.size && known.modified === from.modified) return ok('unchanged');
    const part = openPart(folder, url);
    try {
      part.begin({ size: stat.size });
      const piece = Buffer.allocUnsafe(PIECE);
      // A log that somebody appends to might never come to its end.
      while (part.bytes <= stat.size) {
        signal.throwIfAborted();
        const got = fs.readSync(fd, piece, 0, PIECE, part.bytes);
        if (got === 0) break;
        part.append(piece.subarray(0, got));
        onProgress(part.bytes);
        await setImmediate();
      }
      const after = fs.fstatSync(fd);
      if (part.bytes !== stat.size || after.mtimeMs !== stat.mtimeMs || after.size !== stat.size) {
        part.remove();
        return err(changed(path));
      }
      return ok({ file: part.path, digest: part.finish(), from });
    } catch (error) {
      part.remove();
      throw error;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    return err(
      problem('stage', 'import/unreadable', `${path} cannot be fetched: ${error.message}`),
    );
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

const originOf = (url: string, { mtimeMs, size }: fs.Stats): Origin => ({
  url,
  modified: new Date(mtimeMs).toISOString(),
  size,
});

const notAFile = (path: string, isDirectory: boolean): Problem =>
  problem(
    'usage',
    'import/not-a-file',
    `${path} is ${isDirectory ? 'a directory' : 'no regular file'}`,
    isDirectory
      ? 'copy it into the project and `avian add` it, or import an archive of it'
      : undefined,
  );

const changed = (path: string): Problem =>
  problem(
    'stage',
    'import/changed-midway',
    `${path} changed while it was copied`,
    'nothing was taken over; try again once nobody writes to it',
  );
