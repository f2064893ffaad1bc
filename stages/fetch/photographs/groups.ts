/** Puts photographs that look alike into one group, so that none of them is tested on what it was trained on. */
import { distance, LOOKS_WORDS, type Looks } from './looks.ts';

/**
 * Bits in which two of a group may differ. 7 is the most that the search below finds without a miss;
 * `groups.test.ts` holds what it catches (copies in another size or quality) and what it leaves apart.
 */
export const RADIUS = LOOKS_WORDS - 1;

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

  // Two hashes at most 7 bits apart agree in at least one of 8 words, so only those that share
  // a word are compared: 84,000 photographs need no 3.5 billion comparisons.
  for (let word = 0; word < LOOKS_WORDS; word += 1) {
    for (const bucket of bucketsBy(looks, word)) {
      for (const [position, first] of bucket.entries()) {
        for (const second of bucket.slice(position + 1)) {
          const [a, b] = [looks[first], looks[second]];
          if (a === undefined || b === undefined || rootOf(first) === rootOf(second)) continue;
          if (distance(a, b) <= RADIUS) parent[rootOf(second)] = rootOf(first);
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

/** The indices that have the same value in `word`, where there are at least two of them. */
function bucketsBy(looks: readonly Looks[], word: number): number[][] {
  const buckets = new Map<number, number[]>();
  for (const [index, hash] of looks.entries()) {
    const value = hash[word] ?? 0;
    const bucket = buckets.get(value);
    if (bucket === undefined) buckets.set(value, [index]);
    else bucket.push(index);
  }
  return [...buckets.values()].filter((bucket) => bucket.length > 1);
}
