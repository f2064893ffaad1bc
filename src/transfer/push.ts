import { problem, type Problem } from '../model/diagnostic.ts';
import { byCodeUnit, canonicalJson } from '../model/json.ts';
import type { Digest, RunId } from '../model/names.ts';
import { ProblemError } from '../model/problem-error.ts';
import type { Holder, Root } from '../model/remote.ts';
import type { Result } from '../model/result.ts';
import type { Run } from '../model/run.ts';
import type { BucketEntry } from '../ports/bucket.ts';
import type { BegunHolder } from '../ports/remote-index.ts';
import type { Want } from './closure.ts';
import { bytesContent, readCondemned, readIndex, readMarker, writeMarker } from './consult.ts';
import {
  blobName,
  BLOBS,
  isAlone,
  MOST_SEGMENTS,
  PACKS,
  rootPrefix,
  segmentName,
} from './layout.ts';
import { packContent } from './pack.ts';
import { asResult, failure, orThrow } from './problems.ts';
import { planPush, type PushPlan, type PushWants } from './push-plan.ts';
import { encodeRoot, rootId } from './root.ts';
import { encodeSegment } from './segment.ts';
import {
  inParallel,
  openTools,
  quietCall,
  type OpenRemote,
  type Tools,
  type TransferOptions,
  type TransferPorts,
} from './tools.ts';

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
  const tools = openTools('push', remote, ports, options);
  const result = await asResult(() => pushWith(request, tools));
  tools.progress.stop();
  return result;
}

async function pushWith(request: PushRequest, tools: Tools): Promise<Pushed> {
  const { ports, bucket, progress } = tools;
  const refs = [...request.wants].sort((a, b) => byCodeUnit(a.path, b.path));
  const runs = request.runs.map(({ id }) => id).sort(byCodeUnit);
  const pins = { ...(request.commit !== undefined && { commit: request.commit }), refs, runs };
  const id = rootId(pins, ports.hash);
  const [marker, firstCondemned, roots] = await Promise.all([
    readMarker(tools),
    readCondemned(tools),
    bucket.list(rootPrefix(id), quietCall(tools)),
  ]);
  let condemned = firstCondemned;
  if (orThrow(roots, bucket.url).some(({ name }) => !firstCondemned.has(name))) {
    return { objects: 0, bytes: 0, holders: 0, kept: true };
  }
  const wanted: PushWants = { wants: refs, records: recordsOf(request.runs) };
  progress.phase('planning');
  let live = await readIndex(tools);
  const sent = { objects: 0, bytes: 0, holders: 0 };
  for (let round = 1; ; round++) {
    const plan = await planPush(wanted, condemned, await stillThere(tools), tools);
    if (request.dry) return { ...amountOf(plan), kept: false };
    if (round === 1 && marker === 'absent') await writeMarker(tools);
    if (plan.send.length + plan.adopt.length > 0) {
      const holders = [...(await sendAll(plan, wanted, tools)), ...plan.adopt];
      progress.phase('finishing');
      live = await writeSegment(holders, runs, live, condemned, tools);
      const { objects, bytes } = amountOf(plan);
      sent.objects += objects;
      sent.bytes += bytes;
      sent.holders += plan.send.length;
    }
    // Last look before the promise: what a gc condemned meanwhile is sent again under a new name.
    const again = await readCondemned(tools);
    if ([...again].every((name) => condemned.has(name))) break;
    condemned = again;
    if (round === MOST_ROUNDS) throw gcInTheWay(bucket.url);
  }
  await writeRoot(id, request, pins, condemned, tools);
  return { ...sent, kept: false };
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
  const read = ({ digest }: { digest: Digest }, from: number, to: number) => {
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

async function sendOne(
  holder: Holder,
  read: Parameters<typeof packContent>[1],
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

/** Names what was sent; merges the smallest half of the live segments when there are too many. */
async function writeSegment(
  holders: readonly Holder[],
  runs: readonly RunId[],
  live: readonly BucketEntry[],
  condemned: ReadonlySet<string>,
  tools: Tools,
): Promise<readonly BucketEntry[]> {
  const { bucket, index, ports } = tools;
  const sized = live.filter(({ name }) => !condemned.has(name)).sort((a, b) => a.size - b.size);
  const merged = sized.length < MOST_SEGMENTS ? [] : sized.slice(0, MOST_SEGMENTS / 2);
  const names = merged.map(({ name }) => name);
  const before = await index.contentOf(names);
  const earlier = await index.segments();
  const held = new Set(holders.flatMap(({ objects }) => objects.map(({ digest }) => digest)));
  const segment = {
    // With what those had superseded: a reader that knows this one needs none of them.
    supersedes: [...new Set(names.flatMap((name) => [name, ...(earlier.get(name) ?? [])]))],
    holders: [...before.holders.filter(({ name }) => !condemned.has(name)), ...holders],
    runs: [...new Set([...before.runs, ...runs.filter((run) => held.has(`b3:${run}` as Digest))])],
  };
  const text = encodeSegment(segment);
  const name = segmentName(ports.hash(text));
  const made = await bucket.create(name, bytesContent(Buffer.from(text)), quietCall(tools));
  if (made.ok || made.error.kind !== 'exists') orThrow(made, bucket.url);
  await index.learn(name, segment);
  return [...live.filter((entry) => !names.includes(entry.name)), { name, size: text.length }];
}

async function writeRoot(
  id: string,
  { by, avian }: PushRequest,
  pins: Pick<Root, 'commit' | 'refs' | 'runs'>,
  condemned: ReadonlySet<string>,
  tools: Tools,
): Promise<void> {
  const { bucket, ports, nonce } = tools;
  const at = new Date(ports.clock.now()).toISOString();
  const plain = `${rootPrefix(id)}.json`;
  const name = condemned.has(plain) ? `${rootPrefix(id)}.${nonce()}.json` : plain;
  const text = encodeRoot({ ...pins, by, at, avian });
  const made = await bucket.create(name, bytesContent(Buffer.from(text)), quietCall(tools));
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
