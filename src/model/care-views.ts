import type { Digest } from './names.ts';
import type { Remote } from './remote.ts';

/* Answers of the commands that look after a remote. Bytes are those of the bucket's objects. */

export interface Pile {
  readonly names: number;
  readonly bytes: number;
}

/** `avian gc --remote`. */
export interface RemoteGcView {
  readonly remote: Remote;
  readonly dry: boolean;
  /** Oldest first. */
  readonly roots: readonly RootView[];
  /** Packs and blobs that stay, and how many bytes of them something needs. */
  readonly staying: { readonly holders: number; readonly bytes: number; readonly needed: number };
  /** What nothing needs: condemned now, or with `dry` to be. */
  readonly condemned: Pile;
  /** Condemned by an earlier gc; to be deleted by one that comes after `until` (milliseconds since 1970). */
  readonly waiting: readonly (Pile & { readonly until: number })[];
  readonly deleted: Pile;
  /** Needed objects that were copied out of what goes. */
  readonly moved: { readonly objects: number; readonly bytes: number };
  /** Objects that a commit was promised, and that lie nowhere in the remote. */
  readonly lost: readonly Digest[];
  /** What is condemned now stays so long, in milliseconds. */
  readonly graceMs: number;
}

export interface RootView {
  readonly id: string;
  readonly commit?: string;
  readonly by: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly paths: number;
  readonly runs: number;
  readonly isDropped: boolean;
}

/** Something of a remote that is not as it should be. */
export interface RemoteDamage {
  /** Of the bucket's object. */
  readonly name: string;
  /** `unreadable`: a segment, root or list; the others: a pack or blob. */
  readonly kind: 'unreadable' | 'absent' | 'wrong-bytes';
  readonly cause: string;
  /** How many of avian's objects are wrong in it. */
  readonly objects: number;
}

/** What a check of a remote found and mended. */
export interface RemoteFsckFacts {
  readonly roots: number;
  /** Packs and blobs that were read, and their bytes. */
  readonly holders: number;
  readonly bytes: number;
  readonly damages: readonly RemoteDamage[];
  /** Objects that roots promise and that lay nowhere with right bytes. */
  readonly lost: number;
  /** Of those, how many were given a new place. */
  readonly healed: number;
  readonly unhealed: readonly {
    readonly digest: Digest;
    readonly path?: string;
    readonly commit?: string;
  }[];
}

/** `avian fsck`: the cache. */
export interface FsckView {
  readonly repair: boolean;
  readonly objects: number;
  readonly bytes: number;
  /** Objects whose bytes are not what their digests say. */
  readonly wrong: readonly Digest[];
  /** Objects that directories of the cache name and that are not there. */
  readonly missing: readonly Digest[];
  /** Of `wrong` and `missing`, what came from the remote. */
  readonly healed: readonly Digest[];
  /** Why nothing came, when the remote was not there to be asked. */
  readonly unhealedBecause?: string;
  /** What pipeline.lock names and the cache does not have; no damage, `avian pull` brings it. */
  readonly absent: readonly string[];
  /** Succeeded runs, and those of them whose outs the cache has: they can be restored. */
  readonly runs: { readonly known: number; readonly restorable: number };
}

/** `avian fsck --remote`. */
export interface RemoteFsckView extends RemoteFsckFacts {
  readonly remote: Remote;
  readonly repair: boolean;
}
