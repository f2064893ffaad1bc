import type { ArtifactRef } from '../model/artifact.ts';
import type { Digest, RepoPath } from '../model/names.ts';
import {
  CACHE_PARTS,
  type CachePart,
  type Leftover,
  type ObjectStore,
  type Reached,
  type StoredObject,
  type TrashEntry,
  type Usage,
} from '../ports/object-store.ts';
import type { FakeWorld } from './fakes.ts';

type Content = FakeWorld['workspace']['objects'] extends Map<Digest, infer C> ? C : never;

interface Entry {
  readonly id: string;
  readonly at: number;
  readonly objects: Map<Digest, Content>;
  readonly failed: Map<Leftover['place'], ReadonlyMap<string, string>>;
}

/** The cache of a fake world, whose trees are one object each. */
export class FakeObjectStore implements ObjectStore {
  /** When an object came in; the world's start unless a test says otherwise. */
  readonly ages = new Map<Digest, number>();
  readonly corrupt = new Set<Digest>();
  readonly #world: FakeWorld;
  #trash: Entry[] = [];

  constructor(world: FakeWorld) {
    this.#world = world;
  }

  async list(): Promise<ReadonlyMap<Digest, StoredObject>> {
    const objects = [...this.#objects].map(
      ([digest, content]) =>
        [digest, { size: sizeOf(content), at: this.ages.get(digest) ?? 0 }] as const,
    );
    return new Map(objects);
  }

  async reach(roots: Iterable<Digest>, reached: Set<Digest>): Promise<Reached> {
    const fresh = [...new Set(roots)].filter((digest) => !reached.has(digest));
    const lost = fresh.filter((digest) => !this.#objects.has(digest));
    const trashed = lost.filter((digest) => this.#trash.some(({ objects }) => objects.has(digest)));
    for (const digest of fresh) reached.add(digest);
    return {
      missing: lost.filter((digest) => !trashed.includes(digest)),
      trashed,
      corrupt: fresh.filter((digest) => this.corrupt.has(digest)),
    };
  }

  async bringBack(digests: readonly Digest[]): Promise<void> {
    for (const { objects } of this.#trash) {
      for (const digest of digests) this.#move(digest, objects, this.#objects);
    }
  }

  async leftovers(): Promise<readonly Leftover[]> {
    return [...this.#world.workspace.failed].map(([attempt, files]) => ({
      kind: 'failed',
      place: `tmp/failed/${attempt}`,
      files: files.size,
      bytes: [...files.values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0),
      at: 0,
    }));
  }

  async usage(): Promise<{ readonly [part in CachePart]: Usage }> {
    const nothing = CACHE_PARTS.map((part) => [part, { files: 0, bytes: 0 }]);
    return Object.fromEntries(nothing) as { [part in CachePart]: Usage };
  }

  async sizeInWorkspace(path: RepoPath): Promise<Usage> {
    const files = [...this.#world.files].filter(
      ([file]) => file === path || file.startsWith(`${path}/`),
    );
    const bytes = files.reduce((sum, [, text]) => sum + Buffer.byteLength(text), 0);
    return { files: files.length, bytes };
  }

  async trash(): Promise<readonly TrashEntry[]> {
    return this.#trash.map(({ id, at, objects, failed }) => ({
      ...{ id, at, objects: objects.size, leftovers: failed.size },
      bytes: [...objects.values()].reduce((sum, content) => sum + sizeOf(content), 0),
    }));
  }

  async moveToTrash(
    id: string,
    at: number,
    what: { readonly objects: readonly Digest[]; readonly leftovers: readonly Leftover[] },
  ): Promise<void> {
    const entry: Entry = { id, at, objects: new Map(), failed: new Map() };
    this.#trash.push(entry);
    for (const digest of what.objects) this.#move(digest, this.#objects, entry.objects);
    for (const [attempt, files] of this.#world.workspace.failed) {
      const place = `tmp/failed/${attempt}`;
      if (!what.leftovers.some((each) => each.place === place)) continue;
      entry.failed.set(place, files);
      this.#world.workspace.failed.delete(attempt);
    }
  }

  async undo(id: string): Promise<void> {
    for (const entry of this.#trash.filter((each) => each.id === id)) {
      for (const digest of entry.objects.keys()) this.#move(digest, entry.objects, this.#objects);
      for (const [place, files] of entry.failed) {
        this.#world.workspace.failed.set(place.slice('tmp/failed/'.length) as never, files);
      }
    }
    await this.empty(id);
  }

  async empty(id: string): Promise<void> {
    this.#trash = this.#trash.filter((entry) => entry.id !== id);
  }

  async adopt(file: string, digest: Digest): Promise<ArtifactRef> {
    const text = this.#world.files.get(file) ?? '';
    this.#world.files.delete(file);
    this.#objects.set(digest, new Map([['', { text, executable: false }]]));
    return { digest, size: Buffer.byteLength(text) };
  }

  get #objects(): Map<Digest, Content> {
    return this.#world.workspace.objects;
  }

  #move(digest: Digest, from: Map<Digest, Content>, to: Map<Digest, Content>): void {
    const content = from.get(digest);
    if (content === undefined) return;
    to.set(digest, content);
    from.delete(digest);
  }
}

const sizeOf = (content: Content): number =>
  [...content.values()].reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
