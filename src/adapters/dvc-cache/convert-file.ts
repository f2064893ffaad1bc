import * as fs from 'node:fs';
import type { DvcHash } from '../../model/dvc.ts';
import type { Disk } from '../workspace/disk.ts';
import { hasObject, placeObject, storeBytes, temporaryName } from '../workspace/object-file.ts';
import { AT_ONCE, hashPieces, readExactly, tryReflink } from '../workspace/read-pieces.ts';
import { hashBytes } from '../hash/blake3.ts';
import { startMd5 } from './dvc-md5.ts';

export interface Store {
  readonly objects: string;
  readonly temporary: string;
}

export interface ConvertedFile {
  /** BLAKE3 in hex. */
  readonly hex: string;
  readonly size: number;
  /** False when the cache had it already. */
  readonly isNew: boolean;
}

/**
 * Copies one file of DVC's cache into ours by one read of it. Undefined when its bytes do not have
 * the MD5 of its name: nothing is kept then.
 */
export function convertFile(
  source: string,
  hash: Pick<DvcHash, 'md5' | 'legacy'>,
  store: Store,
  disk: Disk,
  onBytes: (bytes: number) => void,
): ConvertedFile | undefined {
  const fd = fs.openSync(source, 'r');
  try {
    const { size } = fs.fstatSync(fd);
    return size <= AT_ONCE
      ? convertSmall(fd, size, hash, store, disk)
      : convertLarge(fd, source, size, hash, store, disk, onBytes);
  } finally {
    fs.closeSync(fd);
  }
}

function convertSmall(
  fd: number,
  size: number,
  hash: Pick<DvcHash, 'md5' | 'legacy'>,
  store: Store,
  disk: Disk,
): ConvertedFile | undefined {
  const bytes = readExactly(fd, size);
  if (bytes === undefined) return undefined;
  const md5 = startMd5(hash.legacy);
  md5.update(bytes);
  if (md5.hex() !== hash.md5) return undefined;
  const hex = hashBytes(bytes).toString('hex');
  return { hex, size, isNew: storeBytes(bytes, hex, store, disk) };
}

function convertLarge(
  fd: number,
  source: string,
  size: number,
  hash: Pick<DvcHash, 'md5' | 'legacy'>,
  store: Store,
  disk: Disk,
  onBytes: (bytes: number) => void,
): ConvertedFile | undefined {
  const temporary = temporaryName(store.temporary);
  const md5 = startMd5(hash.legacy);
  try {
    const blake3 = tryReflink(source, temporary, disk)
      ? hashPieces(fd, size, onBytes, (piece) => {
          md5.update(piece);
        })
      : copy(fd, temporary, size, disk, onBytes, (piece) => {
          md5.update(piece);
        });
    const hex = blake3?.toString('hex');
    const isRight = hex !== undefined && md5.hex() === hash.md5;
    if (!isRight || hasObject(store.objects, hex, size)) {
      disk.unlink(temporary);
      return isRight ? { hex, size, isNew: false } : undefined;
    }
    // A clone has the source's permissions; objects are read only.
    disk.chmod(temporary, 0o444);
    placeObject(temporary, hex, store.objects, disk);
    return { hex, size, isNew: true };
  } catch (error) {
    disk.remove(temporary);
    throw error;
  }
}

function copy(
  fd: number,
  to: string,
  size: number,
  disk: Disk,
  onBytes: (bytes: number) => void,
  onPiece: (piece: Buffer) => void,
): Buffer | undefined {
  const out = disk.create(to, 0o444);
  try {
    return hashPieces(fd, size, onBytes, (piece) => {
      onPiece(piece);
      disk.write(out, piece, to);
    });
  } finally {
    fs.closeSync(out);
  }
}
