import type { RemoteDamage, RemoteFsckFacts } from '../model/care-views.ts';
import type { Problem } from '../model/diagnostic.ts';
import type { Digest } from '../model/names.ts';
import type { Holder, SizedObject } from '../model/remote.ts';
import type { Result } from '../model/result.ts';
import { takeCensus, type Census } from './census.ts';
import { copyObjects } from './copy.ts';
import { INDEX } from './layout.ts';
import { openNodes } from './nodes.ts';
import { orThrow } from './problems.ts';
import { placeOf } from './receive.ts';
import { nameUnnamed } from './rebuild.ts';
import { rewriteIndex } from './rewrite-index.ts';
import {
  inParallel,
  withTools,
  quietCall,
  type OpenRemote,
  type Tools,
  type TransferOptions,
  type TransferPorts,
} from './tools.ts';
import { walkTrees } from './trees.ts';
import { verifyHolder } from './verify-holder.ts';

/**
 * Reads all that a remote holds and says what is wrong. With `repair` objects get new places where the
 * cache, or another place of the remote, has their bytes; what is wrong is named no more.
 */
export async function checkRemote(
  repair: boolean,
  remote: OpenRemote,
  ports: TransferPorts,
  options: TransferOptions,
): Promise<Result<RemoteFsckFacts, Problem>> {
  return withTools('pull', remote, ports, options, (tools) => checkWith(repair, tools));
}

async function checkWith(repair: boolean, plain: Tools): Promise<RemoteFsckFacts> {
  const damages: RemoteDamage[] = [];
  const onBad = (name: string, cause: string): void => {
    damages.push({ name, kind: 'unreadable', objects: 0, cause });
  };
  let census = await takeCensus({ ...plain, onBad });
  const bad = [...damages];
  if (repair && bad.length > 0) {
    if (bad.some(({ name }) => name.startsWith(INDEX))) await nameUnnamed(census, plain);
    await removeAll(
      bad.map(({ name }) => name),
      plain,
    );
    census = await takeCensus(plain);
  }
  const { wrong, damages: found } = await verifyAll(census, plain);
  damages.push(...found);
  const tools: Tools = { ...plain, wrong, there: new Set(census.stored.keys()) };
  const promised = await promisedBy(census, tools);
  const located = await tools.index.locate(promised.sizes.keys());
  const isSound = (digest: Digest): boolean => {
    const at = placeOf(digest, located.get(digest), tools);
    return at !== undefined && tools.there?.has(at.holder) === true;
  };
  const lost = [...promised.sizes].filter(([digest]) => !isSound(digest));
  let unhealed = lost.map(([digest]) => digest);
  if (repair && (lost.length > 0 || found.length > 0)) {
    const copied = await copyObjects(
      lost.map(([digest, size]): SizedObject => ({ digest, size })),
      tools,
    );
    unhealed = [...copied.lost];
    const correct = correction(wrong, census);
    await removeAll(await rewriteIndex({ copies: copied.holders, correct }, census, tools), tools);
  }
  return {
    holders: census.holders.size,
    bytes: [...census.holders.values()].reduce((sum, { size }) => sum + size, 0),
    roots: census.roots.filter(({ name }) => !census.look.condemned.has(name)).length,
    damages,
    lost: lost.length,
    healed: lost.length - unhealed.length,
    unhealed: unhealed.map((digest) => ({ digest, ...promised.ownerOf(digest) })),
  };
}

/** Every pack and blob that the index names: whether it is there, so large, and has the right bytes. */
async function verifyAll(
  { holders, stored }: Census,
  tools: Tools,
): Promise<{
  readonly wrong: ReadonlyMap<string, ReadonlySet<Digest>>;
  readonly damages: readonly RemoteDamage[];
}> {
  const wrong = new Map<string, ReadonlySet<Digest>>();
  const damages: RemoteDamage[] = [];
  const { progress } = tools;
  const list = [...holders.values()];
  progress.expect(
    list.length,
    list.reduce((sum, { size }) => sum + size, 0),
  );
  progress.phase('receiving');
  await inParallel(list, tools, async (holder, signal) => {
    const { name, size, objects } = holder;
    const there = stored.get(name);
    const bad =
      there === undefined
        ? new Set(objects.map(({ digest }) => digest))
        : await verifyHolder(holder, signal, tools);
    if (bad.size === 0) return;
    wrong.set(name, bad);
    const cause =
      there === undefined
        ? 'it is not there'
        : there.size === size
          ? 'it has other bytes'
          : `it has ${there.size} bytes, not ${size}`;
    damages.push({
      ...{ name, objects: bad.size, cause },
      kind: there === undefined ? 'absent' : 'wrong-bytes',
    });
  });
  return { wrong, damages };
}

/** What roots promise, with sizes, and whose promise each is. */
async function promisedBy(
  { roots, look }: Census,
  tools: Tools,
): Promise<{
  readonly sizes: ReadonlyMap<Digest, number>;
  readonly ownerOf: (digest: Digest) => { readonly path?: string; readonly commit?: string };
}> {
  const standing = roots.filter(({ name }) => !look.condemned.has(name));
  const wants = standing.flatMap(({ refs }) => refs);
  const { children, blobs, absent } = await walkTrees(wants, openNodes(tools));
  const sizes = new Map<Digest, number>(blobs.map(({ digest, size }) => [digest, size]));
  const nodes = [...children.keys(), ...absent];
  const records = standing.flatMap(({ runs }) => runs.map((run) => `b3:${run}` as Digest));
  const located = await tools.index.locate([...nodes, ...records]);
  for (const digest of [...nodes, ...records]) {
    sizes.set(digest, located.get(digest)?.[0]?.size ?? sizeHere(digest, tools));
  }
  const isBelow = (top: Digest, digest: Digest): boolean => {
    const seen = new Set<Digest>();
    const waiting = [top];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (next === digest) return true;
      if (seen.has(next)) continue;
      seen.add(next);
      waiting.push(...(children.get(next) ?? []));
    }
    return false;
  };
  return {
    sizes,
    ownerOf(digest) {
      for (const { refs, commit } of standing) {
        const ref = refs.find((each) => isBelow(each.ref.digest, digest));
        if (ref !== undefined) return { path: ref.path, ...(commit !== undefined && { commit }) };
      }
      return {};
    },
  };
}

/** Of a node that no segment names any more, from the cache. */
function sizeHere(digest: Digest, { objects }: Pick<Tools, 'objects'>): number {
  const read = objects.readNode(digest, 0);
  return read.ok ? read.value.size : 0;
}

const correction =
  (wrong: ReadonlyMap<string, ReadonlySet<Digest>>, { stored }: Census) =>
  (holder: Holder): Holder | undefined => {
    if (!stored.has(holder.name)) return undefined;
    const bad = wrong.get(holder.name);
    if (bad === undefined) return holder;
    const objects = holder.objects.filter(({ digest }) => !bad.has(digest));
    return objects.length === 0 ? undefined : { ...holder, objects };
  };

async function removeAll(names: readonly string[], tools: Tools): Promise<void> {
  const { bucket } = tools;
  await inParallel(names, tools, async (name) => {
    const removed = await bucket.remove(name, quietCall(tools));
    if (removed.ok || removed.error.kind !== 'not-found') orThrow(removed, bucket.url);
  });
}
