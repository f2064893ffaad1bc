import type { Problem } from '../model/diagnostic.ts';
import type { Digest } from '../model/names.ts';
import { ProblemError } from '../model/problem-error.ts';
import type { SizedObject } from '../model/remote.ts';
import type { Result } from '../model/result.ts';
import { DEEPEST } from '../model/tree.ts';
import { tooDeep, type Want } from './closure.ts';
import { readIndex, readMarker } from './consult.ts';
import { ALONE_FROM } from './layout.ts';
import { openNodes, type Nodes, type WantedNode } from './nodes.ts';
import { asResult } from './problems.ts';
import { lookingTwice, receiveLarge, receiveSmall } from './receive.ts';
import { receiveRuns } from './receive-runs.ts';
import {
  inParallel,
  openTools,
  type OpenRemote,
  type Tools,
  type TransferOptions,
  type TransferPorts,
} from './tools.ts';

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

/**
 * Brings everything chosen into the cache, and every run record that the remote has. What the
 * remote does not have is told, not thrown: the rest comes all the same.
 */
export async function fetch(
  choose: Choose,
  remote: OpenRemote,
  ports: TransferPorts,
  options: TransferOptions,
): Promise<Result<Fetched, Problem>> {
  const tools = openTools('pull', remote, ports, options);
  const result = await asResult(() =>
    lookingTwice(tools.bucket.url, () => fetchOnce(choose, tools)),
  );
  tools.progress.stop();
  return result;
}

async function fetchOnce(choose: Choose, tools: Tools): Promise<Fetched> {
  const { ports, progress, objects, bucket } = tools;
  await Promise.all([readMarker(tools), readIndex(tools)]);
  progress.phase('planning');
  const nodes = openNodes(tools);
  const chosen = await choose(nodes, bucket.url);
  if (!chosen.ok) throw new ProblemError(chosen.error);
  const wants = chosen.value;

  const away: Want[] = [];
  for (const want of wants) if (!(await ports.workspace.holds(want.ref))) away.push(want);
  const trees = await readTrees(away, nodes);
  const blobs = objects.missing(trees.blobs);
  const lost = new Set<Digest>([...(await receiveBlobs(blobs, tools)), ...trees.absent]);
  progress.phase('finishing');
  const isPlaced = openPlacer(trees, lost, nodes, tools);
  const missing = away.filter(({ ref }) => !isPlaced(ref.digest));
  await objects.sync();
  const runs = await receiveRuns(tools);
  return {
    wants,
    missing: missing.map(({ path }) => path),
    objects: blobs.length - blobs.filter(({ digest }) => lost.has(digest)).length,
    bytes: blobs.reduce((sum, { digest, size }) => sum + (lost.has(digest) ? 0 : size), 0),
    runs,
  };
}

const MOST_LEVELS = 2 * DEEPEST;

interface Trees {
  /** Of every node that could be read: the nodes and blobs it names. */
  readonly children: ReadonlyMap<Digest, readonly Digest[]>;
  readonly blobs: readonly SizedObject[];
  readonly absent: ReadonlySet<Digest>;
}

/** Reads trees level by level, so that one request brings many neighbours. */
async function readTrees(wants: readonly Want[], nodes: Nodes): Promise<Trees> {
  const children = new Map<Digest, readonly Digest[]>();
  const blobs = new Map<Digest, SizedObject>();
  const absent = new Set<Digest>();
  let level: WantedNode[] = [];
  for (const { path, ref } of wants) {
    if (ref.files === undefined) blobs.set(ref.digest, { digest: ref.digest, size: ref.size });
    else level.push({ digest: ref.digest, depth: 0, path });
  }
  for (let levels = 0; level.length > 0; levels++) {
    // Directories and the splits of large ones together; a chain of splits alone could be endless.
    if (levels > MOST_LEVELS) throw tooDeep(level[0]?.path ?? '');
    const unique = new Map(level.map((one) => [one.digest, one]));
    const read = await nodes.read([...unique.values()]);
    const next: WantedNode[] = [];
    for (const { digest, depth, path } of unique.values()) {
      const node = read.get(digest);
      if (node === undefined) {
        absent.add(digest);
        continue;
      }
      const below: Digest[] = [];
      const descend = (child: WantedNode): void => {
        below.push(child.digest);
        if (!children.has(child.digest)) next.push(child);
      };
      if (node.kind === 'split') {
        for (const part of node.parts) descend({ digest: part.digest, depth, path });
      } else {
        for (const entry of node.entries) {
          if (entry.kind === 'directory') {
            descend({ digest: entry.digest, depth: depth + 1, path: `${path}/${entry.name}` });
          } else if (entry.kind === 'file') {
            below.push(entry.digest);
            blobs.set(entry.digest, { digest: entry.digest, size: entry.size });
          }
        }
      }
      children.set(digest, below);
    }
    level = next;
  }
  return { children, blobs: [...blobs.values()], absent };
}

/** Brings blobs into the cache; returns those that the remote does not have. */
async function receiveBlobs(
  blobs: readonly SizedObject[],
  tools: Tools,
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
    const at = located.get(object.digest)?.find(({ size }) => size === object.size);
    if (at === undefined) lost.push(object.digest);
    return at === undefined ? [] : [{ object, at }];
  });
  await inParallel(jobs, tools, async ({ object, at }, signal) => {
    await receiveLarge(object, at, signal, tools);
  });
  const small = blobs.filter(({ size }) => size < ALONE_FROM).map(({ digest }) => digest);
  const absent = await receiveSmall(
    small,
    { largest: ALONE_FROM, counted: true },
    tools,
    (digest, bytes) => bytes.length === sizes.get(digest) && objects.put(digest, bytes),
  );
  return [...lost, ...absent];
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
