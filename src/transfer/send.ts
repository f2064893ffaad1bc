import type { Holder, SizedObject } from '../model/remote.ts';
import { blobName, isAlone } from './layout.ts';
import { packContent } from './pack.ts';
import { failure, orThrow } from './problems.ts';
import { quietCall, type Tools } from './tools.ts';

/** The bytes of an object, from `from` up to, not including, `to`. */
export type ReadObject = (
  object: SizedObject,
  from: number,
  to: number,
) => AsyncIterable<Uint8Array>;

/** Creates a holder; returns it with the name that it got. */
export async function sendOne(
  holder: Holder,
  read: ReadObject,
  signal: AbortSignal,
  tools: Tools,
): Promise<Holder> {
  const { bucket, index, progress } = tools;
  const { name, size, objects } = holder;
  const [only] = objects;
  const content =
    isAlone(name) && only !== undefined
      ? { size, read: (from: number, to: number) => read(only, from, to) }
      : packContent(holder, read);
  const made = await bucket.create(name, content, progress.call(name, signal, size));
  if (made.ok) {
    await index.acknowledge(name);
    progress.done(name, objects.length);
    return holder;
  }
  progress.drop(name);
  if (made.error.kind !== 'exists') throw failure(made.error, bucket.url);
  // Another push was faster, or our own was killed before it could note the answer. The name says
  // which bytes these are; a size that is not theirs means that they are not.
  const listed = orThrow(await bucket.list(name, quietCall(tools)), bucket.url);
  if (listed.some((entry) => entry.name === name && entry.size === size)) {
    await index.acknowledge(name);
    return holder;
  }
  if (!isAlone(name) || only === undefined) throw failure(made.error, bucket.url);
  await index.abandon([name]);
  const renamed = { ...holder, name: blobName(only.digest, tools.nonce()) };
  await index.begin(renamed);
  return sendOne(renamed, read, signal, tools);
}
