import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseDigest, type Digest } from '../../model/names.ts';

/**
 * `cache/v1/sources.txt`: the digest of every source that was ever pinned here, a line each. Raw data
 * cannot be made again, and a version that no lock was committed with would be named nowhere else.
 */
export class SourceList {
  readonly #path: string;
  #known: Set<Digest> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  add(digest: Digest): void {
    this.#known ??= new Set(this.all());
    if (this.#known.has(digest)) return;
    mkdirSync(dirname(this.#path), { recursive: true });
    // A line of its own even after one that a kill cut off.
    appendFileSync(this.#path, `\n${digest}`);
    this.#known.add(digest);
  }

  all(): readonly Digest[] {
    try {
      const lines = readFileSync(this.#path, 'utf8').split('\n');
      return lines.flatMap((line) => parseDigest(line) ?? []);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }
}
