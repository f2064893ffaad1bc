/** Work on many files at once, with a bound. */
import { availableParallelism } from 'node:os';

/** Images that are decoded at once: one per core keeps libvips busy, a second hides the reading of files. */
export const IMAGES_AT_ONCE = 2 * availableParallelism();

/**
 * Applies `work` to each item, at most `limit` at once; results are in the order of the items.
 * After a failure nothing new is begun; the first failure is thrown once what was begun has ended.
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const failures: unknown[] = [];
  let next = 0;

  async function workUntilDone(): Promise<void> {
    while (next < items.length && failures.length === 0) {
      const index = next;
      next += 1;
      try {
        results[index] = await work(items[index] as T, index);
      } catch (error) {
        failures.push(error);
      }
    }
  }

  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, workUntilDone));
  if (failures.length > 0) throw failures[0];
  return results;
}
