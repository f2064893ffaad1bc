import { problem } from '../model/diagnostic.ts';
import { ProblemError } from '../model/problem-error.ts';
import type { Holder, Root } from '../model/remote.ts';
import type { BucketEntry } from '../ports/bucket.ts';
import {
  LARGEST_TEXT,
  listHolders,
  readGcLists,
  readMarker,
  readSegments,
  readText,
} from './consult.ts';
import type { GcList } from './gc-list.ts';
import { ROOTS } from './layout.ts';
import { lookOf, type Look } from './look.ts';
import { orThrow } from './problems.ts';
import { decodeRoot } from './root.ts';
import { inParallel, quietCall, type Tools } from './tools.ts';

export interface NamedRoot extends Root {
  readonly name: string;
  /** When it was pushed by the bucket's own clock, milliseconds since 1970. */
  readonly since: number;
}

/** All that lies in a remote, by name. */
export interface Census {
  /** False where nothing was ever pushed. */
  readonly isThere: boolean;
  readonly look: Look;
  readonly lists: ReadonlyMap<string, GcList>;
  /** Condemned ones as well; oldest first. */
  readonly roots: readonly NamedRoot[];
  /** Segments that another one has taken over. */
  readonly superseded: readonly BucketEntry[];
  readonly segments: readonly BucketEntry[];
  /** What the live segments name, whether or not it is there. */
  readonly holders: ReadonlyMap<string, Holder>;
  /** Packs and large blobs that are there, named or not. */
  readonly stored: ReadonlyMap<string, BucketEntry>;
}

/**
 * Reads it all. The order matters: what a gc that runs beside us deletes is in a list first; what a
 * root names is in the index before the root is there; what a segment names is there before it.
 * @throws ProblemError `remote/bad-root` for a root that cannot be read: what it keeps is not known
 */
export async function takeCensus(tools: Tools): Promise<Census> {
  const { bucket, index, ports } = tools;
  const at = ports.clock.now();
  const [marker, lists] = await Promise.all([readMarker(tools), readGcLists(tools)]);
  const condemned = new Set([...lists.values()].flatMap((list) => list.condemned));
  const roots = await readRoots(tools);
  const { live, superseded } = await readSegments(tools);
  const { holders } = await index.contentOf(live.map(({ name }) => name));
  const stored = await listHolders(tools);
  return {
    isThere: marker === 'there',
    look: lookOf(condemned, live, at, { ports, bucket }),
    ...{ lists, roots, superseded, segments: live },
    holders: new Map(holders.map((holder) => [holder.name, holder])),
    stored: new Map(stored.map((entry) => [entry.name, entry])),
  };
}

async function readRoots(tools: Tools): Promise<readonly NamedRoot[]> {
  const { bucket } = tools;
  const listed = orThrow(await bucket.list(ROOTS, quietCall(tools)), bucket.url);
  const roots: NamedRoot[] = [];
  await inParallel(listed, tools, async ({ name, at }) => {
    const text = await readText(name, LARGEST_TEXT, tools);
    // Another gc has just dropped it.
    if (text === undefined) return;
    const root = decodeRoot(text);
    if (root !== undefined) roots.push({ ...root, name, since: at });
    else if (tools.onBad === undefined) throw badRoot(name, bucket.url);
    else tools.onBad(name, 'it is no root');
  });
  return roots.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

const badRoot = (name: string, url: string): ProblemError =>
  new ProblemError(
    problem(
      'corruption',
      'remote/bad-root',
      `${url}/${name} is no root: what it keeps is not known`,
      '`avian fsck --remote --repair` takes it away; push its commit again then',
    ),
  );
