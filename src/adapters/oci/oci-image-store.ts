import { createReadStream, existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { problem, type Problem } from '../../model/diagnostic.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { ImageStore, Layer, LayerEntry, OciDigest } from '../../ports/image-store.ts';
import { readDockerArchive, writeDockerArchive } from './docker-archive.ts';
import { collectEntries, readThrough } from './entries.ts';
import { foreignEntries } from './foreign-layer.ts';
import { createLayerCache } from './layer-cache.ts';
import { layerContents } from './layer-contents.ts';
import { readLayer } from './layer-reader.ts';
import { blobPath, readLayout, readText, sha256, writeLayout } from './layout.ts';
import { nodeLayerEntries } from './node-layer.ts';
import { unpackImage } from './unpack.ts';

export interface OciImageStoreOptions {
  /** Absolute path of `cache/v1/layers`. */
  readonly layers: string;
  /** The Node binary that a base layer `node` is made from, absolute. */
  readonly nodeProgram: string;
  /** `process.arch` of that binary: `x64`, `arm64`. */
  readonly arch: string;
}

export function createOciImageStore(options: OciImageStoreOptions): ImageStore {
  const architecture = options.arch === 'x64' ? 'amd64' : options.arch;
  const cache = createLayerCache(options.layers);
  const locate = (digest: OciDigest, base: string | undefined): string => {
    const inBase = base && blobPath(base, digest);
    return inBase && existsSync(inBase) ? inBase : cache.blob(digest);
  };
  return {
    architecture,
    digest: sha256,
    async layer(source, epoch) {
      const entries =
        source.kind === 'copy'
          ? await collectEntries(source)
          : await nodeLayerEntries(source, options.nodeProgram);
      return entries.ok ? cache.layer(entries.value, epoch) : entries;
    },
    async adopt(archive, { folder, epoch, base }) {
      const read = await readDockerArchive(archive, join(folder, 'archive'));
      if (!read.ok) return read;
      const { config, layers } = read.value;
      const adopted: (Layer | undefined)[] = [];
      for (const [index, path] of layers.entries()) {
        if (index < base.count && base.isKnown) {
          adopted.push(undefined);
          continue;
        }
        const layer = await adoptLayer(path, join(folder, `layer-${index}`), index < base.count);
        if (!layer.ok) return layer;
        adopted.push(layer.value);
      }
      return ok({ config, layers: adopted });

      async function adoptLayer(
        path: string,
        bodies: string,
        isBase: boolean,
      ): Promise<Result<Layer | undefined, Problem>> {
        if (isBase) return cache.archive(path, `sha256:${(await readThrough(path)).sha256}`);
        const entries = await foreignEntries(path, bodies);
        if (!entries.ok) return entries;
        return entries.value.length === 0 ? ok(undefined) : cache.layer(entries.value, epoch);
      }
    },
    export: writeDockerArchive,
    async contents(layer, base) {
      await mkdir(options.layers, { recursive: true });
      const note = cache.contents(layer.digest);
      return layerContents(locate(layer.digest, base), layer, note);
    },
    read: (directory, tag) => readLayout(directory, architecture, tag),
    write: (directory, { layers, base, ...image }) =>
      writeLayout(
        directory,
        image,
        layers.map((descriptor) => ({ descriptor, from: locate(descriptor.digest, base) })),
      ),
    text: (image, digest) => readText(blobPath(image.directory, digest), digest),
    content: (image, digest) =>
      createReadStream(blobPath(image.directory, digest), { highWaterMark: 1 << 18 }),
    async list(image, layer) {
      const entries: LayerEntry[] = [];
      const blob = blobPath(image.directory, layer.digest);
      const read = await readLayer(blob, layer, async ({ header, body }) => {
        await body.cancel();
        const path = header.name.replace(/^\.?\/+/, '').replace(/\/$/, '');
        const name = path.slice(path.lastIndexOf('/') + 1);
        const kind = name.startsWith('.wh.') ? 'whiteout' : KINDS[header.type ?? 'file'];
        entries.push({ path, kind: kind ?? 'special', size: header.size, mode: header.mode ?? 0 });
      });
      return read.ok ? ok(entries) : read;
    },
    async unpack(image, destination) {
      if (existsSync(destination)) {
        return err(
          problem('usage', 'image/output-occupied', `\`${destination}\` is already there`),
        );
      }
      return unpackImage(image, destination);
    },
  };
}

const KINDS: { readonly [type: string]: LayerEntry['kind'] } = {
  file: 'file',
  directory: 'directory',
  symlink: 'link',
  link: 'hard-link',
};
