import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { byCodeUnit } from '../../model/json.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { Bucket, BucketEntry, BucketProblem, Call, Content } from '../../ports/bucket.ts';

const PIECE = 1024 * 1024;
/** Under the directory, so that a rename is one; never listed. */
const PARTIAL = '.partial';

/**
 * A directory as a bucket: on a disk, a shared mount or in a test. An object is written beside its
 * place and given its name by a hard link, which fails where something has that name.
 */
export function openFileBucket(directory: string): Bucket {
  const pathOf = (name: string): string => join(directory, name);
  return {
    url: `file://${directory}`,

    async create(name, content, call) {
      const temporary = join(directory, PARTIAL, randomBytes(12).toString('hex'));
      return attempt(name, async () => {
        if (await exists(pathOf(name))) return err({ kind: 'exists', name });
        await fs.mkdir(dirname(temporary), { recursive: true });
        try {
          const written = await write(temporary, name, content, call);
          if (!written.ok) return written;
          await fs.mkdir(dirname(pathOf(name)), { recursive: true });
          return await place(temporary, pathOf(name), name);
        } finally {
          await fs.rm(temporary, { force: true });
        }
      });
    },

    read: (name, range, take, call) =>
      attempt(name, async () => {
        // A pipe that somebody laid there would keep whoever opens it waiting for ever.
        const file = await fs.open(pathOf(name), constants.O_RDONLY | constants.O_NONBLOCK);
        try {
          const stat = await file.stat();
          if (!stat.isFile()) return err({ kind: 'refused', name, cause: 'it is no file' });
          const { size } = stat;
          const end = Math.min(range.to ?? size, size);
          for (let at = range.from; at < end;) {
            if (call.signal.aborted) return err({ kind: 'cancelled', name });
            const piece = Buffer.allocUnsafe(Math.min(PIECE, end - at));
            const { bytesRead } = await file.read(piece, 0, piece.length, at);
            if (bytesRead === 0) break;
            at += bytesRead;
            call.onAlive(bytesRead);
            await take(piece.subarray(0, bytesRead));
          }
          if (range.to === undefined || range.to <= size) return ok(undefined);
          return err({ kind: 'refused', name, cause: `it has ${size} bytes, not ${range.to}` });
        } finally {
          await file.close();
        }
      }),

    list: (prefix, call) =>
      attempt(prefix, async () => {
        const found: BucketEntry[] = [];
        const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
        await collect(directory, pathOf(folder), prefix, call, found);
        return ok(found.sort((a, b) => byCodeUnit(a.name, b.name)));
      }),

    remove: (name) =>
      attempt(name, async () => {
        await fs.unlink(pathOf(name));
        return ok(undefined);
      }),
  };
}

async function write(
  temporary: string,
  name: string,
  content: Content,
  call: Call,
): Promise<Result<void, BucketProblem>> {
  const file = await fs.open(temporary, 'wx', 0o444);
  try {
    for await (const piece of content.read(0, content.size)) {
      if (call.signal.aborted) return err({ kind: 'cancelled', name });
      await file.writeFile(piece);
      call.onAlive(piece.length);
    }
    // What a root promises has to survive a power cut of the machine that has the disk.
    await file.sync();
    const { size } = await file.stat();
    if (size === content.size) return ok(undefined);
    return err({ kind: 'corrupt', name, cause: `${size} bytes came of ${content.size}` });
  } finally {
    await file.close();
  }
}

async function place(
  temporary: string,
  path: string,
  name: string,
): Promise<Result<void, BucketProblem>> {
  try {
    await fs.link(temporary, path);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return err({ kind: 'exists', name });
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(codeOf(error)))
      throw error;
    // A file system without hard links: looked at and renamed. Two pushers that race here under one
    // name have the same bytes, or names with nonces.
    if (await exists(path)) return err({ kind: 'exists', name });
    await fs.rename(temporary, path);
  }
  return ok(undefined);
}

async function collect(
  root: string,
  folder: string,
  prefix: string,
  call: Call,
  found: BucketEntry[],
): Promise<void> {
  const entries = await fs.readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  });
  for (const entry of entries) {
    if (call.signal.aborted) return;
    const path = join(folder, entry.name);
    const name = relative(root, path);
    if (name === PARTIAL) continue;
    if (entry.isDirectory()) {
      if (`${name}/`.startsWith(prefix) || prefix.startsWith(`${name}/`)) {
        await collect(root, path, prefix, call, found);
      }
    } else if (entry.isFile() && name.startsWith(prefix)) {
      const { size, mtimeMs } = await fs.stat(path);
      found.push({ name, size, at: mtimeMs });
    }
  }
  call.onAlive(0);
}

const exists = async (path: string): Promise<boolean> =>
  fs.stat(path).then(
    () => true,
    (error: unknown) => {
      if (codeOf(error) === 'ENOENT') return false;
      throw error;
    },
  );

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** As the owner; where somebody else is, they have to. */
const allow = (error: Error): string =>
  `chmod -R u+rwX '${'path' in error && typeof error.path === 'string' ? dirname(error.path) : '.'}'`;

/** What the file system did, as a value; everything else is not ours and goes on. */
async function attempt<T>(
  name: string,
  work: () => Promise<Result<T, BucketProblem>>,
): Promise<Result<T, BucketProblem>> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    const cause = error.message;
    switch (codeOf(error)) {
      case 'ENOENT':
        return err({ kind: 'not-found', name });
      case 'EACCES':
      case 'EPERM':
        return err({ kind: 'denied', name, cause, hint: allow(error) });
      case 'EROFS':
        return err({ kind: 'denied', name, cause, hint: 'mount it writable' });
      case 'EIO':
      case 'ESTALE':
      case 'EAGAIN':
      case 'EMFILE':
      case 'ETIMEDOUT':
        return err({ kind: 'unavailable', name, cause });
      default:
        return err({ kind: 'refused', name, cause });
    }
  }
}
