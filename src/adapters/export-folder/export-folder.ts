import { randomBytes } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import * as fs from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { problem } from '../../model/diagnostic.ts';
import type { Digest } from '../../model/names.ts';
import { ProblemError } from '../../model/problem-error.ts';
import type { Content } from '../../ports/bucket.ts';
import type { ExportTarget, PlainFile, Put } from '../../ports/export-target.ts';
import { startHash } from '../hash/blake3.ts';

/** A folder as a place to export to. Every file is written beside its place, checked, and renamed in. */
export function openExportFolder(folder: string): ExportTarget {
  /** Puts `make` in place, unless something else is there; `isSame` says whether it need not. */
  const place = async (
    name: string,
    replace: boolean,
    isSame: (path: string, there: Stats) => Promise<boolean>,
    make: (temporary: string) => Promise<void>,
  ): Promise<Put> => {
    const path = join(folder, name);
    return attempt(path, async () => {
      const there = await fs.lstat(path).catch(ifAbsent);
      if (there !== undefined) {
        if (await isSame(path, there)) return 'same';
        if (!replace || there.isDirectory()) return 'differs';
      }
      await makeFolder(dirname(path));
      const temporary = `${path}.${randomBytes(6).toString('hex')}.partial`;
      try {
        await make(temporary);
        await fs.rename(temporary, path);
      } finally {
        await fs.rm(temporary, { force: true });
      }
      return 'written';
    });
  };

  return {
    file: (file, content, call, { replace }) =>
      place(
        file.name,
        replace,
        (path, there) => isSameFile(path, there, file),
        (temporary) => write(temporary, file, content, call),
      ),

    link: (name, target, { replace }) =>
      place(
        name,
        replace,
        async (path, there) => there.isSymbolicLink() && (await fs.readlink(path)) === target,
        (temporary) => fs.symlink(target, temporary),
      ),

    directory: (name) =>
      attempt(join(folder, name), async () =>
        (await makeFolder(join(folder, name))) ? 'written' : 'same',
      ),
  };
}

/**
 * With its parents; false when it was there. Node's own `recursive` never returns where a folder that
 * is there takes no new names and says that it is absent, as /proc does.
 */
async function makeFolder(path: string): Promise<boolean> {
  try {
    return await makeOne(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error;
  }
  await makeFolder(dirname(path));
  return makeOne(path);
}

async function makeOne(path: string): Promise<boolean> {
  try {
    await fs.mkdir(path);
    return true;
  } catch (error) {
    // Another file of the same folder may have made it.
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
    if (isThere && (await fs.stat(path)).isDirectory()) return false;
    throw error;
  }
}

async function isSameFile(
  path: string,
  there: Stats,
  { digest, size, executable }: PlainFile,
): Promise<boolean> {
  if (!there.isFile() || there.size !== size) return false;
  if (((there.mode & 0o100) !== 0) !== executable) return false;
  const hasher = startHash();
  for await (const piece of createReadStream(path)) hasher.update(piece as Uint8Array);
  return isOf(digest, hasher);
}

async function write(
  temporary: string,
  { name, digest, size, executable }: PlainFile,
  content: Content,
  call: Parameters<ExportTarget['file']>[2],
): Promise<void> {
  const hasher = startHash();
  const file = await fs.open(temporary, 'wx', executable ? 0o777 : 0o666);
  try {
    let position = 0;
    for await (const piece of content.read(0, size)) {
      if (call.signal.aborted) throw interrupted(name);
      await file.writeFile(piece);
      hasher.update(piece);
      position += piece.length;
      call.onAlive(piece.length);
      call.onSafe(position);
    }
  } finally {
    await file.close();
  }
  if (isOf(digest, hasher)) return;
  const hex = digest.slice('b3:'.length);
  throw new ProblemError(
    problem(
      'corruption',
      'cache/wrong-bytes',
      `the cache has other bytes than ${digest} for ${name}; nothing of it was written`,
      `remove cache/v1/objects/${hex.slice(0, 2)}/${hex.slice(2)} and run it again, or \`avian pull\``,
    ),
  );
}

const interrupted = (name: string): ProblemError =>
  new ProblemError(
    problem('stage', 'export/interrupted', `interrupted at ${name}`, 'run it again: it goes on'),
  );

const isOf = (digest: Digest, hasher: ReturnType<typeof startHash>): boolean =>
  `b3:${hasher.digestBuffer().toString('hex')}` === digest;

const ifAbsent = (error: unknown): undefined => {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  return undefined;
};

async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    const isFull = 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
    const message = `${path} cannot be written: ${error.message}`;
    const hint = isFull ? 'make room and run it again: it goes on' : undefined;
    throw new ProblemError(problem('stage', 'export/unwritable', message, hint), { cause: error });
  }
}
