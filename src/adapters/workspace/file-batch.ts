import * as fs from 'node:fs';
import { hashBytes } from '../hash/blake3.ts';
import { linkStanding, type Standing } from './carry-over.ts';
import type { Disk } from './disk.ts';
import { fail, isErrno, problemOf } from './failure.ts';
import { digestOf, objectPath } from './layout.ts';
import { hasObject, placeObject, storeBytes, temporaryName, writeObject } from './object-file.ts';
import { AT_ONCE, hashPieces, readExactly, tryReflink } from './read-pieces.ts';
import { COLUMNS, isFileMode, sameStat, setStat, SIZE } from './snapshot.ts';
import type { WorkspaceProblem } from '../../ports/workspace.ts';

/** Work on many files in one message: done here or, when it is worth it, in a worker thread. */
export type FileBatch =
  | {
      readonly kind: 'digest';
      readonly paths: readonly string[];
      /** As lstat said; `COLUMNS` a file. The reply has them as they were when the file was read. */
      readonly stats: Float64Array;
      /** Where to store what is read; absent when only digests are wanted. */
      readonly store?: { readonly objects: string; readonly temporary: string };
    }
  | {
      readonly kind: 'restore';
      readonly paths: readonly string[];
      readonly hexes: readonly string[];
      readonly sizes: readonly number[];
      /** Permissions, the umask already taken off. */
      readonly modes: readonly number[];
      readonly objects: string;
      /** Files without the executable bit become hard links to their objects where that can be done. */
      readonly link?: true;
      /** Files that have the bytes already, to be renamed. */
      readonly spares?: readonly (string | undefined)[];
      readonly standing?: Standing;
    };

