import * as fs from 'node:fs';
import { startHash } from '../hash/blake3.ts';
import type { Disk } from './disk.ts';
import { isErrno } from './failure.ts';

/** Files up to this size are read at once into one buffer; larger ones in pieces of it. */
export const PIECE = 1024 * 1024;
let shared: Buffer | undefined;
/**
 * A large allocation begins 16 bytes into a page, where AMD's cores copy the kernel's page-aligned
 * bytes at a quarter of their speed (2 GiB: 1.1 s of system time for 0.3 s); half a page on, they do not.
 */
const INTO_PAGE = 2048;
// One byte more than a piece, so that a file that has grown shows in its single read.
const buffer = (): Buffer =>
  (shared ??= Buffer.allocUnsafeSlow(INTO_PAGE + PIECE + 1).subarray(INTO_PAGE));

/**
 * A file of exactly `size` bytes in one read; undefined when it is longer or shorter. A regular
 * file gives all that was asked for unless it ends, so no second read has to find the end.
 */
export function readExactly(fd: number, size: number): Buffer | undefined {
  const into = buffer();
  return fs.readSync(fd, into, 0, size + 1, 0) === size ? into.subarray(0, size) : undefined;
}

/** The digest of a file of exactly `size` bytes; undefined when it is longer or shorter. */
export function hashPieces(
  fd: number,
  size: number,
  onBytes: (bytes: number) => void,
  onPiece: (piece: Buffer) => void,
): Buffer | undefined {
  const hasher = startHash();
  const into = buffer();
  let done = 0;
  for (;;) {
    const got = fs.readSync(fd, into, 0, PIECE, done);
    if (got === 0) break;
    // Longer than it was: a file that somebody appends to might never come to its end.
    if (done + got > size) return undefined;
    const piece = into.subarray(0, got);
    hasher.update(piece);
    onPiece(piece);
    done += got;
    onBytes(got);
  }
  return done === size ? hasher.digestBuffer() : undefined;
}

/** False once the file system has said that it cannot share blocks. */
let reflinks = true;

/** Makes `to` share the blocks of `from`; false where that cannot be done. */
export function tryReflink(from: string, to: string, disk: Disk): boolean {
  if (!reflinks) return false;
  try {
    disk.reflink(from, to);
    return true;
  } catch (error) {
    if (!isErrno(error, 'ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'EINVAL', 'ENOTTY', 'ENOSYS'))
      throw error;
    reflinks = false;
    return false;
  }
}
