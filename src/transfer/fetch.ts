import type { Problem } from '../model/diagnostic.ts';
import type { Digest } from '../model/names.ts';
import { ProblemError } from '../model/problem-error.ts';
import type { SizedObject } from '../model/remote.ts';
import type { Result } from '../model/result.ts';
import type { Want } from './closure.ts';
import { readIndex, readMarker } from './consult.ts';
import { ALONE_FROM } from './layout.ts';
import { openNodes, type Nodes } from './nodes.ts';
import { lookingAgain, placeOf, receiveSmall } from './receive.ts';
import { readingOf, receiveLarge } from './receive-large.ts';
import { keepRuns, readRuns } from './receive-runs.ts';
import {
  inParallel,
  withTools,
  type OpenRemote,
  type Tools,
  type TransferOptions,
  type TransferPorts,
} from './tools.ts';
import { walkTrees, type Trees } from './trees.ts';

/** Chooses what to fetch; it may have to read directories of the remote for that. */
export type Choose = (nodes: Nodes, url: string) => Promise<Result<readonly Want[], Problem>>;

export interface Fetched {
  readonly wants: readonly Want[];
  /** Paths of which the remote and the cache do not have everything. */
  readonly missing: readonly string[];
  readonly objects: number;
  readonly bytes: number;
  /** Run records that came along. */
  readonly runs: number;
}

export interface FetchOptions extends TransferOptions {
  readonly dry?: boolean;
  /**
   * Done with what is whole in the cache, while the disk takes it down and run records come. May be
   * called again, when the remote changed meanwhile.
   */
  readonly whenStored?: (there: readonly Want[]) => Promise<void>;
}

/**
 * Brings everything chosen into the cache, and every run record that the remote has. What the
 * remote does not have is told, not thrown: the rest comes all the same. With `dry` it only says so.
 */
export async function fetch(
  choose: Choose,
  remote: OpenRemote,
  ports: TransferPorts,
  options: FetchOptions,
): Promise<Result<Fetched, Problem>> {
  const { dry, whenStored } = options;
  return withTools('pull', remote, ports, options, (tools) =>
    lookingAgain(tools, (there) =>
      fetchOnce(choose, { ...tools, dry, whenStored, ...(there !== undefined && { there }) }),
    ),
  );
}

type Fetching = Tools & {
  readonly dry: boolean | undefined;
  readonly whenStored: FetchOptions['whenStored'];
};

async function fetchOnce(choose: Choose, tools: Fetching): Promise<Fetched> {
  const { progress, objects, bucket } = tools;
  // The cache is looked through while the remote answers.
  const asked = Promise.all([readMarker(tools), readIndex(tools)]);
  const nodes = openNodes(tools, asked);
  const lookAround = async (): Promise<readonly [readonly Want[], readonly Want[]]> => {
    const chosen = await choose(nodes, bucket.url);
    if (!chosen.ok) throw new ProblemError(chosen.error);
    const lacking: Want[] = [];
    for (const want of chosen.value) if (!(await objects.holds(want.ref))) lacking.push(want);
    return [chosen.value, lacking];
  };
  const [, [wants, away]] = await allOf(asked, lookAround());
  progress.phase('planning');
  const trees = await walkTrees(away, nodes);
  const blobs = objects.missing(trees.blobs);
  if (tools.dry === true) return estimate(wants, away, trees, blobs, tools);
  const lost = new Set<Digest>([...(await receiveBlobs(blobs, tools)), ...trees.absent]);
  progress.phase('finishing');
  const isPlaced = openPlacer(trees, lost, nodes, tools);
  const missing = new Set(away.filter(({ ref }) => !isPlaced(ref.digest)));
  const there = wants.filter((want) => !missing.has(want));
  objects.noteWhole(there.map(({ ref }) => ref));
  const [, records] = await allOf(
    objects.sync(),
    readRuns(tools),
    tools.whenStored?.(there) ?? Promise.resolve(),
  );
  const runs = await keepRuns(records, tools);
  return {
    wants,
    missing: [...missing].map(({ path }) => path),
    objects: blobs.length - blobs.filter(({ digest }) => lost.has(digest)).length,
    bytes: blobs.reduce((sum, { digest, size }) => sum + (lost.has(digest) ? 0 : size), 0),
    runs,
  };
}