/** Objects to be made of bytes that were digested already. */
export interface StoreBatch {
  readonly kind: 'store';
  /** Of the objects, which are not there. */
  readonly hexes: readonly string[];
  readonly sizes: readonly number[];
  /** Their bytes, one after the other. Handed over, and back with the reply. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly store: { readonly objects: string; readonly temporary: string };
}

export interface BatchReply {
  /** 32 bytes a file. */
  readonly digests: Buffer;
  readonly stats: Float64Array;
  /** Objects that were new to the cache, in hex. */
  readonly written: readonly string[];
  /** The first failure ends a batch. */
  readonly problem?: WorkspaceProblem;
  /** Of a batch that stored: its buffer, to be used again. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
}

/** Sizes as they were when the batch was made. */
const sizesOf = (batch: FileBatch): readonly number[] =>
  batch.kind === 'restore'
    ? batch.sizes
    : batch.paths.map((_, index) => batch.stats[index * COLUMNS + SIZE] ?? 0);

/** Bytes of the files that are read at once, about which `onBytes` is not told. */
export const smallBytes = (batch: FileBatch): number =>
  sizesOf(batch).reduce((sum, size) => sum + (size <= AT_ONCE ? size : 0), 0);

/** @param onBytes told how far a large file has come. */
export function runBatch(
  batch: FileBatch | StoreBatch,
  disk: Disk,
  onBytes: (bytes: number) => void,
): BatchReply {
  if (batch.kind === 'store') return storeBatch(batch, disk);
  const count = batch.paths.length;
  const digests = Buffer.alloc(count * 32);
  const stats = batch.kind === 'digest' ? batch.stats.slice() : new Float64Array(count * COLUMNS);
  const written: string[] = [];
  for (let index = 0; index < count; index++) {
    const path = batch.paths[index] ?? '';
    let size = 0;
    try {
      if (batch.kind === 'digest') {
        size = stats[index * COLUMNS + SIZE] ?? 0;
        const digest = digestFile(path, stats, index, batch.store, disk, written, onBytes);
        digest.copy(digests, index * 32);
      } else {
        size = batch.sizes[index] ?? 0;
        setStat(stats, index, makeFile(batch, index, disk, onBytes));
        digests.write(batch.hexes[index] ?? '', index * 32, 'hex');
      }
    } catch (error) {
      const problem = problemOf(error, path, size);
      if (problem === undefined) throw error;
      return { digests, stats, written, problem };
    }
  }
  return { digests, stats, written };
}

type RestoreBatch = Extract<FileBatch, { kind: 'restore' }>;

/** Makes one file of a batch, in the cheapest way there is. */
function makeFile(
  batch: RestoreBatch,
  index: number,
  disk: Disk,
  onBytes: (bytes: number) => void,
): fs.Stats {
  const path = batch.paths[index] ?? '';
  const hex = batch.hexes[index] ?? '';
  const size = batch.sizes[index] ?? 0;
  const mode = batch.modes[index] ?? 0o644;
  const linked =
    batch.link === true && (mode & 0o100) === 0
      ? linkFile(path, hex, size, batch.objects, disk)
      : undefined;
  return (
    linked ??
    linkStanding(batch.standing, index, path, disk) ??
    useSpare(batch.spares?.[index], path, size, mode, disk) ??
    restoreFile(path, hex, size, mode, batch.objects, disk, onBytes)
  );
}

function storeBatch(batch: StoreBatch, disk: Disk): BatchReply {
  const { hexes, sizes, bytes, store } = batch;
  const none = { digests: Buffer.alloc(0), stats: new Float64Array(0) };
  const written: string[] = [];
  let at = 0;
  for (const [index, hex] of hexes.entries()) {
    const size = sizes[index] ?? 0;
    try {
      writeObject(bytes.subarray(at, at + size), hex, store, disk);
    } catch (error) {
      const problem = problemOf(error, digestOf(hex), size);
      if (problem === undefined) throw error;
      return { ...none, written, problem, bytes };
    }
    written.push(hex);
    at += size;
  }
  return { ...none, written, bytes };
}

type Store = { readonly objects: string; readonly temporary: string } | undefined;

/**
 * Digests one file, and keeps it as an object when asked to. What it returns belongs to the stats
 * it leaves: they are the same before and after the read.
 */
function digestFile(
  path: string,
  stats: Float64Array,
  index: number,
  store: Store,
  disk: Disk,
  written: string[],
  onBytes: (bytes: number) => void,
): Buffer {
  const fd = openForReading(path);
  try {
    // Twice: an editor that saves while we look deserves a second look, a log that grows does not.
    for (let reads = 0; reads < 2; reads++) {
      const size = stats[index * COLUMNS + SIZE] ?? 0;
      const read =
        size <= AT_ONCE
          ? readSmall(fd, size, store, disk)
          : readLarge(fd, path, size, store, disk, onBytes);
      const after = fs.fstatSync(fd);
      if (!isFileMode(after.mode)) break;
      const isSame = read !== undefined && sameStat(stats, index, after);
      if (isSame) {
        if (read.keep()) written.push(read.digest.toString('hex'));
        return read.digest;
      }
      read?.drop();
      setStat(stats, index, after);
    }
  } finally {
    fs.closeSync(fd);
  }
  return fail({ kind: 'changed-while-read', path });
}

function openForReading(path: string): number {
  try {
    // A pipe that took the file's place must not block; a link is not what was scanned.
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
    return fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ELOOP', 'ENOTDIR')) {
      return fail({ kind: 'changed-while-read', path });
    }
    throw error;
  }
}

/** Content read whole: its digest, and what to do with it once it is known to be true. */
interface ReadOnce {
  readonly digest: Buffer;
  /** Keeps it as an object; false when the cache has it, or none is wanted. */
  keep(): boolean;
  drop(): void;
}

const nothing = (): void => undefined;

function readSmall(fd: number, size: number, store: Store, disk: Disk): ReadOnce | undefined {
  const bytes = readExactly(fd, size);
  if (bytes === undefined) return undefined;
  const digest = hashBytes(bytes);
  return {
    digest,
    keep: () => store !== undefined && storeBytes(bytes, digest.toString('hex'), store, disk),
    drop: nothing,
  };
}

function readLarge(
  fd: number,
  path: string,
  size: number,
  store: Store,
  disk: Disk,
  onBytes: (bytes: number) => void,
): ReadOnce | undefined {
  if (store === undefined) {
    const digest = hashPieces(fd, size, onBytes, nothing);
    return digest && { digest, keep: () => false, drop: nothing };
  }
  const temporary = temporaryName(store.temporary);
  try {
    const digest =
      cloneAndHash(path, temporary, size, disk, onBytes) ??
      copyAndHash(fd, temporary, size, disk, onBytes);
    if (digest === undefined) {
      disk.unlink(temporary);
      return undefined;
    }
    return {
      digest,
      keep: () => {
        const hex = digest.toString('hex');
        const isNew = !hasObject(store.objects, hex, size);
        if (isNew) placeObject(temporary, hex, store.objects, disk);
        else disk.unlink(temporary);
        return isNew;
      },
      drop: () => {
        disk.unlink(temporary);
      },
    };
  } catch (error) {
    disk.remove(temporary);
    throw error;
  }
}

