/** Puts photographs that look alike into one group, so that none of them is tested on what it was trained on. */
import { distance, LOOKS_WORDS, type Looks } from './looks.ts';

/**
 * Bits in which two of a group may differ, at most 15 (see below). Of 600 photographs of ten species, half-size copies were
 * 1 bit off in the median and 8 at the 95th percentile, and the nearest two different photographs 27.
 */
export const RADIUS = 11;

/**
 * For each photograph the number of its group; numbers follow first appearance, 0 first.
 * Alike is whatever is linked by a chain of steps of at most RADIUS bits.
 */
export function groupByLooks(looks: readonly Looks[]): number[] {
  const parent = looks.map((_, index) => index);

  function rootOf(index: number): number {
    let root = index;
    while (parent[root] !== root) root = parent[root] ?? root;
    parent[index] = root;
    return root;
  }

  for (let word = 0; word < LOOKS_WORDS; word += 1) {
    const { first, next } = chainByWord(looks, word);
    for (const [index, hash] of looks.entries()) {
      for (const change of ONE_BIT_AT_MOST) {
        // Chains run downwards, so that each pair meets once.
        let other = first[(hash[word] ?? 0) ^ change] ?? -1;
        for (; other > index; other = next[other] ?? -1) {
          const candidate = looks[other];
          if (candidate === undefined || distance(hash, candidate) > RADIUS) continue;
          parent[rootOf(other)] = rootOf(index);
        }
      }
    }
  }

  const numbers = new Map<number, number>();
  return looks.map((_, index) => {
    const root = rootOf(index);
    const known = numbers.get(root) ?? numbers.size;
    numbers.set(root, known);
    return known;
  });
}

/**
 * A word, and the 16 that differ from it in one bit. Two hashes at most 15 bits apart differ by at most one bit in one of their
 * 8 words, so only those that meet here are compared: 84,000 photographs need no 3.5 billion comparisons.
 */
const ONE_BIT_AT_MOST = [0, ...Array.from({ length: 16 }, (_, bit) => 1 << bit)];

/** Of each value of `word` the last index that has it, and of each index the one before it with the same value; -1 for none. */
function chainByWord(
  looks: readonly Looks[],
  word: number,
): { first: Int32Array; next: Int32Array } {
  const first = new Int32Array(65_536).fill(-1);
  const next = new Int32Array(looks.length);
  for (const [index, hash] of looks.entries()) {
    const value = hash[word] ?? 0;
    next[index] = first[value] ?? -1;
    first[value] = index;
  }
  return { first, next };
}
