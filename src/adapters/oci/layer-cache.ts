import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../../model/diagnostic.ts';
import { canonicalJson, isJsonObject } from '../../model/json.ts';
import { ok, type Result } from '../../model/result.ts';
import { parseOciDigest, type Layer, type OciDigest } from '../../ports/image-store.ts';
import type { Entry } from './entries.ts';
import { packArchive, packEntries, type PackedLayer } from './pack-layer.ts';

const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** Bumped when the same entries would give other bytes, so that old layers stop matching. */
const RECIPE = 1;
/** Blobs kept: several images' worth of base, service and model. */
const KEEP = 24;

export interface LayerCache {
  /** Packs the entries, or finds the layer that earlier equal entries gave. */
  layer(entries: readonly Entry[], epoch: number): Promise<Result<Layer, Problem>>;
  /** Compresses an archive as it is, or finds it by its digest. */
  archive(path: string, diffId: OciDigest): Promise<Result<Layer, Problem>>;
  /** Where a layer's blob lies, if the cache has it. */
  blob(digest: OciDigest): string;
  /** Where what is known of a layer's contents is noted; of layers from elsewhere too. */
  contents(digest: OciDigest): string;
}

/**
 * ```
 * <directory>/<key>.json    {digest, diffId, size}; key = SHA-256 of the entries' content and modes
 * <directory>/<sha256>.gz   the compressed blob
 * <directory>/<sha256>.contents   what is installed in it, also of a base's layer
 * ```
 * A blob is renamed in before the JSON that promises it. The least recently used go.
 */
export function createLayerCache(directory: string): LayerCache {
  const blob = (digest: OciDigest): string => join(directory, `${digest.slice(7)}.gz`);

  /** The layer that `parts` gave before, or what `pack` makes of them. */
  const keep = async (
    parts: unknown,
    pack: (target: string) => Promise<Result<PackedLayer, Problem>>,
  ): Promise<Result<Layer, Problem>> => {
    const key = createHash('sha256').update(canonicalJson(parts)).digest('hex');
    const note = join(directory, `${key}.json`);
    const known = await readNote(note);
    if (known !== undefined && (await sizeOf(blob(known.digest))) === known.size) {
      const now = new Date();
      await Promise.all([utimes(note, now, now), utimes(blob(known.digest), now, now)]);
      return ok(toLayer(known, true));
    }

    await mkdir(directory, { recursive: true });
    const temporary = join(directory, `.tmp-${randomBytes(6).toString('hex')}`);
    try {
      const packed = await pack(temporary);
      if (!packed.ok) return packed;
      await rename(temporary, blob(packed.value.digest));
      await writeFile(`${temporary}.json`, JSON.stringify(packed.value));
      await rename(`${temporary}.json`, note);
      await evict(directory);
      return ok(toLayer(packed.value, false));
    } finally {
      await rm(temporary, { force: true });
      await rm(`${temporary}.json`, { force: true });
    }
  };

  return {
    blob,
    contents: (digest) => join(directory, `${digest.slice(7)}.contents`),
    layer: (entries, epoch) =>
      keep([RECIPE, epoch, entries.map(withoutSource)], (target) =>
        packEntries(target, entries, epoch),
      ),
    archive: (path, diffId) =>
      keep([RECIPE, 'archive', diffId], (target) => packArchive(target, path)),
  };
}

const toLayer = ({ digest, diffId, size }: PackedLayer, cached: boolean): Layer => ({
  descriptor: { mediaType: LAYER_TYPE, digest, size },
  diffId,
  cached,
});

const withoutSource = (entry: Entry): object => {
  if (entry.kind !== 'file') return entry;
  const { from: _, ...rest } = entry;
  return rest;
};

async function readNote(path: string): Promise<PackedLayer | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (!isJsonObject(value)) return undefined;
    const digest = parseOciDigest(value['digest']);
    const diffId = parseOciDigest(value['diffId']);
    const size = value['size'];
    return digest && diffId && typeof size === 'number' ? { digest, diffId, size } : undefined;
  } catch {
    // Absent or torn: pack again.
    return undefined;
  }
}

const sizeOf = async (path: string): Promise<number | undefined> =>
  (await stat(path).catch(() => undefined))?.size;

async function evict(directory: string): Promise<void> {
  const names = await readdir(directory);
  const notes = names.filter((name) => name.endsWith('.json'));
  if (notes.length <= KEEP) return;
  const aged = await Promise.all(
    notes.map(async (name) => ({
      name,
      at: (await stat(join(directory, name)).catch(() => undefined))?.mtimeMs ?? 0,
      note: await readNote(join(directory, name)),
    })),
  );
  aged.sort((a, b) => b.at - a.at);
  const kept = new Set(aged.slice(0, KEEP).map(({ note }) => note?.digest));
  for (const { name, note } of aged.slice(KEEP)) {
    await rm(join(directory, name), { force: true });
    if (note && !kept.has(note.digest)) {
      await rm(join(directory, `${note.digest.slice(7)}.gz`), { force: true });
    }
  }
  // Cheap to make again, and of a base's layers nothing else tells when they were used last.
  for (const name of names.filter((each) => each.endsWith('.contents'))) {
    const blobName = name.replace(/contents$/, 'gz');
    if (!existsSync(join(directory, blobName))) await rm(join(directory, name), { force: true });
  }
}
