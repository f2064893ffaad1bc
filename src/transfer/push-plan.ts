import { problem } from '../model/diagnostic.ts';
import type { Digest } from '../model/names.ts';
import { ProblemError } from '../model/problem-error.ts';
import type { Holder, Location, SizedObject } from '../model/remote.ts';
import type { BegunHolder } from '../ports/remote-index.ts';
import { closureOf, type Want } from './closure.ts';
import { ALONE_FROM, blobName, isAlone, packName } from './layout.ts';
import { dealIntoPacks, planPack } from './pack.ts';
import type { Tools } from './tools.ts';

/** What a push has to do so that the remote holds everything wanted. */
export interface PushPlan {
  /** To be sent, those that an earlier push began first. */
  readonly send: readonly Holder[];
  /** Sent by an earlier push that ended before its segment. */
  readonly adopt: readonly Holder[];
}

export interface PushWants {
  readonly wants: readonly Want[];
  /** Run records as objects: digest and text. */
  readonly records: ReadonlyMap<Digest, Uint8Array>;
}

/**
 * Compares what is wanted with what the remote is known to hold.
 * @param condemned names that a gc will delete: whatever lies there is sent again under a new name
 * @param begun what earlier pushes began; those acknowledged are still there
 * @throws ProblemError `push/not-in-cache` for content that is neither here nor there
 */
export async function planPush(
  { wants, records }: PushWants,
  condemned: ReadonlySet<string>,
  begun: readonly BegunHolder[],
  tools: Pick<Tools, 'objects' | 'index' | 'nonce'>,
): Promise<PushPlan> {
  const closure = closureOf(wants, tools.objects);
  const runs = [...records].map(([digest, text]) => ({ digest, size: text.length }));
  const located = await tools.index.locate(
    (function* () {
      yield* closure.absent.keys();
      for (const list of [runs, closure.nodes, closure.blobs]) {
        for (const { digest } of list) yield digest;
      }
    })(),
  );
  const isSafe = ({ holder, segment }: Location): boolean =>
    !condemned.has(holder) && !condemned.has(segment);
  const isThere = ({ digest, size }: SizedObject): boolean =>
    located.get(digest)?.some((at) => isSafe(at) && at.size === size) === true;
  const lost = [...closure.absent].filter(([digest]) => !located.get(digest)?.some(isSafe));

  const adopt = begun.filter(({ acknowledged, name }) => acknowledged && !condemned.has(name));
  const adopted = new Set(adopt.flatMap(({ objects }) => objects.map(({ digest }) => digest)));
  const isMissing = (object: SizedObject): boolean =>
    !isThere(object) && !adopted.has(object.digest);
  const packed = [
    ...runs,
    ...closure.nodes,
    ...closure.blobs.filter(({ size }) => size < ALONE_FROM),
  ].filter(isMissing);
  const alone = closure.blobs.filter(({ size }) => size >= ALONE_FROM).filter(isMissing);
  const local = [...packed, ...alone].filter(({ digest }) => !records.has(digest));
  lost.push(...tools.objects.missing(local).map(({ digest }) => [digest, ''] as [Digest, string]));
  if (lost.length > 0) throw notInCache(lost, wants);

  // What was begun under a name goes on under it, as long as all of it is still to be sent.
  const open = new Map([...packed, ...alone].map((object) => [object.digest, object]));
  const resumed = begun.filter(
    ({ acknowledged, name, objects }) =>
      !acknowledged &&
      !condemned.has(name) &&
      objects.length > 0 &&
      objects.every(({ digest, size }) => open.get(digest)?.size === size),
  );
  for (const { objects } of resumed) for (const { digest } of objects) open.delete(digest);

  const send: Holder[] = resumed.map(({ name, size, objects }) => ({ name, size, objects }));
  for (const { digest, size } of alone) {
    if (!open.has(digest)) continue;
    const plain = blobName(digest);
    const name = condemned.has(plain) ? blobName(digest, tools.nonce()) : plain;
    send.push({ name, size, objects: [{ digest, size, offset: 0 }] });
  }
  for (const objects of dealIntoPacks(packed.filter(({ digest }) => open.has(digest)))) {
    send.push(planPack(packName(tools.nonce()), objects));
  }
  return {
    // Large ones first: the last one under way is then a short one.
    send: send.sort((a, b) => Number(isAlone(b.name)) - Number(isAlone(a.name)) || b.size - a.size),
    adopt: adopt.map(({ name, size, objects }) => ({ name, size, objects })),
  };
}

function notInCache(
  lost: readonly (readonly [Digest, string])[],
  wants: readonly Want[],
): ProblemError {
  const digests = new Set(lost.map(([digest]) => digest));
  const named = new Set([
    ...wants.filter(({ ref }) => digests.has(ref.digest)).map(({ path }) => path),
    ...lost.map(([, path]) => path).filter((path) => path !== ''),
  ]);
  const some = named.size > 0 ? [...named].slice(0, 5).join(', ') : `${digests.size} files`;
  return new ProblemError(
    problem(
      'stage',
      'push/not-in-cache',
      `neither the cache nor the remote has ${some} whole`,
      '`avian repro` makes it again, or `avian push TARGET` sends something else',
    ),
  );
}
