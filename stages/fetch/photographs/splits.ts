/** Deals photographs out to training, validation and test: seeded, by species, group by group; pure. */
import type { Split } from '../../vision/manifest.ts';
import type { Random } from '../../vision/random.ts';

export interface Shares {
  readonly train: number;
  readonly val: number;
  readonly test: number;
}

export interface Dealt {
  readonly species: string;
  readonly digest: string;
  /** Members of one group go to one split. */
  readonly group: string;
  /** Where the folder it lies in has put it already. */
  readonly given?: Split | undefined;
}

/** What each photograph got; `undefined` is one that had to be left out (see below). */
export type Deal = readonly (Split | undefined)[];

/** An honest test matters most: it keeps what the others have to give up. */
const RANK: readonly Split[] = ['test', 'val', 'train'];

/**
 * A given split is kept. If a group was given to several, it stays in the first of test, val, train, and
 * its members elsewhere are left out: they would be trained and tested on alike.
 * Splits that were given nothing get their share of what has no split, or else of what was given to train.
 * The order of dealing depends on seed and content only, so a new photograph moves at most a few others.
 */
export function dealSplits(items: readonly Dealt[], shares: Shares, random: Random): Deal {
  const given = new Set(items.map((item) => item.given).filter((split) => split !== undefined));
  const open = RANK.filter((split) => split !== 'train' && !given.has(split));
  const splitOfGroup = new Map<string, Split>();
  for (const split of RANK) {
    for (const item of items) {
      if (item.given === split && !splitOfGroup.has(item.group)) {
        splitOfGroup.set(item.group, split);
      }
    }
  }

  for (const bySpecies of speciesDecks(items, splitOfGroup)) {
    const total = bySpecies.reduce((sum, group) => sum + group.size, 0);
    const room = new Map(
      open.map((split) => [split, Math.round(total * shareOf(split, shares, open))]),
    );
    for (const group of inOrder(bySpecies, random)) {
      const split = open.find((candidate) => (room.get(candidate) ?? 0) >= group.size) ?? 'train';
      room.set(split, (room.get(split) ?? 0) - group.size);
      splitOfGroup.set(group.name, split);
    }
  }

  return items.map((item) => {
    const split = splitOfGroup.get(item.group);
    const wasMoved = item.given !== undefined && item.given !== split;
    return wasMoved && !open.some((candidate) => candidate === split) ? undefined : split;
  });
}

interface Group {
  readonly name: string;
  readonly size: number;
  /** The smallest digest of its members: names the group whatever the files are called. */
  readonly key: string;
}

/** The groups that are still to be dealt, by the species of their first member. */
function speciesDecks(
  items: readonly Dealt[],
  settled: ReadonlyMap<string, Split>,
): readonly (readonly Group[])[] {
  const members = Map.groupBy(items, (item) => item.group);
  const decks = new Map<string, Group[]>();
  for (const [name, group] of members) {
    const split = settled.get(name);
    const [first] = group;
    if (first === undefined || (split !== undefined && split !== 'train')) continue;
    const key = group.map((item) => item.digest).reduce((a, b) => (a < b ? a : b));
    const deck = decks.get(first.species) ?? [];
    deck.push({ name, size: group.length, key });
    decks.set(first.species, deck);
  }
  return [...decks.values()];
}

/** A share of what is dealt: of everything where no split was given, else beside training only. */
function shareOf(split: Split, shares: Shares, open: readonly Split[]): number {
  const dealt = shares.train + open.reduce((sum, candidate) => sum + shares[candidate], 0);
  return shares[split] / dealt;
}

function inOrder(groups: readonly Group[], random: Random): Group[] {
  const ranked = groups.map((group) => ({ group, rank: random.fork(group.key).next() }));
  return ranked.sort((a, b) => a.rank - b.rank).map(({ group }) => group);
}
