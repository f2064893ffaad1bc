import type { ArtifactRef } from '../model/artifact.ts';
import type { Digest, RepoPath } from '../model/names.ts';

export interface StoredObject {
  readonly size: number;
  /** When it came into the cache, milliseconds since 1970. */
  readonly at: number;
}

/** What lies in `cache/v1/tmp` for whoever wants it back. */
export interface Leftover {
  /**
   * Content that no object holds: what a failed command wrote, what a restore replaced, an object whose bytes
   * went bad. `partial` is what an interrupted download or pull has so far, which can be had again.
   */
  readonly kind: 'failed' | 'replaced' | 'corrupt' | 'partial';
  /** Relative to `cache/v1`, such as `tmp/failed/20261123T101500Z-7f3a9c`. */
  readonly place: string;
  readonly files: number;
  readonly bytes: number;
  /** When it was kept, milliseconds since 1970. */
  readonly at: number;
}

/** What one gc took away: `cache/v1/trash/<id>`. */
export interface TrashEntry {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly objects: number;
  readonly leftovers: number;
  /** Of what is still in there. */
  readonly bytes: number;
}

/** How much lies in a part of the cache that is no object. */
export interface Usage {
  readonly files: number;
  readonly bytes: number;
}

export const CACHE_PARTS = [
  'runs',
  'deployments',
  'logs',
  'layers',
  'services',
  'checkpoints',
  'failed',
  'replaced',
  'corrupt',
  'downloads',
  'incoming',
  'other',
] as const;
/** `other` is databases, journals and scratch files. */
export type CachePart = (typeof CACHE_PARTS)[number];

/** What `reach` met on its way. */
export interface Reached {
  /** Named, and neither in the cache nor in the trash. */
  readonly missing: readonly Digest[];
  /** Named, and only in the trash. */
  readonly trashed: readonly Digest[];
  /** Trees whose bytes are wrong, so that nobody knows what they named. */
  readonly corrupt: readonly Digest[];
}

/**
 * The object cache as a whole: what lies there, what can be reached, and the trash. Whoever changes
 * anything holds the invocation lock. What is moved keeps its name, and a kill between any two
 * steps leaves every object in the cache or in the trash.
 */
export interface ObjectStore {
  /** Every object of the cache; by stat alone. The trash is not the cache. */
  list(): Promise<ReadonlyMap<Digest, StoredObject>>;

  /**
   * Adds to `reached` everything that the roots and the trees below them name. A root is a file or
   * a tree, whichever its object is. Trees in the trash are followed as well.
   */
  reach(roots: Iterable<Digest>, reached: Set<Digest>): Promise<Reached>;

  /** Objects in the trash back into the cache. */
  bringBack(digests: readonly Digest[]): Promise<void>;

  leftovers(): Promise<readonly Leftover[]>;
  /** Files and bytes at a path of the workspace; nothing when nothing is there. */
  sizeInWorkspace(path: RepoPath): Promise<Usage>;
  usage(): Promise<{ readonly [part in CachePart]: Usage }>;

  /** Oldest first. */
  trash(): Promise<readonly TrashEntry[]>;
  /** Moves to `trash/<id>`, a manifest first. */
  moveToTrash(
    id: string,
    at: number,
    what: { readonly objects: readonly Digest[]; readonly leftovers: readonly Leftover[] },
  ): Promise<void>;
  /** Puts back what a gc took away, and forgets it. What is in the cache again already stays as it is. */
  undo(id: string): Promise<void>;
  /** Removes a trash entry for good. */
  empty(id: string): Promise<void>;

  /**
   * Keeps a file that has just been written, under a digest that its writer computed. It is moved,
   * and on disk when this resolves.
   */
  adopt(file: string, digest: Digest): Promise<ArtifactRef>;
}
