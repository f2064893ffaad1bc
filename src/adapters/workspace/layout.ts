import { join } from 'node:path';
import type { Digest } from '../../model/names.ts';

/**
 * What lies where in the cache. Bump `v1` when the meaning of anything but stat.sqlite changes.
 *
 *   cache/v1/
 *     objects/ab/cdef…           blobs and tree nodes alike, mode 0444, named by their BLAKE3
 *     checkpoints/<stage>/<key>/ what AVIAN_CHECKPOINT points at, while the inputs stay the same
 *     stat.sqlite                what lstat said when a path was digested; deletable, see stat-cache.ts
 *     tmp/                       same volume as objects; everything in it may be found after a kill
 *       objects/<nonce>          an object being written
 *       incoming/<hex>           what a pull has of a large object so far; survives, so that it goes on
 *       unsynced/<boot>.<nonce>  objects newer than this file may not have reached the disk; see durability.ts
 *       aside/<attempt>/         outs of a stage that runs now, with journal.json; see aside.ts
 *       failed/<attempt>/<out>   what a failed command left
 *       restore/<nonce>/         a restore being built, with journal.json; see restore.ts
 *       replaced/<time>/<path>   files that a restore replaced and the cache did not hold
 *       corrupt/<hex>            objects whose bytes did not have their digest
 *       discard/<nonce>          decided to go, being removed
 *       whole.json               trees that were found whole; see whole-trees.ts
 *       stat-boot                on which boot stat.sqlite was written last; see boot.ts
 *       clock                    touched to read the file system's clock
 */
export interface Layout {
  readonly root: string;
  readonly objects: string;
  readonly checkpoints: string;
  readonly statCache: string;
  readonly tmpObjects: string;
  readonly incoming: string;
  readonly unsynced: string;
  readonly aside: string;
  readonly failed: string;
  readonly restore: string;
  readonly replaced: string;
  readonly corrupt: string;
  readonly discard: string;
  readonly wholeTrees: string;
  readonly statBoot: string;
  readonly clock: string;
}

export function layoutOf(root: string, cache: string): Layout {
  const tmp = join(cache, 'tmp');
  return {
    root,
    objects: join(cache, 'objects'),
    checkpoints: join(cache, 'checkpoints'),
    statCache: join(cache, 'stat.sqlite'),
    tmpObjects: join(tmp, 'objects'),
    incoming: join(tmp, 'incoming'),
    unsynced: join(tmp, 'unsynced'),
    aside: join(tmp, 'aside'),
    failed: join(tmp, 'failed'),
    restore: join(tmp, 'restore'),
    replaced: join(tmp, 'replaced'),
    corrupt: join(tmp, 'corrupt'),
    discard: join(tmp, 'discard'),
    wholeTrees: join(tmp, 'whole.json'),
    statBoot: join(tmp, 'stat-boot'),
    clock: join(tmp, 'clock'),
  };
}

export const hexOf = (digest: Digest): string => digest.slice('b3:'.length);
export const digestOf = (hex: string): Digest => `b3:${hex}` as Digest;
export const objectPath = (objects: string, hex: string): string =>
  `${objects}/${hex.slice(0, 2)}/${hex.slice(2)}`;
