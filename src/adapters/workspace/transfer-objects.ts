import * as fs from 'node:fs';
import { problem } from '../../model/diagnostic.ts';
import type { Digest } from '../../model/names.ts';
import { ProblemError } from '../../model/problem-error.ts';
import type { SizedObject } from '../../model/remote.ts';
import { err, ok } from '../../model/result.ts';
import type { Incoming, TransferObjects } from '../../ports/transfer-objects.ts';
import { hashBytes, startHash } from '../hash/blake3.ts';
import { isErrno, WorkspaceFailure } from './failure.ts';
import { digestOf, hexOf, objectPath } from './layout.ts';
import { hasObject, placeObject, storeBytes } from './object-file.ts';
import type { Tools } from './tools.ts';

const PIECE = 1024 * 1024;

/** The cache's objects for transfers: every byte that comes in is digested before it gets its name. */
export function openTransferObjects(
  tools: Pick<Tools, 'layout' | 'disk' | 'durability' | 'objects'>,
): TransferObjects {
  const { layout, disk, durability, objects } = tools;
  return {
    missing(wanted) {
      objects.prepare('trust');
      return wanted.filter(({ digest, size }) => !hasObject(layout.objects, hexOf(digest), size));
    },

    readNode(digest, depth) {
      try {
        const node = objects.readNode(digest, digest, depth);
        return ok({ node, size: fs.lstatSync(objectPath(layout.objects, hexOf(digest))).size });
      } catch (error) {
        if (!(error instanceof WorkspaceFailure)) throw error;
        if (error.problem.kind === 'object-missing') return err({ kind: 'missing' });
        if (error.problem.kind === 'refused') {
          return err({ kind: 'refused', cause: error.problem.cause });
        }
        objects.setAsideCorrupt(digest);
        return err({ kind: 'corrupt' });
      }
    },

    read: (digest, from, to) =>
      readPieces(objectPath(layout.objects, hexOf(digest)), digest, from, to),

    put(digest, bytes) {
      const hex = hexOf(digest);
      if (hashBytes(bytes).toString('hex') !== hex) return false;
      storing(digest, bytes.length, () => {
        objects.prepare('write');
        const store = { objects: layout.objects, temporary: layout.tmpObjects };
        if (storeBytes(bytes, hex, store, disk)) durability.noteWritten([hex]);
      });
      return true;
    },

    startDigest() {
      const hasher = startHash();
      return {
        update: (bytes) => hasher.update(bytes),
        digest: () => digestOf(hasher.digestBuffer().toString('hex')),
      };
    },

    setAside: (digest) => objects.setAsideCorrupt(digest),

    receive: (object) => storing(object.digest, object.size, () => receive(object, tools)),

    sync: () => durability.barrier(),
  };
}

/** An object that comes in pieces, kept at `tmp/incoming/<hex>` until it is whole. */
function receive(
  { digest, size }: SizedObject,
  { layout, disk, durability, objects }: Pick<Tools, 'layout' | 'disk' | 'durability' | 'objects'>,
): Incoming {
  objects.prepare('write');
  disk.mkdir(layout.incoming);
  const path = `${layout.incoming}/${hexOf(digest)}`;
  let hasher = startHash();
  let offset = 0;
  const fd = fs.openSync(path, 'a+', 0o644);
  const piece = Buffer.allocUnsafe(PIECE);
  for (let got = -1; got !== 0; offset += got) {
    got = fs.readSync(fd, piece, 0, piece.length, offset);
    hasher.update(piece.subarray(0, got));
  }
  if (offset > size) {
    fs.ftruncateSync(fd, 0);
    hasher = startHash();
    offset = 0;
  }
  return {
    offset,
    write(bytes) {
      storing(digest, size, () => disk.write(fd, bytes, path));
      hasher.update(bytes);
    },
    finish() {
      fs.closeSync(fd);
      if (hasher.digestBuffer().toString('hex') !== hexOf(digest)) {
        disk.unlink(path);
        return false;
      }
      storing(digest, size, () => {
        disk.chmod(path, 0o444);
        placeObject(path, hexOf(digest), layout.objects, disk);
      });
      durability.noteWritten([hexOf(digest)]);
      return true;
    },
    suspend: () => fs.closeSync(fd),
  };
}

async function* readPieces(
  path: string,
  digest: Digest,
  from: number,
  to: number,
): AsyncIterable<Uint8Array> {
  if (from >= to) return;
  let file: fs.promises.FileHandle | undefined;
  try {
    file = await fs.promises.open(path, 'r');
    for (let at = from; at < to;) {
      const piece = Buffer.allocUnsafe(Math.min(PIECE, to - at));
      const { bytesRead } = await file.read(piece, 0, piece.length, at);
      if (bytesRead === 0) throw unreadable(digest, 'it is shorter than it should be');
      at += bytesRead;
      yield piece.subarray(0, bytesRead);
    }
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    throw unreadable(digest, error.message);
  } finally {
    await file?.close();
  }
}

function storing<T>(digest: Digest, size: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isErrno(error, 'ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM')) throw error;
    const isFull = isErrno(error, 'ENOSPC', 'EDQUOT');
    throw new ProblemError(
      problem(
        'stage',
        isFull ? 'cache/no-space' : 'cache/unwritable',
        isFull
          ? `the disk is full: the cache cannot take ${digest} (${size} bytes)`
          : `the cache cannot be written: ${(error as Error).message}`,
        isFull ? 'make room and run it again: what came so far is kept' : undefined,
      ),
      { cause: error },
    );
  }
}

const unreadable = (digest: Digest, cause: string): ProblemError =>
  new ProblemError(
    problem(
      'corruption',
      'cache/unreadable',
      `${digest} cannot be read from the cache: ${cause}`,
      '`avian status` shows which stage it belongs to',
    ),
  );
