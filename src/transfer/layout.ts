import type { Digest } from '../model/names.ts';

/**
 * What lies where in a remote, all of it immutable and created only where nothing is:
 *
 *   avian-remote.json           {"avian-remote":1}: the version of this layout
 *   packs/<nonce>.pack          small blobs, tree nodes and run records; see pack.ts
 *   blobs/ab/<hex>[.<nonce>]    a blob of 1 MiB and more; the nonce where a gc condemned the plain name
 *   index/<hex>.json            a segment of the index, named by its digest; see segment.ts
 *   roots/<id>[.<nonce>].json   what a push promised to keep; see root.ts
 *   gc/<epoch>.json             names that a gc will delete or has deleted: nobody relies on them; see gc-list.ts
 *
 * Written in the order packs and blobs, segment, root, so that a remote is valid at every instant:
 * a segment names only what is there, a root only what segments name whole.
 */
export const FORMAT = 1;
export const MARKER = 'avian-remote.json';
export const MARKER_TEXT = `{"avian-remote":${FORMAT}}\n`;
export const INDEX = 'index/';
export const ROOTS = 'roots/';
export const CONDEMNED = 'gc/';
/** Objects that `avian doctor --remote` makes and takes away again. */
export const DOCTOR = 'doctor/';
export const PACKS = 'packs/';
export const BLOBS = 'blobs/';

/** Blobs of this size and more are objects of their own. */
export const ALONE_FROM = 1024 * 1024;
/** A pack is closed when it holds this much. */
export const PACK_SIZE = 32 * 1024 * 1024;
/** Live segments; a push that would make more merges some. */
export const MOST_SEGMENTS = 64;

/**
 * What a gc condemned stays for so long before it is deleted, in milliseconds, and is told for as
 * long after it.
 */
export const GRACE = 24 * 3600 * 1000;
/** A look at what gcs condemned holds for so long: whoever acts on it later looks again. */
export const LOOK_LASTS = GRACE / 2;
/** What no segment names is on its way, or was left by a push that was killed; older than this it may go. */
export const ORPHAN_AGE = 7 * GRACE;

export const hexOf = (digest: Digest): string => digest.slice('b3:'.length);
export const digestOf = (hex: string): Digest => `b3:${hex}` as Digest;

export const packName = (nonce: string): string => `${PACKS}${nonce}.pack`;
export const blobName = (digest: Digest, nonce?: string): string => {
  const hex = hexOf(digest);
  return `${BLOBS}${hex.slice(0, 2)}/${hex}${nonce === undefined ? '' : `.${nonce}`}`;
};
export const segmentName = (hash: string): string => `${INDEX}${hash}.json`;
export const rootPrefix = (id: string): string => `${ROOTS}${id}`;

const HEX = '[0-9a-f]{64}';
const HOLDER = new RegExp(
  `^(packs/[0-9a-f]{16,64}\\.pack|blobs/[0-9a-f]{2}/${HEX}(\\.[0-9a-f]+)?)$`,
);

export const isHolderName = (name: string): boolean => HOLDER.test(name);
export const isAlone = (name: string): boolean => name.startsWith(BLOBS);
export const isSegmentName = (name: string): boolean =>
  new RegExp(`^index/${HEX}\\.json$`).test(name);
