import { createHash } from 'node:crypto';
import { lstat, open, readdir, readlink, stat } from 'node:fs/promises';
import { dirname, join, posix, relative, resolve, sep } from 'node:path';
import { problem, type Problem } from '../../model/diagnostic.ts';
import { byCodeUnit } from '../../model/json.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { CopySource } from '../../ports/image-store.ts';

/** One thing in a layer. `path` is relative to the image's root; owner 0:0 unless it says otherwise. */
export type Entry = {
  readonly path: string;
  readonly mode: number;
  readonly uid?: number;
  /** The user's own number where absent. */
  readonly gid?: number;
  /** Extended attributes, by their names in a PAX header. */
  readonly pax?: { readonly [name: string]: string };
} & (
  | { readonly kind: 'directory' }
  | { readonly kind: 'link'; readonly target: string }
  /** `target` is an earlier path of the same layer. */
  | { readonly kind: 'hard-link'; readonly target: string }
  | {
      readonly kind: 'file';
      readonly from: { readonly path: string } | { readonly text: string };
      readonly size: number;
      /** Hex. What was read when the layer was planned; packing checks that it still holds. */
      readonly sha256: string;
    }
);

export const textEntry = (path: string, text: string, mode = 0o644): Entry => ({
  path,
  mode,
  kind: 'file',
  from: { text },
  size: Buffer.byteLength(text),
  sha256: createHash('sha256').update(text).digest('hex'),
});

export async function fileEntry(path: string, source: string, mode: number): Promise<Entry> {
  const { size, sha256 } = await readThrough(source);
  return { path, mode, kind: 'file', from: { path: source }, size, sha256 };
}

/**
 * Hashes a file, and hands its bytes to `take`, which must be done with them when it resolves. One
 * buffer for all of it: streams make one a piece, and their collection takes as long as the hashing.
 */
export async function readThrough(
  path: string,
  take?: (bytes: Uint8Array) => Promise<unknown>,
): Promise<{ readonly size: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  let size = 0;
  const file = await open(path, 'r');
  try {
    const { size: expected } = await file.stat();
    const buffer = Buffer.allocUnsafe(Math.min(Math.max(expected, 1), 1 << 20));
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) break;
      const bytes = buffer.subarray(0, bytesRead);
      hash.update(bytes);
      await take?.(bytes);
      size += bytesRead;
    }
  } finally {
    await file.close();
  }
  return { size, sha256: hash.digest('hex') };
}

/** The directories above `path`, outermost first, as a layer has to carry them. */
export function parents(path: string): Entry[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => ({
    path: parts.slice(0, index + 1).join('/'),
    mode: index === 0 && parts[0] === 'tmp' ? 0o1777 : 0o755,
    kind: 'directory',
  }));
}

/** By path, each path once, the first kept: parents come before what lies in them. */
export function sortEntries(entries: readonly Entry[]): readonly Entry[] {
  const byPath = new Map<string, Entry>();
  for (const entry of entries) if (!byPath.has(entry.path)) byPath.set(entry.path, entry);
  return [...byPath.values()].sort((a, b) => byCodeUnit(a.path, b.path));
}

/**
 * Everything below `source` as it will lie at `destination`. Modes are 0755 or 0644 by the
 * executable bit, so that a checkout's umask does not change the image. Links stay links and have
 * to stay inside; sockets, pipes and devices are refused.
 */
export async function collectEntries(copy: CopySource): Promise<Result<readonly Entry[], Problem>> {
  const destination = copy.destination.replace(/^\/+/, '');
  const top = await stat(copy.source).catch(() => undefined);
  if (top === undefined) {
    return err(
      problem(
        'usage',
        'image/source-missing',
        `nothing lies at \`${copy.source}\`, which should become \`${copy.destination}\``,
        'run the stage that makes it, or correct the left side of --copy',
      ),
    );
  }
  if (top.isFile()) {
    const mode = top.mode & 0o111 ? 0o755 : 0o644;
    const file = await fileEntry(destination, copy.source, mode);
    return ok(sortEntries([...parents(destination), file]));
  }
  if (!top.isDirectory()) return err(refused(copy.source, 'neither a file nor a directory'));

  const root = resolve(copy.source);
  const entries: Entry[] = [...parents(destination)];
  if (destination !== '') entries.push({ path: destination, mode: 0o755, kind: 'directory' });
  const pending = [root];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    for (const name of await readdir(directory)) {
      const from = join(directory, name);
      const path = posix.join(destination, relative(root, from).split(sep).join('/'));
      const info = await lstat(from);
      if (info.isDirectory()) {
        entries.push({ path, mode: 0o755, kind: 'directory' });
        pending.push(from);
      } else if (info.isFile()) {
        entries.push(await fileEntry(path, from, info.mode & 0o111 ? 0o755 : 0o644));
      } else if (info.isSymbolicLink()) {
        const target = await readlink(from);
        if (!staysInside(root, from, target)) {
          return err(refused(from, `a link to \`${target}\`, outside what is copied`));
        }
        entries.push({ path, mode: 0o777, kind: 'link', target });
      } else return err(refused(from, 'neither a file, a directory nor a link'));
    }
  }
  return ok(sortEntries(entries));
}

function staysInside(root: string, link: string, target: string): boolean {
  if (target.startsWith('/')) return false;
  const inside = relative(root, resolve(dirname(link), target));
  return inside !== '..' && !inside.startsWith(`..${sep}`);
}

const refused = (path: string, what: string): Problem =>
  problem(
    'usage',
    'image/source-refused',
    `\`${path}\` cannot go into an image: it is ${what}`,
    'copy what it stands for instead, or leave it out of the folder',
  );

/** Native modules and shared libraries among files, by name; links to them count. */
export const isNativeModule = (path: string): boolean => /\.node$|\.so(\.[0-9]+)*$/.test(path);
