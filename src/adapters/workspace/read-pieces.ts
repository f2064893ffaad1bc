import * as fs from 'node:fs';
import { startHash } from '../hash/blake3.ts';
import type { Disk } from './disk.ts';
import { isErrno } from './failure.ts';

/** Files up to this size are read at once into one buffer, larger ones in pieces. */
export const AT_ONCE = 1024 * 1024;
/**
 * Each piece is read, hashed and written before the next. The kernel's copy of a longer one goes
 * past the core's own cache, so that the next step has it from memory: 2 GiB in pieces of 1 MiB
 * take 2.4 to 2.9 s of system time, of 256 KiB 2.1 s, of 128 KiB and less 1.4 to 1.5 s.
 */
export const PIECE = 128 * 1024;
/**
 * The system's large allocations begin 16 bytes into a page, and to there AMD's cores copy page-aligned
 * bytes at a quarter of their speed: 1.3 s more for 2 GiB. Half a page further they do not.
 */
const INTO_PAGE = 2048;
let shared: Buffer | undefined;
// One byte more, so that a file that has grown shows in its single read.
const buffer = (): Buffer =>
  (shared ??= Buffer.allocUnsafeSlow(INTO_PAGE + AT_ONCE + 1).subarray(INTO_PAGE));

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
