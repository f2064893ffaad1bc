/** Chance that can be had again: the same seed gives the same numbers. */
export interface Random {
  /** A whole number from 0 to `bound` - 1. */
  readonly below: (bound: number) => number;
  readonly pick: <T>(list: readonly T[]) => T;
  /** True in this share of the cases. */
  readonly chance: (share: number) => boolean;
}

/** The seed of a property test: from the environment variable SEED, else a new one. Print it. */
export const seedOf = (env: NodeJS.ProcessEnv): number =>
  Number(env['SEED'] ?? Date.now() % 1_000_000);

/** Mulberry32. */
export function randomFrom(seed: number): Random {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number): number => Math.floor(next() * bound);
  return {
    below,
    pick: (list) => {
      if (list.length === 0) throw new Error('bug: nothing to pick from');
      return list[below(list.length)] as (typeof list)[number];
    },
    chance: (share) => next() < share,
  };
}
