import type { Digest } from '../model/names.ts';
import type { Held, Holder } from '../model/remote.ts';
import { failure } from './problems.ts';
import type { Tools } from './tools.ts';

/** Wrong bytes are read so often again, in case that they went wrong on their way. */
const REREADS = 2;

/** Reads a pack or blob from end to end; the objects whose bytes are not what their digests say. */
export async function verifyHolder(
  holder: Holder,
  signal: AbortSignal,
  tools: Tools,
): Promise<ReadonlySet<Digest>> {
  let wrong = await readOnce(holder, holder.objects, signal, tools);
  for (let time = 0; time < REREADS && wrong.length > 0; time++) {
    wrong = await readOnce(holder, wrong, signal, tools);
  }
  return new Set(wrong.map(({ digest }) => digest));
}

async function readOnce(
  { name, size }: Holder,
  objects: readonly Held[],
  signal: AbortSignal,
  { bucket, objects: cache, progress }: Tools,
): Promise<readonly Held[]> {
  const open = new Map<Held, ReturnType<typeof cache.startDigest>>();
  const waiting = [...objects].sort((a, b) => b.offset - a.offset);
  const wrong: Held[] = [];
  let position = 0;
  const take = (bytes: Uint8Array): void => {
    const start = position;
    position += bytes.length;
    for (let next = waiting.at(-1); next !== undefined && next.offset < position;) {
      open.set(next, cache.startDigest());
      waiting.pop();
      next = waiting.at(-1);
    }
    for (const [object, digest] of open) {
      const first = Math.max(object.offset, start) - start;
      const last = Math.min(object.offset + object.size, position) - start;
      if (first < last) digest.update(bytes.subarray(first, last));
      if (object.offset + object.size > position) continue;
      open.delete(object);
      if (digest.digest() !== object.digest) wrong.push(object);
    }
  };
  const read = await bucket.read(
    name,
    { from: 0, to: size },
    take,
    progress.call(name, signal, size),
  );
  progress.drop(name);
  if (!read.ok) {
    if (read.error.kind === 'not-found' || read.error.kind === 'refused') return objects;
    // All bytes came then, and which are wrong is known already.
    if (read.error.kind !== 'corrupt') throw failure(read.error, bucket.url);
  }
  // Empty objects at the very end.
  for (const object of waiting) {
    if (object.size > 0 || cache.startDigest().digest() !== object.digest) wrong.push(object);
  }
  return wrong;
}
