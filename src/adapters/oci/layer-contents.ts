import { createHash } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { Problem } from '../../model/diagnostic.ts';
import { ok, type Result } from '../../model/result.ts';
import type { Descriptor, LayerContents, Package } from '../../ports/image-store.ts';
import { isNativeModule } from './entries.ts';
import { bodyOf, readLayer, skipBody } from './layer-reader.ts';

/** Bumped when a layer would be read differently, so that old notes are read anew. */
const VERSION = 1;
/** A status file of a full Debian has 2 MiB; nothing honest comes near. */
const LARGEST = 16 * 1024 * 1024;

/**
 * What is installed in a layer, from what package managers leave behind: `package.json` of npm's
 * packages, dpkg's status files, CycloneDX documents. Remembered in `note`, since a layer never
 * changes and the base is a hundred megabytes to unpack.
 */
export async function layerContents(
  blob: string,
  layer: Descriptor,
  note: string,
): Promise<Result<LayerContents, Problem>> {
  const known = await readNote(note);
  if (known !== undefined) return ok(known);
  const packages: Package[] = [];
  const libraries: { path: string; sha256: string }[] = [];
  const bills: JsonObject[] = [];
  const read = await readLayer(blob, layer, async (entry) => {
    const path = entry.header.name.replace(/^\.?\/+/, '');
    const isFile = (entry.header.type ?? 'file') === 'file';
    const what = isFile && entry.header.size <= LARGEST ? kindOf(path) : undefined;
    if (what === undefined) return skipBody(entry);
    if (what === 'library') {
      const hash = createHash('sha256');
      for await (const chunk of bodyOf(entry)) hash.update(chunk as Buffer);
      libraries.push({ path, sha256: hash.digest('hex') });
      return;
    }
    const content = await text(bodyOf(entry));
    if (what === 'dpkg') packages.push(...debianPackages(content));
    else if (what === 'bill') bills.push(...billIn(content));
    else packages.push(...npmPackage(content));
  });
  if (!read.ok) return read;
  const contents = { packages, libraries, bills };
  await writeNote(note, contents);
  return ok(contents);
}

function kindOf(path: string): 'npm' | 'dpkg' | 'bill' | 'library' | undefined {
  if (/(^|\/)node_modules\/(@[^/]+\/)?[^/@][^/]*\/package\.json$/.test(path)) return 'npm';
  // Of Debian, and of images "without a distribution", which keep one file a package.
  if (/^var\/lib\/dpkg\/(status|status\.d\/[^/]+)$/.test(path)) {
    return path.endsWith('.md5sums') ? undefined : 'dpkg';
  }
  if (/(^|\/)(bom\.json|[^/]+\.cdx\.json)$/.test(path)) return 'bill';
  const isPart = /(^|\/)node_modules\//.test(path);
  return isNativeModule(path) && !isPart ? 'library' : undefined;
}

function npmPackage(content: string): Package[] {
  const value = parse(content);
  const { name, version, license } = value ?? {};
  // A package.json without a version only says how its folder is to be read.
  if (typeof name !== 'string' || typeof version !== 'string') return [];
  const licence = typeof license === 'string' ? { licence: license } : {};
  return [{ kind: 'npm', name, version, ...licence }];
}

function debianPackages(status: string): Package[] {
  return status.split(/\n\n+/).flatMap((paragraph): Package[] => {
    const field = (name: string): string | undefined =>
      new RegExp(`^${name}: (.+)$`, 'm').exec(paragraph)?.[1]?.trim();
    const name = field('Package');
    const version = field('Version');
    const state = field('Status');
    const isInstalled = state === undefined || state.endsWith(' installed');
    if (name === undefined || version === undefined || !isInstalled) return [];
    const architecture = field('Architecture');
    return [{ kind: 'deb', name, version, ...(architecture !== undefined && { architecture }) }];
  });
}

function billIn(content: string): JsonObject[] {
  const value = parse(content);
  return value?.['bomFormat'] === 'CycloneDX' ? [value] : [];
}

function parse(content: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(content);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

async function readNote(path: string): Promise<LayerContents | undefined> {
  const value = parse(await readFile(path, 'utf8').catch(() => ''));
  return value?.['v'] === VERSION ? (value['contents'] as unknown as LayerContents) : undefined;
}

async function writeNote(path: string, contents: LayerContents): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(temporary, JSON.stringify({ v: VERSION, contents }));
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}