/** As `Promise.all`, but all have ended when the first failure comes out. */
async function allOf<T extends readonly Promise<unknown>[]>(
  ...promises: T
): Promise<{ [Index in keyof T]: Awaited<T[Index]> }> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

/** What a fetch would bring: nothing is stored, but trees had to be read for it. */
async function estimate(
  wants: readonly Want[],
  away: readonly Want[],
  trees: Trees,
  blobs: readonly SizedObject[],
  { index, ports }: Tools,
): Promise<Fetched> {
  const located = await index.locate(blobs.map(({ digest }) => digest));
  const there = blobs.filter(({ digest }) => located.has(digest));
  const lost = new Set([
    ...trees.absent,
    ...blobs.filter(({ digest }) => !located.has(digest)).map(({ digest }) => digest),
  ]);
  const whole = new Map<Digest, boolean>();
  const isWhole = (digest: Digest): boolean => {
    const known = whole.get(digest);
    if (known !== undefined) return known;
    const answer = !lost.has(digest) && (trees.children.get(digest) ?? []).every(isWhole);
    whole.set(digest, answer);
    return answer;
  };
  let runs = 0;
  for (const id of await index.runs()) if ((await ports.runs.get(id)) === undefined) runs += 1;
  return {
    wants,
    missing: away.filter(({ ref }) => !isWhole(ref.digest)).map(({ path }) => path),
    objects: there.length,
    bytes: there.reduce((sum, { size }) => sum + size, 0),
    runs,
  };
}

/** Brings blobs into the cache; returns those that the remote does not have. */
async function receiveBlobs(
  blobs: readonly SizedObject[],
  tools: Fetching,
): Promise<readonly Digest[]> {
  const { progress, objects, index } = tools;
  progress.expect(
    blobs.length,
    blobs.reduce((sum, { size }) => sum + size, 0),
  );
  progress.phase('receiving');
  const sizes = new Map(blobs.map(({ digest, size }) => [digest, size]));
  const large = blobs.filter(({ size }) => size >= ALONE_FROM);
  const located = await index.locate(large.map(({ digest }) => digest));
  const lost: Digest[] = [];
  const jobs = large.flatMap((object) => {
    const places = located.get(object.digest)?.filter(({ size }) => size === object.size);
    const at = placeOf(object.digest, places, tools);
    if (at === undefined) lost.push(object.digest);
    return at === undefined ? [] : [{ object, at }];
  });
  const reading = readingOf(jobs.length, tools);
  await inParallel(jobs, tools, async ({ object, at }, signal) => {
    await receiveLarge(object, at, signal, tools, tools.whenStored !== undefined, reading);
  });
  const small = blobs.filter(({ size }) => size < ALONE_FROM).map(({ digest }) => digest);
  objects.expect(small.length);
  const pause = (): Promise<void> | undefined => objects.pause();
  const settle = (): Promise<void> => objects.settle();
  try {
    const absent = await receiveSmall(
      small,
      { largest: ALONE_FROM, counted: true, pause, settle },
      tools,
      (digest, bytes) => bytes.length === sizes.get(digest) && objects.putLater(digest, bytes),
    );
    return [...lost, ...absent];
  } finally {
    await settle();
  }
}

/**
 * Stores the nodes that came, those below before those that name them, and only where everything
 * below is there. True when the whole tree or blob is.
 */
function openPlacer(
  trees: Trees,
  lost: ReadonlySet<Digest>,
  nodes: Nodes,
  { objects }: Pick<Tools, 'objects'>,
): (digest: Digest) => boolean {
  const placed = new Map<Digest, boolean>();
  const place = (digest: Digest): boolean => {
    const known = placed.get(digest);
    if (known !== undefined) return known;
    let isWhole = !lost.has(digest);
    for (const child of trees.children.get(digest) ?? []) isWhole = place(child) && isWhole;
    const text = nodes.received(digest);
    if (isWhole && text !== undefined) objects.put(digest, Buffer.from(text));
    placed.set(digest, isWhole);
    return isWhole;
  };
  return place;
}
