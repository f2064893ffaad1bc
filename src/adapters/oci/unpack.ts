import { createWriteStream } from 'node:fs';
import { chmod, link, lstat, mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ParsedTarEntry } from 'modern-tar';
import { problem, type Problem } from '../../model/diagnostic.ts';
import { ok, type Result } from '../../model/result.ts';
import type { StoredImage } from '../../ports/image-store.ts';
import { bodyOf, readLayer, Refused } from './layer-reader.ts';
import { blobPath } from './layout.ts';
import { confineLink, layerPath, resolveInRoot } from './rooted-path.ts';

export interface UnpackLimits {
  readonly bytes: number;
  readonly entries: number;
}

/** Far above any service; below what fills a disk by a bomb of a few kilobytes. */
const DEFAULT_LIMITS: UnpackLimits = { bytes: 64 * 1024 ** 3, entries: 2_000_000 };

interface Totals {
  files: number;
  bytes: number;
  entries: number;
}

/** See `ImageStore.unpack`. Not defended against another process that changes `root` meanwhile. */
export async function unpackImage(
  image: StoredImage,
  root: string,
  limits: UnpackLimits = DEFAULT_LIMITS,
): Promise<Result<{ files: number; bytes: number }, Problem>> {
  await mkdir(root, { recursive: true });
  const totals: Totals = { files: 0, bytes: 0, entries: 0 };
  for (const layer of image.manifest.layers) {
    // Paths this layer made: an opaque marker hides what lies below, not what lies beside it.
    const made = new Set<string>();
    const blob = blobPath(image.directory, layer.digest);
    const read = await readLayer(blob, layer, (entry) =>
      unpackEntry(root, entry, made, totals, limits),
    );
    if (!read.ok) return read;
  }
  return ok({ files: totals.files, bytes: totals.bytes });
}

async function unpackEntry(
  root: string,
  entry: ParsedTarEntry,
  made: Set<string>,
  totals: Totals,
  limits: UnpackLimits,
): Promise<void> {
  const { header } = entry;
  const parts = layerPath(header.name);
  if (parts === undefined) throw hostile(header.name, 'its name leaves the image');
  totals.entries += 1;
  totals.bytes += header.type === 'file' ? header.size : 0;
  if (totals.bytes > limits.bytes || totals.entries > limits.entries) {
    throw hostile(header.name, 'the image unpacks to more than is allowed');
  }
  const name = parts.at(-1);
  if (name === undefined) {
    await entry.body.cancel();
    return;
  }
  const parent = await resolveInRoot(root, parts.slice(0, -1));
  if (parent === undefined) throw hostile(header.name, 'its links form a loop');
  await makeDirectories(root, parent);

  if (name.startsWith('.wh.')) {
    await entry.body.cancel();
    await applyWhiteout(parent, name.slice('.wh.'.length), header.name, made);
    return;
  }

  const path = join(parent, name);
  const before = await lstat(path).catch(() => undefined);
  const isDirectory = header.type === 'directory';
  // Whatever was there goes, unless a directory stays a directory: never write through a link.
  if (before && !(isDirectory && before.isDirectory())) {
    await rm(path, { recursive: true, force: true });
  }
  const mode = (header.mode ?? 0o644) & 0o777;
  switch (header.type ?? 'file') {
    case 'file':
      // `wx`: the path is free now, and must not be anything else by the time it is opened.
      await pipeline(bodyOf(entry), createWriteStream(path, { flags: 'wx', mode: 0o600 }));
      await chmod(path, mode | 0o400);
      totals.files += 1;
      break;
    case 'directory':
      await entry.body.cancel();
      await mkdir(path, { recursive: true });
      await chmod(path, mode | 0o700);
      break;
    case 'symlink':
      await entry.body.cancel();
      await symlink(confineLink(root, parent, header.linkname ?? ''), path);
      break;
    case 'link':
      await entry.body.cancel();
      await makeHardLink(root, header.linkname ?? '', path, header.name);
      break;
    case 'character-device':
    case 'block-device':
    case 'fifo':
      await entry.body.cancel();
      return;
    case 'pax-header':
    case 'pax-global-header':
    case 'gnu-long-name':
    case 'gnu-long-link-name':
      await entry.body.cancel();
      return;
    default:
      throw hostile(header.name, 'it is of an unknown type');
  }
  made.add(path);
}

/** `parent` is resolved, so what exists of it are directories; a file in the way is replaced. */
async function makeDirectories(root: string, parent: string): Promise<void> {
  const info = await lstat(parent).catch(() => undefined);
  if (info?.isDirectory() === true) return;
  if (parent !== root) await makeDirectories(root, dirname(parent));
  if (info !== undefined) await rm(parent, { force: true });
  await mkdir(parent, { recursive: true });
}

async function applyWhiteout(
  parent: string,
  hidden: string,
  entryName: string,
  made: ReadonlySet<string>,
): Promise<void> {
  if (hidden === '.wh..opq') {
    for (const child of await readdir(parent)) {
      const path = join(parent, child);
      if (![...made].some((one) => one === path || one.startsWith(`${path}/`))) {
        await rm(path, { recursive: true, force: true });
      }
    }
    return;
  }
  // `.wh...` would hide the parent itself.
  if (hidden === '' || hidden === '.' || hidden === '..') {
    throw hostile(entryName, 'it hides a directory that it does not own');
  }
  await rm(join(parent, hidden), { recursive: true, force: true });
}

async function makeHardLink(
  root: string,
  target: string,
  path: string,
  entryName: string,
): Promise<void> {
  const parts = layerPath(target);
  const name = parts?.at(-1);
  const parent = parts && (await resolveInRoot(root, parts.slice(0, -1)));
  if (name === undefined || parent === undefined) {
    throw hostile(entryName, 'it links to a file outside the image');
  }
  const source = join(parent, name);
  const info = await lstat(source).catch(() => undefined);
  // A hard link to a symbolic link would be followed by whoever opens it.
  if (info?.isFile() !== true) throw hostile(entryName, 'it links to what is no file in the image');
  await link(source, path);
}

const hostile = (name: string, why: string): Refused =>
  new Refused(
    problem(
      'corruption',
      'image/refused-entry',
      `the layer's entry ${JSON.stringify(name)} is refused: ${why}`,
      'do not trust this image; build it from sources you know',
    ),
  );
