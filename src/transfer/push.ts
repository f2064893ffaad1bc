import { problem, type Problem } from '../model/diagnostic.ts';
import { byCodeUnit, canonicalJson } from '../model/json.ts';
import type { Digest } from '../model/names.ts';
import { ProblemError } from '../model/problem-error.ts';
import type { Holder, Root } from '../model/remote.ts';
import type { Result } from '../model/result.ts';
import type { Run } from '../model/run.ts';
import type { BegunHolder } from '../ports/remote-index.ts';
import type { Want } from './closure.ts';
import { bytesContent, readCondemned, readIndex, readMarker, writeMarker } from './consult.ts';
import { BLOBS, isAlone, PACKS, rootPrefix } from './layout.ts';
import { isNews, lookAgain, lookOf, type Look } from './look.ts';
import { orThrow } from './problems.ts';
import { planPush, type PushPlan, type PushWants } from './push-plan.ts';
import { encodeRoot, rootId } from './root.ts';
import { sendOne, type ReadObject } from './send.ts';
import {
  inParallel,
  withTools,
  quietCall,
  type OpenRemote,
  type Tools,
  type TransferOptions,
  type TransferPorts,
} from './tools.ts';
import { nameHolders } from './write-segment.ts';

export interface PushRequest {
  readonly wants: readonly Want[];
  readonly runs: readonly Run[];
  readonly commit?: string;
  readonly by: string;
  readonly avian: string;
  /** Says what would be sent, and writes nothing. */
  readonly dry: boolean;
}

/** What was sent, or with `dry` would be. */
export interface Pushed {
  readonly objects: number;
  readonly bytes: number;
  /** Objects of the bucket that were made: packs and large blobs. */
  readonly holders: number;
  /** True when the remote kept all of it already. */
  readonly kept: boolean;
}

/** How often a gc may get in the way of one push. */
const MOST_ROUNDS = 5;

/**
 * Makes the remote hold everything wanted, and write that down: packs and blobs, then the segment that
 * names them, then the root. Nothing is sent when a root says already that all of it is kept.
 */
export async function push(
  request: PushRequest,
  remote: OpenRemote,
  ports: TransferPorts,
  options: TransferOptions,
): Promise<Result<Pushed, Problem>> {
  return withTools('push', remote, ports, options, (tools) => pushWith(request, tools));
}

async function pushWith(request: PushRequest, tools: Tools): Promise<Pushed> {
  const { ports, bucket, progress } = tools;
  const refs = [...request.wants].sort((a, b) => byCodeUnit(a.path, b.path));
  const runs = request.runs.map(({ id }) => id).sort(byCodeUnit);
  const pins = { ...(request.commit !== undefined && { commit: request.commit }), refs, runs };
  const id = rootId(pins, ports.hash);
  const at = ports.clock.now();
  const [marker, firstCondemned, roots] = await Promise.all([
    readMarker(tools),
    readCondemned(tools),
    bucket.list(rootPrefix(id), quietCall(tools)),
  ]);
  if (orThrow(roots, bucket.url).some(({ name }) => !firstCondemned.has(name))) {
    return { objects: 0, bytes: 0, holders: 0, kept: true };
  }
  const wanted: PushWants = { wants: refs, records: recordsOf(request.runs) };
  progress.phase('planning');
  let look = lookOf(firstCondemned, await readIndex(tools), at, tools);
  const sent = { objects: 0, bytes: 0, holders: 0 };
  for (let round = 1; ; round++) {
    const plan = await planPush(wanted, look.condemned, await stillThere(tools), tools);
    if (request.dry) return { ...amountOf(plan), kept: false };
    if (round === 1 && marker === 'absent') await writeMarker(tools);
    const holders = plan.send.length === 0 ? [] : await sendAll(plan, wanted, tools);
    const { objects, bytes } = amountOf(plan);
    sent.objects += objects;
    sent.bytes += bytes;
    sent.holders += plan.send.length;
    progress.phase('finishing');
    // Last look before the promise: what a gc condemned or took meanwhile is sent again.
    const before = look;
    look = await lookAgain(tools);
    if (!isNews(before, look)) {
      const named = [...holders, ...plan.adopt];
      // A record may lie in a pack that another push took over from this one, killed, as a mere object. Of one
      // that was sent again, the segment that tells so far may go with the gc that condemned it.
      const known = new Set(await tools.index.runs());
      const carried = new Set(
        named.flatMap((holder) => holder.objects.map(({ digest }) => digest)),
      );
      const told = runs.filter((run) => !known.has(run) || carried.has(`b3:${run}` as Digest));
      if (named.length + told.length > 0) await nameHolders(named, told, look, tools);
      await writeRoot(id, request, pins, look, tools);
      return { ...sent, kept: false };
    }
    if (round === MOST_ROUNDS) throw gcInTheWay(bucket.url);
  }
}

