import { byCodeUnit } from '../model/json.ts';
import type { Digest } from '../model/names.ts';
import type { Holder, SizedObject } from '../model/remote.ts';
import type { Census, NamedRoot } from './census.ts';
import { GRACE, isAlone, ORPHAN_AGE } from './layout.ts';
import type { Needs } from './needs.ts';

/** A list of a gc with what is left to do about it. */
export interface DueList {
  readonly name: string;
  readonly condemned: readonly string[];
}

export interface GcPlan {
  readonly kept: readonly NamedRoot[];
  readonly dropped: readonly NamedRoot[];
  /** Lists whose grace is over: what is needed of them has to move, then they are deleted. */
  readonly ripe: readonly DueList[];
  /** Final lists; what a killed gc left of them is deleted now. */
  readonly final: readonly DueList[];
  /** Final lists of which nothing was left, and that whoever could have looked before has seen. */
  readonly over: readonly string[];
  /** Needed objects that lie in nothing that stays. */
  readonly move: readonly SizedObject[];
  /** Objects that a kept root promises, and that lie nowhere. */
  readonly lost: readonly Digest[];
  /** Names to condemn now: dropped roots, and packs and blobs that nothing needs. */
  readonly condemn: readonly string[];
  /** Packs and blobs that stay, and how many bytes of them are needed. */
  readonly staying: { readonly holders: number; readonly bytes: number; readonly needed: number };
}

/** A pack of which less than this is needed is written anew. */
const SPARSE = 0.5;

/**
 * What a gc has to do, from all that lies there and what is needed of it. A name that is condemned stays
 * so: what is needed of it moves. That is why two gcs at the same time, each of which relies on what the other
 * one condemns, lose nothing.
 */
export function planGc(
  census: Census,
  { promised, kept }: Needs,
  chosen: { readonly kept: readonly NamedRoot[]; readonly dropped: readonly NamedRoot[] },
): GcPlan {
  const { look, lists, holders, stored } = census;
  const needed = new Set([...promised, ...kept]);
  const due = [...lists].map(([name, list]) => ({ name, ...list }));
  const ripe = due.filter(({ final, at }) => !final && isPast(at, GRACE, look.at));
  const final = due.filter((list) => list.final);
  const dying = new Set([...ripe, ...final].flatMap(({ condemned }) => condemned));

  const isStored = ({ name, size }: Holder): boolean => stored.get(name)?.size === size;
  const there = [...holders.values()].filter(isStored);
  const safe = there.filter(({ name }) => !look.condemned.has(name));
  const assigned = assign(needed, safe);
  const bytesIn = (holder: Holder): number => assigned.get(holder.name)?.bytes ?? 0;
  const isSparse = (holder: Holder): boolean =>
    !isAlone(holder.name) &&
    bytesIn(holder) > 0 &&
    bytesIn(holder) < SPARSE * holder.objects.reduce((sum, { size }) => sum + weight(size), 0);
  const sparse = safe.filter(isSparse);
  const staying = safe.filter((holder) => bytesIn(holder) > 0 && !isSparse(holder));

  const placed = new Set([...assigned.values()].flatMap(({ objects }) => objects));
  // Condemned and not ripe yet: it moves when its time comes.
  const waiting = there.filter(({ name }) => look.condemned.has(name) && !dying.has(name));
  const waits = objectsOf(waiting);
  const elsewhere = objectsOf(there);
  const homeless = [...needed].filter((digest) => !placed.has(digest) && !waits.has(digest));
  const moving = [
    ...homeless.filter((digest) => elsewhere.has(digest)),
    ...sparse.flatMap(({ name }) => assigned.get(name)?.objects ?? []),
  ];
  const rootNames = new Set(census.roots.map(nameOf));
  const isHere = (name: string): boolean => stored.has(name) || rootNames.has(name);
  const isOrphan = (name: string, at: number): boolean =>
    !holders.has(name) && look.at - at > ORPHAN_AGE;
  return {
    ...chosen,
    ...{ ripe, final },
    over: final
      .filter(({ at, condemned }) => isPast(at, GRACE, look.at) && !condemned.some(isHere))
      .map(nameOf),
    move: moving.map((digest) => ({ digest, size: elsewhere.get(digest) ?? 0 })),
    lost: homeless.filter((digest) => promised.has(digest) && !elsewhere.has(digest)),
    condemn: [
      ...chosen.dropped.map(nameOf),
      ...safe.filter((holder) => !staying.includes(holder)).map(nameOf),
      ...[...stored.values()]
        .filter(({ name, at }) => !look.condemned.has(name) && isOrphan(name, at))
        .map(nameOf),
    ].sort(byCodeUnit),
    staying: {
      holders: staying.length,
      bytes: staying.reduce((sum, { size }) => sum + size, 0),
      needed: staying.reduce((sum, holder) => sum + bytesIn(holder), 0),
    },
  };
}

interface Share {
  bytes: number;
  readonly objects: Digest[];
}

/** Each needed object to one place: where most of what is needed lies together, so that few places stay. */
function assign(
  needed: ReadonlySet<Digest>,
  holders: readonly Holder[],
): ReadonlyMap<string, Share> {
  const fullness = new Map(
    holders.map(({ name, objects }) => [
      name,
      objects.reduce((sum, { digest, size }) => sum + (needed.has(digest) ? weight(size) : 0), 0),
    ]),
  );
  const fullest = [...holders].sort(
    (a, b) =>
      (fullness.get(b.name) ?? 0) - (fullness.get(a.name) ?? 0) || byCodeUnit(a.name, b.name),
  );
  const taken = new Set<Digest>();
  const shares = new Map<string, Share>();
  for (const { name, objects } of fullest) {
    const share: Share = { bytes: 0, objects: [] };
    for (const { digest, size } of objects) {
      if (!needed.has(digest) || taken.has(digest)) continue;
      taken.add(digest);
      share.objects.push(digest);
      share.bytes += weight(size);
    }
    if (share.objects.length > 0) shares.set(name, share);
  }
  return shares;
}

/** An empty object counts as well: its pack is needed. */
const weight = (size: number): number => Math.max(1, size);

const objectsOf = (holders: readonly Holder[]): ReadonlyMap<Digest, number> =>
  new Map(
    holders.flatMap(({ objects }) => objects.map(({ digest, size }) => [digest, size] as const)),
  );

const isPast = (at: string, after: number, now: number): boolean => now - Date.parse(at) >= after;
const nameOf = ({ name }: { readonly name: string }): string => name;