/** A clone is a picture of one moment, so it is made first and hashed after. */
function cloneAndHash(
  path: string,
  to: string,
  size: number,
  disk: Disk,
  onBytes: (bytes: number) => void,
): Buffer | undefined {
  if (!tryReflink(path, to, disk)) return undefined;
  const fd = fs.openSync(to, 'r');
  try {
    return hashPieces(fd, size, onBytes, nothing);
  } finally {
    fs.closeSync(fd);
  }
}

function copyAndHash(
  fd: number,
  to: string,
  size: number,
  disk: Disk,
  onBytes: (bytes: number) => void,
): Buffer | undefined {
  const out = disk.create(to, 0o444);
  try {
    return hashPieces(fd, size, onBytes, (piece) => {
      disk.write(out, piece, to);
    });
  } finally {
    fs.closeSync(out);
  }
}

/** Makes the path one more name of an object, which is read-only; undefined where that cannot be. */
function linkFile(
  path: string,
  hex: string,
  size: number,
  objects: string,
  disk: Disk,
): fs.Stats | undefined {
  const object = objectPath(objects, hex);
  const there = fs.lstatSync(object, { throwIfNoEntry: false });
  if (there === undefined) return fail({ kind: 'object-missing', digest: digestOf(hex), path });
  if (!hasObject(objects, hex, size)) {
    return fail({ kind: 'object-corrupt', digest: digestOf(hex), path });
  }
  // An object of an older cache, or one that somebody made writable: shared, it must not be.
  if ((there.mode & 0o222) !== 0) disk.chmod(object, 0o444);
  try {
    disk.link(object, path);
  } catch (error) {
    if (!isErrno(error, 'EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS')) throw error;
    return undefined;
  }
  return fs.lstatSync(path);
}

/** Gives a file that has the bytes its name; undefined where that cannot be done. */
function useSpare(
  spare: string | undefined,
  path: string,
  size: number,
  mode: number,
  disk: Disk,
): fs.Stats | undefined {
  if (spare === undefined) return undefined;
  try {
    disk.chmod(spare, mode);
    if (fs.lstatSync(spare).size !== size) return undefined;
    disk.rename(spare, path);
  } catch (error) {
    // Another volume, or somebody tidied up: the object is here all the same.
    if (isErrno(error, 'EXDEV', 'ENOENT')) return undefined;
    throw error;
  }
  return fs.lstatSync(path);
}

/** Copies an object to a path that must not exist, checking its bytes on the way. */
function restoreFile(
  path: string,
  hex: string,
  size: number,
  mode: number,
  objects: string,
  disk: Disk,
  onBytes: (bytes: number) => void,
): fs.Stats {
  const object = objectPath(objects, hex);
  const check = (found: Buffer | undefined): void => {
    if (found?.toString('hex') !== hex) {
      fail({ kind: 'object-corrupt', digest: digestOf(hex), path });
    }
  };
  const fd = openObject(object, hex, path);
  try {
    if (size > AT_ONCE && tryReflink(object, path, disk)) {
      disk.chmod(path, mode);
      check(hashPieces(fd, size, onBytes, nothing));
      return fs.lstatSync(path);
    }
    // Read before the file is made: a corrupt small object leaves nothing behind.
    const small = size <= AT_ONCE ? readExactly(fd, size) : undefined;
    if (size <= AT_ONCE) check(small && hashBytes(small));
    const out = disk.create(path, mode);
    try {
      if (small !== undefined) disk.write(out, small, path);
      else {
        const pieces = hashPieces(fd, size, onBytes, (piece) => {
          disk.write(out, piece, path);
        });
        check(pieces);
      }
      return fs.fstatSync(out);
    } finally {
      fs.closeSync(out);
    }
  } finally {
    fs.closeSync(fd);
  }
}

function openObject(object: string, hex: string, path: string): number {
  try {
    return fs.openSync(object, 'r');
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
    return fail({ kind: 'object-missing', digest: digestOf(hex), path });
  }
}