/** A run's text is what its id is the digest of. */
const recordsOf = (runs: readonly Run[]): ReadonlyMap<Digest, Uint8Array> =>
  new Map(
    runs.map(({ id, ...record }) => [`b3:${id}` as Digest, Buffer.from(canonicalJson(record))]),
  );

const amountOf = ({ send }: PushPlan): { objects: number; bytes: number; holders: number } => ({
  objects: send.reduce((sum, { objects }) => sum + objects.length, 0),
  bytes: send.reduce((sum, { size }) => sum + size, 0),
  holders: send.length,
});

/**
 * Holders that earlier pushes began, as the bucket has them now: a gc may have deleted what was
 * acknowledged, and a kill may have come between the last byte and the note of it.
 */
async function stillThere(tools: Tools): Promise<readonly BegunHolder[]> {
  const { bucket, index } = tools;
  const begun = await index.begun();
  const prefixes = new Set(begun.map(({ name }) => (isAlone(name) ? BLOBS : PACKS)));
  const there = new Map<string, number>();
  for (const prefix of prefixes) {
    for (const { name, size } of orThrow(await bucket.list(prefix, quietCall(tools)), bucket.url)) {
      there.set(name, size);
    }
  }
  const found: BegunHolder[] = [];
  for (const holder of begun) {
    const { name, size, acknowledged } = holder;
    const isThere = there.get(name) === size;
    if (isThere && !acknowledged) await index.acknowledge(name);
    if (!isThere && acknowledged) await index.abandon([name]);
    if (isThere || !acknowledged) found.push({ ...holder, acknowledged: isThere });
  }
  return found;
}

/** Sends the plan's holders; returns them with the names they got. */
async function sendAll(
  { send }: PushPlan,
  { records }: PushWants,
  tools: Tools,
): Promise<readonly Holder[]> {
  const { objects, index, progress } = tools;
  const read: ReadObject = ({ digest }, from, to) => {
    const record = records.get(digest);
    return record === undefined
      ? objects.read(digest, from, to)
      : bytesContent(record).read(from, to);
  };
  // Names of other pushes that this one does not go on with: their content is sent anew.
  const names = new Set(send.map(({ name }) => name));
  const stale = (await index.begun()).filter(
    ({ name, acknowledged }) => !acknowledged && !names.has(name),
  );
  await index.abandon(stale.map(({ name }) => name));
  for (const holder of send) await index.begin(holder);
  for (const { objects: held, size } of send) progress.expect(held.length, size);
  progress.phase('sending');
  const sent: Holder[] = [];
  await inParallel(send, tools, async (holder, signal) => {
    sent.push(await sendOne(holder, read, signal, tools));
  });
  return sent;
}

async function writeRoot(
  id: string,
  { by, avian }: PushRequest,
  pins: Pick<Root, 'commit' | 'refs' | 'runs'>,
  { condemned, ensureFresh }: Look,
  tools: Tools,
): Promise<void> {
  const { bucket, ports, nonce } = tools;
  const at = new Date(ports.clock.now()).toISOString();
  const plain = `${rootPrefix(id)}.json`;
  const name = condemned.has(plain) ? `${rootPrefix(id)}.${nonce()}.json` : plain;
  const text = encodeRoot({ ...pins, by, at, avian });
  const content = bytesContent(Buffer.from(text), ensureFresh);
  const made = await bucket.create(name, content, quietCall(tools));
  if (made.ok || made.error.kind !== 'exists') orThrow(made, bucket.url);
}

const gcInTheWay = (url: string): ProblemError =>
  new ProblemError(
    problem(
      'remote',
      'remote/gc-in-the-way',
      `a gc of ${url} condemned what this push relies on, ${MOST_ROUNDS} times in a row`,
      'run it again when that gc has ended',
    ),
  );
