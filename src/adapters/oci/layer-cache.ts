import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, type WriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { createTarPacker, type TarHeader } from 'modern-tar';
import { problem, type Problem } from '../../model/diagnostic.ts';
import { canonicalJson, isJsonObject } from '../../model/json.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { parseOciDigest, type Layer, type OciDigest } from '../../ports/image-store.ts';
import type { Entry } from './entries.ts';

const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** Bumped when the same entries would give other bytes, so that old layers stop matching. */
const RECIPE = 1;
/** Blobs kept: several images' worth of base, service and model. */
const KEEP = 24;

export interface LayerCache {
  /** Packs the entries, or finds the layer that earlier equal entries gave. */
  layer(entries: readonly Entry[], epoch: number): Promise<Result<Layer, Problem>>;
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

  return {
    blob,
    contents: (digest) => join(directory, `${digest.slice(7)}.contents`),
    async layer(entries, epoch) {
      const key = createHash('sha256')
        .update(canonicalJson([RECIPE, epoch, entries.map(withoutSource)]))
        .digest('hex');
      const totals = {
        files: entries.filter(({ kind }) => kind === 'file').length,
        bytes: entries.reduce((sum, entry) => sum + (entry.kind === 'file' ? entry.size : 0), 0),
      };
      const note = join(directory, `${key}.json`);
      const known = await readNote(note);
      if (known !== undefined && (await sizeOf(blob(known.digest))) === known.size) {
        const now = new Date();
        await Promise.all([utimes(note, now, now), utimes(blob(known.digest), now, now)]);
        return ok(toLayer(known, totals, true));
      }

      await mkdir(directory, { recursive: true });
      const temporary = join(directory, `.tmp-${randomBytes(6).toString('hex')}`);
      try {
        const packed = await packTo(temporary, entries, epoch);
        if (!packed.ok) return packed;
        await rename(temporary, blob(packed.value.digest));
        await writeFile(`${temporary}.json`, JSON.stringify(packed.value));
        await rename(`${temporary}.json`, note);
        await evict(directory);
        return ok(toLayer(packed.value, totals, false));
      } finally {
        await rm(temporary, { force: true });
        await rm(`${temporary}.json`, { force: true });
      }
    },
  };
}

interface Note {
  readonly digest: OciDigest;
  readonly diffId: OciDigest;
  readonly size: number;
}

const toLayer = (
  note: Note,
  totals: { readonly files: number; readonly bytes: number },
  cached: boolean,
): Layer => ({
  descriptor: { mediaType: LAYER_TYPE, digest: note.digest, size: note.size },
  diffId: note.diffId,
  ...totals,
  cached,
});

const withoutSource = (entry: Entry): object => {
  if (entry.kind !== 'file') return entry;
  const { from: _, ...rest } = entry;
  return rest;
};

async function readNote(path: string): Promise<Note | undefined> {
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

/** Tar and gzip in one pass; both digests are taken on the way, memory stays at a few MiB. */
async function packTo(
  target: string,
  entries: readonly Entry[],
  epoch: number,
): Promise<Result<Note, Problem>> {
  const { readable, controller } = createTarPacker();
  const plain = createHash('sha256');
  const compressed = createHash('sha256');
  let size = 0;

  async function* hashPlain(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      plain.update(chunk);
      yield chunk;
    }
  }
  async function* hashCompressed(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      compressed.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  }

  const output: WriteStream = createWriteStream(target);
  // Level 6 and no time stamp. zlib runs on the thread pool, so hashing and reading go on beside it.
  const written = pipeline(
    Readable.fromWeb(readable as Parameters<typeof Readable.fromWeb>[0]),
    hashPlain,
    createGzip({ level: 6 }),
    hashCompressed,
    output,
  );
  // The packer's failure is what we report; the pipeline then fails only as its echo.
  const settled = written.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  let changed: string | undefined;
  try {
    for (const entry of entries) {
      const unchanged = await addEntry(controller, entry, epoch);
      if (!unchanged) {
        changed = entry.path;
        throw new Error(`${entry.path} changed`);
      }
    }
    controller.finalize();
  } catch (cause) {
    controller.error(cause);
    const ended = await settled;
    if (changed === undefined) throw ended instanceof Error ? ended : cause;
    return err(
      problem(
        'usage',
        'image/changed-while-read',
        `\`/${changed}\` changed while it was packed`,
        'wait for whatever writes it, then build again',
      ),
    );
  }
  await written;
  return ok({
    digest: `sha256:${compressed.digest('hex')}`,
    diffId: `sha256:${plain.digest('hex')}`,
    size,
  });
}

/** False when a file's bytes are no longer those that were planned. */
async function addEntry(
  controller: ReturnType<typeof createTarPacker>['controller'],
  entry: Entry,
  epoch: number,
): Promise<boolean> {
  const header: TarHeader = {
    name: entry.kind === 'directory' ? `${entry.path}/` : entry.path,
    type: entry.kind === 'link' ? 'symlink' : entry.kind,
    size: entry.kind === 'file' ? entry.size : 0,
    mode: entry.mode,
    mtime: new Date(epoch * 1000),
    uid: entry.uid ?? 0,
    gid: entry.uid ?? 0,
    uname: '',
    gname: '',
    ...(entry.kind === 'link' && { linkname: entry.target }),
  };
  const writer = controller.add(header).getWriter();
  if (entry.kind !== 'file' || entry.size === 0) {
    await writer.close();
    return true;
  }
  const hash = createHash('sha256');
  let left = entry.size;
  const chunks: AsyncIterable<Buffer> | Buffer[] =
    'text' in entry.from
      ? [Buffer.from(entry.from.text)]
      : createReadStream(entry.from.path, { highWaterMark: 1 << 18 });
  for await (const chunk of chunks) {
    left -= chunk.length;
    if (left < 0) return false;
    hash.update(chunk);
    await writer.write(chunk);
  }
  if (left !== 0 || hash.digest('hex') !== entry.sha256) return false;
  await writer.close();
  return true;
}

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
