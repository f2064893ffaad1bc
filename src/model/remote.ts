import type { ArtifactRef } from './artifact.ts';
import type { Digest, RunId } from './names.ts';
import type { Prices } from './transfer.ts';

/** A place to push to and pull from, as pipeline.yaml declares it. */
export interface Remote {
  readonly name: string;
  /** `gs://bucket/prefix` or `file:///directory`. */
  readonly url: string;
  /** Where requests go instead of Google's own address, such as an emulator. */
  readonly endpoint?: string;
  /** Where they are not those that `avian cost` assumes. */
  readonly prices?: Partial<Prices>;
}

export interface Remotes {
  /** The remote that is meant when none is named. */
  readonly default?: string;
  readonly known: readonly Remote[];
}

/** Bytes with an address and a length. */
export interface SizedObject {
  readonly digest: Digest;
  readonly size: number;
}

/** One object inside an object of the bucket. */
export interface Held extends SizedObject {
  readonly offset: number;
}

/**
 * An object of the bucket that holds objects of avian: a pack of many, or a blob of 1 MiB and more
 * alone. Immutable.
 */
export interface Holder {
  /** Relative to the remote, such as `packs/<nonce>.pack`. */
  readonly name: string;
  readonly size: number;
  readonly objects: readonly Held[];
}

/** An immutable part of the remote's index: which holder has which object where. */
export interface Segment {
  /** Names of the segments whose content this one has taken over. */
  readonly supersedes: readonly string[];
  readonly holders: readonly Holder[];
  /** Which of the objects are run records; the digest of one is `b3:` and the run's id. */
  readonly runs: readonly RunId[];
}

/** Where an object lies in the remote. */
export interface Location {
  readonly holder: string;
  readonly segment: string;
  readonly offset: number;
  readonly size: number;
}

/** What a push promised to keep, written last: whatever a root names is there whole. */
export interface Root {
  readonly commit?: string;
  readonly refs: readonly { readonly path: string; readonly ref: ArtifactRef }[];
  readonly runs: readonly RunId[];
  readonly by: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly avian: string;
}
