/** Seeded chance: the same seed gives the same numbers on every machine, and can be put away and taken up again. */
import { createHash } from 'node:crypto';

/** A generator at rest: plain JSON, so that a checkpoint can hold it. */
export interface RandomState {
  readonly key: string;
  readonly words: readonly [number, number, number, number];
}

export interface Random {
  /** Uniform in [0, 1), in steps of 2^-32. */
  next(): number;
  /** Uniform among 0 .. n-1 without bias; n from 1 to 2^32. */
  int(n: number): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Mean 0, standard deviation 1. */
  normal(): number;
  /** One of `items`, which are not empty. */
  pick<T>(items: readonly T[]): T;
  /** A shuffled copy (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[];
  /** An independent generator: it depends on this one's seed and `label`, not on what was drawn so far. */
  fork(label: string | number): Random;
  state(): RandomState;
  /** Goes on where `state` was taken, seed for later forks included. */
  restore(state: RandomState): void;
}

const TWO_TO_32 = 2 ** 32;

/**
 * A generator (xoshiro128**, by Blackman and Vigna) whose state is spread from the seed by SHA-256,
 * so that seeds 1 and 2 have nothing in common. A number and its decimal text are the same seed.
 */
export function createRandom(seed: number | string): Random {
  let key = String(seed);
  let words = spread(key);

  function nextWord(): number {
    const [a, b, c, d] = words;
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const crossed = c ^ a;
    words = [a ^ d ^ b, b ^ crossed, crossed ^ (b << 9), rotateLeft(d ^ b, 11)];
    return result;
  }

  function next(): number {
    return nextWord() / TWO_TO_32;
  }

  function int(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > TWO_TO_32) {
      throw new Error(`bug: a number below ${n} cannot be drawn`);
    }
    // Words beyond the last whole multiple of n would make the small numbers likelier.
    const limit = TWO_TO_32 - (TWO_TO_32 % n);
    let word = nextWord();
    while (word >= limit) word = nextWord();
    return word % n;
  }

  return {
    next,
    int,
    between: (low, high) => low + (high - low) * next(),
    normal() {
      // Box-Muller without keeping its second value, so that the four words are all the state there is.
      const radius = Math.sqrt(-2 * Math.log(1 - next()));
      return radius * Math.cos(2 * Math.PI * next());
    },
    pick<T>(items: readonly T[]): T {
      return items[int(items.length)] as T;
    },
    shuffle<T>(items: readonly T[]): T[] {
      const shuffled = [...items];
      for (let last = shuffled.length - 1; last > 0; last -= 1) {
        const other = int(last + 1);
        [shuffled[last], shuffled[other]] = [shuffled[other] as T, shuffled[last] as T];
      }
      return shuffled;
    },
    fork: (label) => createRandom(`${key}/${label}`),
    state: () => ({ key, words }),
    restore(state) {
      key = state.key;
      words = state.words;
    },
  };
}

function spread(key: string): RandomState['words'] {
  const hash = createHash('sha256').update(key).digest();
  return [0, 4, 8, 12].map((offset) => hash.readInt32LE(offset)) as unknown as RandomState['words'];
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
