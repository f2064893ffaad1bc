import { existsSync } from 'node:fs';
import { err, ok } from '../../model/result.ts';
import { problem } from '../../model/diagnostic.ts';
import type { ImageStore, LayerEntry } from '../../ports/image-store.ts';
import { collectEntries } from './entries.ts';
import { createLayerCache } from './layer-cache.ts';
import { readLayer } from './layer-reader.ts';
import { blobPath, readLayout, sha256, writeLayout } from './layout.ts';
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
    read: (directory, tag) => readLayout(directory, architecture, tag),
    write: (directory, image) =>
      writeLayout(
        directory,
        image,
        image.layers.map((descriptor) => {
          const inBase = image.base && blobPath(image.base, descriptor.digest);
          const from = inBase && existsSync(inBase) ? inBase : cache.blob(descriptor.digest);
          return { descriptor, from };
        }),
      ),
    async list(image, layer) {
      const entries: LayerEntry[] = [];
      const read = await readLayer(image.directory, layer, async ({ header, body }) => {
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
