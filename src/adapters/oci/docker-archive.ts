import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readFile, stat } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { createTarDecoder, createTarPacker, type ParsedTarEntry } from 'modern-tar';
import { problem, type Problem } from '../../model/diagnostic.ts';
import { canonicalJson, isJsonObject, type JsonObject } from '../../model/json.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { StoredImage } from '../../ports/image-store.ts';
import { bodyOf, skipBody } from './layer-reader.ts';
import { blobPath } from './layout.ts';

/** What `docker save` wrote, taken apart. */
export interface DockerArchive {
  readonly config: JsonObject;
  /** Files with the layers' archives, not compressed, in order. */
  readonly layers: readonly string[];
}

/**
 * Reads what `docker save` and `podman save` write: a `manifest.json` that names a configuration and
 * layers, the latter perhaps by links to each other. Files come into `folder`, under names of ours.
 */
export async function readDockerArchive(
  file: string,
  folder: string,
): Promise<Result<DockerArchive, Problem>> {
  await mkdir(folder, { recursive: true });
  const files = new Map<string, string>();
  const links = new Map<string, string>();
  try {
    await eachEntry(createReadStream(file, { highWaterMark: 1 << 18 }), async (entry) => {
      const { type = 'file', linkname = '' } = entry.header;
      const name = posix.normalize(entry.header.name);
      if (type === 'symlink') links.set(name, posix.join(dirname(name), linkname));
      if (type === 'link') links.set(name, posix.normalize(linkname));
      if (type !== 'file') return skipBody(entry);
      const path = join(folder, String(files.size));
      files.set(name, path);
      await pipeline(bodyOf(entry), createWriteStream(path));
    });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EACCES' || code === 'EMFILE') throw cause;
    return err(unreadable(file));
  }
  const locate = (name: unknown): string | undefined =>
    typeof name === 'string' ? (files.get(links.get(name) ?? name) ?? files.get(name)) : undefined;

  const index: unknown = await readJson(files.get('manifest.json'));
  const image: unknown = Array.isArray(index) ? index[0] : undefined;
  if (!isJsonObject(image) || !Array.isArray(image['Layers'])) return err(unreadable(file));
  const config: unknown = await readJson(locate(image['Config']));
  const layers = (image['Layers'] as readonly unknown[]).map(locate);
  if (!isJsonObject(config) || !layers.every((layer) => layer !== undefined)) {
    return err(unreadable(file));
  }
  const plain: string[] = [];
  for (const layer of layers) plain.push(await decompressed(layer));
  return ok({ config, layers: plain });
}

/** Hands each entry of an archive to `visit`, which must read its body. */
export async function eachEntry(
  source: Readable,
  visit: (entry: ParsedTarEntry) => Promise<void>,
): Promise<void> {
  const decoder = createTarDecoder({ strict: true });
  const feeding = pipeline(source, async (chunks: AsyncIterable<Uint8Array>) => {
    const writer = decoder.writable.getWriter();
    for await (const chunk of chunks) await writer.write(chunk);
    await writer.close();
  });
  const reader = decoder.readable.getReader();
  const reading = (async () => {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      await visit(next.value);
    }
  })();
  try {
    // A source that fails leaves the reader waiting for ever; a reader that fails, the source.
    await Promise.all([reading, feeding]);
  } catch (cause) {
    source.destroy();
    await reader.cancel(cause).catch(() => undefined);
    await Promise.allSettled([feeding]);
    throw cause;
  }
}

/** Where docker keeps layers as they were pulled, it also saves them so. */
async function decompressed(path: string): Promise<string> {
  const file = await open(path, 'r');
  const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
  await file.close();
  if (buffer[0] !== 0x1f || buffer[1] !== 0x8b) return path;
  await pipeline(createReadStream(path), createGunzip(), createWriteStream(`${path}.tar`));
  return `${path}.tar`;
}

async function readJson(path: string | undefined): Promise<unknown> {
  try {
    return path === undefined ? undefined : JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return undefined;
  }
}

const unreadable = (file: string): Problem =>
  problem(
    'stage',
    'image/engine-archive',
    `\`${file}\`: the engine saved something that is no image`,
    'run its own `save` to see what it says',
  );

/** Writes an image as `docker load` reads it, under the name `name`. */
export async function writeDockerArchive(
  image: StoredImage,
  name: string,
  file: string,
): Promise<void> {
  const { config, layers } = image.manifest;
  const pathOf = (digest: string): string => `${digest.slice(7)}.tar.gz`;
  const { readable, controller } = createTarPacker();
  const writing = pipeline(
    Readable.fromWeb(readable as Parameters<typeof Readable.fromWeb>[0]),
    createWriteStream(file),
  );
  const add = async (path: string, size: number, body: AsyncIterable<Uint8Array>) => {
    const writer = controller.add({ name: path, size, type: 'file' }).getWriter();
    for await (const chunk of body) await writer.write(chunk);
    await writer.close();
  };
  try {
    const blobs = [{ ...config, path: 'config.json' }].concat(
      layers.map((layer) => ({ ...layer, path: pathOf(layer.digest) })),
    );
    for (const { digest, path } of blobs) {
      const blob = blobPath(image.directory, digest);
      await add(path, (await stat(blob)).size, createReadStream(blob));
    }
    const manifest = canonicalJson([
      {
        Config: 'config.json',
        RepoTags: [name],
        Layers: layers.map(({ digest }) => pathOf(digest)),
      },
    ]);
    const bytes = Buffer.from(manifest);
    await add('manifest.json', bytes.length, Readable.from([bytes]));
    controller.finalize();
  } catch (cause) {
    controller.error(cause);
    await writing.catch(() => undefined);
    throw cause;
  }
  await writing;
}
