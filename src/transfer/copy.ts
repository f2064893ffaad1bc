import type { Digest } from '../model/names.ts';
import type { Holder, SizedObject } from '../model/remote.ts';
import { ALONE_FROM, blobName, packName } from './layout.ts';
import { dealIntoPacks, planPack } from './pack.ts';
import { placeOf, receiveSmall } from './receive.ts';
import { receiveLarge } from './receive-large.ts';
import { sendOne } from './send.ts';
import { inParallel, type Tools } from './tools.ts';

export interface Copied {
  /** Made, and not named by a segment yet. */
  readonly holders: readonly Holder[];
  /** Objects that neither the cache nor the remote has with right bytes. */
  readonly lost: readonly Digest[];
}

/**
 * Gives objects new places in the remote, under names that nobody can have condemned. Their bytes come
 * from the cache where it has them right, else from where they lie in the remote; large ones stay in the cache.
 */
export async function copyObjects(objects: readonly SizedObject[], tools: Tools): Promise<Copied> {
  const { nonce, progress } = tools;
  const lost: Digest[] = [];
  const holders: Holder[] = [];
  progress.expect(
    objects.length,
    objects.reduce((sum, { size }) => sum + size, 0),
  );
  progress.phase('sending');
  const large = objects.filter(({ size }) => size >= ALONE_FROM);
  await inParallel(large, tools, async (object, signal) => {
    if (!(await bringLarge(object, signal, tools))) {
      lost.push(object.digest);
      return;
    }
    const { digest, size } = object;
    const name = blobName(digest, nonce());
    const holder = { name, size, objects: [{ digest, size, offset: 0 }] };
    await tools.index.begin(holder);
    const read = (_: SizedObject, from: number, to: number) => tools.objects.read(digest, from, to);
    holders.push(await sendOne(holder, read, signal, tools));
  });
  for (const pack of dealIntoPacks(objects.filter(({ size }) => size < ALONE_FROM))) {
    const bytes = await smallBytes(pack, tools);
    const there = pack.filter(({ digest }) => bytes.has(digest));
    lost.push(...pack.filter(({ digest }) => !bytes.has(digest)).map(({ digest }) => digest));
    if (there.length === 0) continue;
    const holder = planPack(packName(nonce()), there);
    await tools.index.begin(holder);
    const read = async function* ({ digest }: SizedObject, from: number, to: number) {
      yield bytes.get(digest)?.subarray(from, to) ?? new Uint8Array();
    };
    holders.push(await sendOne(holder, read, tools.signal, tools));
  }
  return { holders, lost };
}

/** True when the cache has it then, with right bytes. */
async function bringLarge(
  object: SizedObject,
  signal: AbortSignal,
  tools: Tools,
): Promise<boolean> {
  const { objects, index, there } = tools;
  if (objects.missing([object]).length === 0) {
    if (await isRight(object, tools)) return true;
    objects.setAside(object.digest);
  }
  const places = (await index.locate([object.digest])).get(object.digest);
  const at = placeOf(
    object.digest,
    places?.filter(({ size }) => size === object.size),
    tools,
  );
  if (at === undefined || there?.has(at.holder) === false) return false;
  await receiveLarge(object, at, signal, tools);
  return true;
}

/** Whether the bytes in the cache have the digest that they should. */
export async function isRight(
  { digest, size }: SizedObject,
  { objects }: Pick<Tools, 'objects'>,
): Promise<boolean> {
  const actual = objects.startDigest();
  for await (const piece of objects.read(digest, 0, size)) actual.update(piece);
  return actual.digest() === digest;
}

/** The bytes of the objects of one pack, each checked; those that nobody has are absent. */
async function smallBytes(
  pack: readonly SizedObject[],
  tools: Tools,
): Promise<ReadonlyMap<Digest, Uint8Array>> {
  const { objects, there, index } = tools;
  const bytes = new Map<Digest, Uint8Array>();
  const accept = (digest: Digest, content: Uint8Array): boolean => {
    const actual = objects.startDigest();
    actual.update(content);
    if (actual.digest() !== digest) return false;
    bytes.set(digest, Uint8Array.from(content));
    return true;
  };
  const away = new Set(objects.missing(pack).map(({ digest }) => digest));
  for (const { digest, size } of pack) {
    if (away.has(digest)) continue;
    const pieces: Uint8Array[] = [];
    for await (const piece of objects.read(digest, 0, size)) pieces.push(piece);
    if (!accept(digest, Buffer.concat(pieces))) away.add(digest);
  }
  const places = await index.locate(away);
  const readable = [...away].filter((digest) => {
    const at = placeOf(digest, places.get(digest), tools);
    return at !== undefined && there?.has(at.holder) !== false;
  });
  await receiveSmall(readable, { largest: ALONE_FROM, counted: false }, tools, accept);
  return bytes;
}
