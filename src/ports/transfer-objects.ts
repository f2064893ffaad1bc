import type { ArtifactRef } from '../model/artifact.ts';
import type { Digest } from '../model/names.ts';
import type { SizedObject } from '../model/remote.ts';
import type { Result } from '../model/result.ts';
import type { Span } from '../model/spans.ts';
import type { TreeNode } from '../model/tree.ts';

/** Why a node of the cache cannot be used. */
export type NodeProblem =
  | { readonly kind: 'missing' }
  | { readonly kind: 'corrupt' }
  | { readonly kind: 'refused'; readonly cause: string };

/** The objects of the cache as transfers see them: bytes by digest. */
export interface TransferObjects {
  /**
   * As `Workspace.holds`, but of a large tree that was found whole before it is enough that no object came
   * or went since.
   */
  holds(artifact: ArtifactRef): Promise<boolean>;
  /** These trees have just been found whole, or put together. */
  noteWhole(trees: readonly ArtifactRef[]): void;
  /** Those of `objects` that are not here, in order. */
  missing(objects: readonly SizedObject[]): readonly SizedObject[];
  /** A tree node and the size of its text; `depth` as in `decodeNode`. */
  readNode(
    digest: Digest,
    depth: number,
  ): Result<{ readonly node: TreeNode; readonly size: number }, NodeProblem>;
  /**
   * The bytes of an object from `from` up to, not including, `to`, in pieces of at most 1 MiB.
   * @throws ProblemError `cache/unreadable` when it is gone or shorter than that.
   */
  read(digest: Digest, from: number, to: number): AsyncIterable<Uint8Array>;
  /**
   * Stores a small object whole; false, and nothing is stored, when the bytes do not have the digest.
   * @throws ProblemError `cache/no-space`
   */
  put(digest: Digest, bytes: Uint8Array): boolean;
  /** How many small objects are to come by `putLater`. */
  expect(objects: number): void;
  /**
   * As `put`, of an object that is not here, but it need not be in its place before `settle` has
   * resolved. The bytes are lent for the call. In no order: not for nodes of trees, which promise others.
   */
  putLater(digest: Digest, bytes: Uint8Array): boolean;
  /**
   * Something to wait for before more is put, where much is under way already.
   * @throws ProblemError `cache/no-space`
   */
  pause(): Promise<void> | undefined;
  /**
   * Waits until everything that was put before is in its place.
   * @throws ProblemError `cache/no-space`
   */
  settle(): Promise<void>;
  /** For bytes that come in pieces and go nowhere. */
  startDigest(): ObjectDigest;
  /** Moves an object whose bytes are wrong out of the way, to `tmp/corrupt`. */
  setAside(digest: Digest): void;
  /**
   * Begins a large object, or goes on with what an earlier try left of it. With `isWanted` it is put into
   * the workspace next, and its bytes are written there and here at once.
   */
  receive(object: SizedObject, isWanted?: boolean): Incoming;
  /** Barrier: what was stored is on disk. */
  sync(): Promise<void>;
}

export interface ObjectDigest {
  update(bytes: Uint8Array): void;
  digest(): Digest;
}

/** An object on its way in. Ends with one of `finish` and `suspend`. */
export interface Incoming {
  /** What an earlier try left, also one that was killed: in order, perhaps with gaps between. */
  readonly there: readonly Span[];
  /**
   * Bytes that were not here, in any order. They are lent for the call.
   * @throws ProblemError `cache/no-space`
   */
  write(bytes: Uint8Array, position: number): void;
  /** Puts it in its place; false, and what came is thrown away, when the bytes do not have the digest. */
  finish(): boolean;
  /** Keeps what came for a later try. */
  suspend(): void;
}
