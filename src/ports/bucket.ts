import type { Result } from '../model/result.ts';

/** Why a request to a bucket did not do its work. `name` is the object's, or the prefix listed. */
export type BucketProblem =
  | { readonly kind: 'not-found'; readonly name: string }
  /** Something has that name already, and nothing was written. */
  | { readonly kind: 'exists'; readonly name: string }
  /** Who asks may not do this; `hint` is the command that mends it, where one is known. */
  | {
      readonly kind: 'denied';
      readonly name: string;
      readonly cause: string;
      readonly hint?: string;
    }
  /** A fault that may pass: a lost connection, a server in trouble, a body that ended early. */
  | { readonly kind: 'unavailable'; readonly name: string; readonly cause: string }
  /** Not a byte moved for this long. */
  | { readonly kind: 'stalled'; readonly name: string; readonly silentMs: number }
  /** What arrived is not what was sent; nothing was kept of it. May pass too. */
  | { readonly kind: 'corrupt'; readonly name: string; readonly cause: string }
  /** No repetition can mend it: there is no such bucket, a disk is full, a size is not what was said. */
  | {
      readonly kind: 'refused';
      readonly name: string;
      readonly cause: string;
      readonly hint?: string;
    }
  | { readonly kind: 'cancelled'; readonly name: string };

/** Bytes to be written, which can be read again from any point. */
export interface Content {
  readonly size: number;
  /** The bytes from `from` up to, not including, `to`, in pieces of at most 1 MiB. */
  read(from: number, to: number): AsyncIterable<Uint8Array>;
}

/** What a call is given and tells while it runs. */
export interface Call {
  readonly signal: AbortSignal;
  /** Bytes moved, or the other side answered: the connection lives. `bytes` may be 0. */
  readonly onAlive: (bytes: number) => void;
  /** So many bytes are safe: delivered, or acknowledged by the bucket; a repetition goes on there. */
  readonly onSafe: (position: number) => void;
}

export interface BucketEntry {
  readonly name: string;
  readonly size: number;
  /** When it was created by the bucket's own clock, milliseconds since 1970. */
  readonly at: number;
  /** CRC32C of its bytes, where the bucket tells it. */
  readonly crc32c?: number;
}

/**
 * A flat store of immutable objects by name: a bucket below a prefix, or a directory. Each verb is one
 * attempt; repetition and deadlines are `transfer/patience.ts`. Nobody sees an object before all of
 * it is there. Names are relative, `/` between parts.
 */
export interface Bucket {
  /** As people write it: `gs://bucket/prefix`. */
  readonly url: string;
  /**
   * Creates an object that does not exist: `exists` otherwise, and what is there stays. Called again
   * with the same name and content after a failure it goes on where the bucket stopped to listen,
   * also in a later process.
   */
  create(name: string, content: Content, call: Call): Promise<Result<void, BucketProblem>>;
  /**
   * Reads from `range.from` up to, not including, `range.to`, or to the end. `take` is lent the
   * pieces in order, until it has answered, and is waited for; what it throws ends the call and comes out of it. A whole
   * object whose bytes do not have the bucket's own checksum ends as `corrupt`, when all were taken.
   */
  read(
    name: string,
    range: { readonly from: number; readonly to?: number },
    take: (bytes: Uint8Array) => void | Promise<void>,
    call: Call,
  ): Promise<Result<void, BucketProblem>>;
  /** Everything whose name starts with `prefix`, in code-unit order. */
  list(prefix: string, call: Call): Promise<Result<readonly BucketEntry[], BucketProblem>>;
  /** Removes an object; `not-found` when there is none. */
  remove(name: string, call: Call): Promise<Result<void, BucketProblem>>;
}

/**
 * Where uploads that were begun are remembered, by the name of the object: a later process goes on.
 * Whoever notes that an object is there forgets its session.
 */
export interface UploadSessions {
  session(name: string): Promise<string | undefined>;
  rememberSession(name: string, uri: string): Promise<void>;
  forgetSession(name: string): Promise<void>;
}
