import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { PassThrough, Readable, type Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as zlib from 'node:zlib';
import { createTarDecoder, type ParsedTarEntry } from 'modern-tar';
import type { Problem } from '../../model/diagnostic.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { Descriptor } from '../../ports/image-store.ts';
import { corrupt } from './layout.ts';

/** Thrown inside `visit` to end with a problem. */
export class Refused extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.diagnostics[0]?.message);
    this.problem = problem;
  }
}

/**
 * Streams the entries of the layer in the file `path` through `visit`, which must read each body, or
 * cancel every one. The blob's digest and size are checked at the end: until then the caller trusts
 * nothing it has written.
 */
export async function readLayer(
  path: string,
  layer: Descriptor,
  visit: (entry: ParsedTarEntry) => Promise<void>,
): Promise<Result<void, Problem>> {
  const decompress = decompressor(layer.mediaType);
  if (decompress === undefined) {
    return err(corrupt(path, `has the unknown media type ${layer.mediaType}`));
  }
  const hash = createHash('sha256');
  let size = 0;
  const decoder = createTarDecoder({ strict: true });
  let refused: Refused | undefined;
  const stop = new AbortController();

  const visiting = (async () => {
    const reader = decoder.readable.getReader();
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        await visit(next.value);
      }
    } catch (cause) {
      if (cause instanceof Refused) refused = cause;
      // Else the rest of the layer would pile up in the decoder.
      stop.abort();
      await reader.cancel(cause).catch(() => undefined);
      throw cause;
    }
  })();
  const feed = async (source: AsyncIterable<Uint8Array>): Promise<void> => {
    const writer = decoder.writable.getWriter();
    try {
      for await (const chunk of source) await writer.write(chunk);
      await writer.close();
    } catch (cause) {
      // Else the reader would wait for ever for the rest of a truncated blob.
      await writer.abort(cause).catch(() => undefined);
      throw cause;
    }
  };
  const streaming = pipeline(
    createReadStream(path, { highWaterMark: 1 << 18 }),
    async function* (source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        hash.update(chunk);
        size += chunk.length;
        yield chunk;
      }
    },
    decompress,
    feed,
    { signal: stop.signal },
  );
  const [visited, streamed] = await Promise.allSettled([visiting, streaming]);
  if (refused !== undefined) return err(refused.problem);
  // The reader's own failure (a full disk) says more than the abort it caused.
  const order = stop.signal.aborted ? [visited, streamed] : [streamed, visited];
  const failure = order.find((one) => one.status === 'rejected');
  if (failure !== undefined) {
    const cause: unknown = failure.reason;
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOSPC' || code === 'EACCES' || code === 'EMFILE') throw cause;
    return err(corrupt(path, `cannot be read: ${cause instanceof Error ? cause.message : code}`));
  }
  return `sha256:${hash.digest('hex')}` === layer.digest && size === layer.size
    ? ok(undefined)
    : err(corrupt(path, 'does not have its digest'));
}

function decompressor(mediaType: string): Duplex | undefined {
  if (mediaType.endsWith('+gzip') || mediaType.endsWith('.gzip')) return zlib.createGunzip();
  if (mediaType.endsWith('+zstd')) return zlib.createZstdDecompress();
  return mediaType.endsWith('.tar') ? new PassThrough() : undefined;
}

/**
 * Reads a body to nowhere. Where other bodies of the archive are read, none may be cancelled: modern-tar
 * 0.8.6 then drops the body that is under way, which may be the next entry's, and whoever reads that
 * waits for ever.
 */
export async function skipBody(entry: ParsedTarEntry): Promise<void> {
  for await (const _ of entry.body) continue;
}

export const bodyOf = (entry: ParsedTarEntry): Readable =>
  Readable.fromWeb(entry.body as Parameters<typeof Readable.fromWeb>[0]);
