import type { Problem } from '../model/diagnostic.ts';
import type { Digest } from '../model/names.ts';
import { err, ok } from '../model/result.ts';
import type { Supplied, Supply } from '../ports/supply.ts';
import type { FakeWorld } from './fakes.ts';

/** What one world has in its cache, offered to another. */
export class FakeSupply implements Supply {
  readonly name = 'lab';
  /** Paths of every call, joined. */
  readonly brought: string[] = [];
  /** Offered, and found to be gone when it is to be brought. */
  readonly gone = new Set<Digest>();
  /** What the next call of `bring` answers instead. */
  problem: Problem | undefined;
  readonly #from: FakeWorld;
  readonly #to: FakeWorld;

  constructor(from: FakeWorld, to: FakeWorld) {
    this.#from = from;
    this.#to = to;
  }

  async offers({ digest }: Supplied['ref']): Promise<boolean> {
    return this.#from.workspace.objects.has(digest);
  }

  async bring(wanted: readonly Supplied[]) {
    this.brought.push(wanted.map(({ path }) => path).join(' '));
    if (this.problem !== undefined) return err(this.problem);
    for (const { ref } of wanted) {
      const content = this.#from.workspace.objects.get(ref.digest);
      if (this.gone.has(ref.digest)) this.#from.workspace.objects.delete(ref.digest);
      else if (content !== undefined) this.#to.workspace.objects.set(ref.digest, content);
    }
    return ok(undefined);
  }
}
