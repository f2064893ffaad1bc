import * as fs from 'node:fs';
import { problem } from '../../model/diagnostic.ts';
import type { Digest } from '../../model/names.ts';
import { ProblemError } from '../../model/problem-error.ts';
import { err, ok } from '../../model/result.ts';
import type { TransferObjects } from '../../ports/transfer-objects.ts';
import { hashBytes, startHash } from '../hash/blake3.ts';
import { openBulkStore } from './bulk-store.ts';
import { listFolder } from './discard.ts';
import { isErrno, WorkspaceFailure } from './failure.ts';
import { openIncoming } from './incoming.ts';
import { digestOf, hexOf, objectPath } from './layout.ts';
import { hasObject, storeBytes } from './object-file.ts';
import type { Tools } from './tools.ts';

const PIECE = 1024 * 1024;
/** Of fewer files, each is looked at: that costs no more than a look at the folders of the cache. */
const MANY = 256;

/** The cache's objects for transfers: every byte that comes in is digested before it gets its name. */
export function openTransferObjects(tools: Needs): TransferObjects {
  const { layout, disk, durability, objects } = tools;
  const later = openBulkStore(tools);
  return {
    async holds(artifact) {
      if ((artifact.files ?? 0) < MANY) return objects.holds(artifact);
      if (tools.wholeTrees.has(artifact.digest)) return true;
      const stamp = tools.wholeTrees.stamp();
      const isWhole = objects.holds(artifact);
      if (isWhole) tools.wholeTrees.note([artifact.digest], stamp);
      return isWhole;
    },

    noteWhole(trees) {
      const large = trees.filter(({ files = 0 }) => files >= MANY);
      if (large.length === 0) return;
      const digests = large.map(({ digest }) => digest);
      tools.wholeTrees.note(digests, tools.wholeTrees.stamp());
    },

    missing(wanted) {
      objects.prepare('trust');
      // A new cache has none of the 256 folders, which is told sooner than that 10,000 files are absent.
      const folders = new Set(listFolder(layout.objects));
      return wanted.filter(({ digest, size }) => {
        const hex = hexOf(digest);
        return !folders.has(hex.slice(0, 2)) || !hasObject(layout.objects, hex, size);
      });
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

    expect: (count) => {
      tools.files.expect(count);
    },
    putLater: (digest, bytes) => later.add(digest, bytes),
    pause() {
      try {
        return later.pause();
      } catch (error) {
        throw explained(error);
      }
    },
    async settle() {
      try {
        await later.settle();
      } catch (error) {
        throw explained(error);
      }
    },

    startDigest() {
      const hasher = startHash();
      return {
        update: (bytes) => hasher.update(bytes),
        digest: () => digestOf(hasher.digestBuffer().toString('hex')),
      };
    },

    setAside: (digest) => objects.setAsideCorrupt(digest),

    receive(object, isWanted = false) {
      const { digest, size } = object;
      const incoming = storing(digest, size, () => openIncoming(object, isWanted, tools));
      return {
        ...incoming,
        write: (bytes, position) =>
          storing(digest, size, () => {
            incoming.write(bytes, position);
          }),
        finish: () => storing(digest, size, () => incoming.finish()),
      };
    },

    sync: () => durability.barrier(),
  };
}

type Needs = Pick<
  Tools,
  'layout' | 'disk' | 'durability' | 'objects' | 'files' | 'spares' | 'wholeTrees'
>;

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

/** A failure of the threads that store, as a person is told it. */
function explained(error: unknown): unknown {
  if (!(error instanceof WorkspaceFailure)) return error;
  const { problem: found } = error;
  if (found.kind === 'no-space') return full(found.path, found.needed, error);
  return found.kind === 'io' ? unwritable(found.cause, error) : error;
}

function storing<T>(digest: Digest, size: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isErrno(error, 'ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM')) throw error;
    throw isErrno(error, 'ENOSPC', 'EDQUOT')
      ? full(digest, size, error)
      : unwritable((error as Error).message, error);
  }
}

const full = (digest: string, size: number, cause: unknown): ProblemError =>
  new ProblemError(
    problem(
      'stage',
      'cache/no-space',
      `the disk is full: the cache cannot take ${digest} (${size} bytes)`,
      'make room and run it again: what came so far is kept',
    ),
    { cause },
  );

const unwritable = (why: string, cause: unknown): ProblemError =>
  new ProblemError(problem('stage', 'cache/unwritable', `the cache cannot be written: ${why}`), {
    cause,
  });

const unreadable = (digest: Digest, cause: string): ProblemError =>
  new ProblemError(
    problem(
      'corruption',
      'cache/unreadable',
      `${digest} cannot be read from the cache: ${cause}`,
      '`avian status` shows which stage it belongs to',
    ),
  );
