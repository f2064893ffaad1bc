import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { createTarPacker, type TarHeader } from 'modern-tar';
import { problem, type Problem } from '../../model/diagnostic.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { OciDigest } from '../../ports/image-store.ts';
import type { Entry } from './entries.ts';

/** A layer as a file: what names it in a manifest, and in a configuration (before compression). */
export interface PackedLayer {
  readonly digest: OciDigest;
  readonly diffId: OciDigest;
  readonly size: number;
}

/** Compresses a stream into a file; both digests are taken on the way, memory stays at a few MiB. */
async function compress(archive: Readable, target: string): Promise<PackedLayer> {
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

  // Level 6 and no time stamp. zlib runs on the thread pool, so hashing and reading go on beside it.
  await pipeline(
    archive,
    hashPlain,
    createGzip({ level: 6 }),
    hashCompressed,
    createWriteStream(target),
  );
  return {
    digest: `sha256:${compressed.digest('hex')}`,
    diffId: `sha256:${plain.digest('hex')}`,
    size,
  };
}

/** An archive as it is. */
export const packArchive = async (
  target: string,
  path: string,
): Promise<Result<PackedLayer, Problem>> =>
  ok(await compress(createReadStream(path, { highWaterMark: 1 << 18 }), target));

/** Entries as an archive, in their order, every time `epoch` (seconds). */
export async function packEntries(
  target: string,
  entries: readonly Entry[],
  epoch: number,
): Promise<Result<PackedLayer, Problem>> {
  const { readable, controller } = createTarPacker();
  const written = compress(
    Readable.fromWeb(readable as Parameters<typeof Readable.fromWeb>[0]),
    target,
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
  return ok(await written);
}

const TYPES = {
  file: 'file',
  directory: 'directory',
  link: 'symlink',
  'hard-link': 'link',
} as const;

/** False when a file's bytes are no longer those that were planned. */
async function addEntry(
  controller: ReturnType<typeof createTarPacker>['controller'],
  entry: Entry,
  epoch: number,
): Promise<boolean> {
  const header: TarHeader = {
    name: entry.kind === 'directory' ? `${entry.path}/` : entry.path,
    type: TYPES[entry.kind],
    size: entry.kind === 'file' ? entry.size : 0,
    mode: entry.mode,
    mtime: new Date(epoch * 1000),
    uid: entry.uid ?? 0,
    gid: entry.gid ?? entry.uid ?? 0,
    uname: '',
    gname: '',
    ...(entry.pax !== undefined && { pax: { ...entry.pax } }),
    ...((entry.kind === 'link' || entry.kind === 'hard-link') && { linkname: entry.target }),
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
