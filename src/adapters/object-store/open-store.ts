import * as fs from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { ObjectStore, StoredObject } from '../../ports/object-store.ts';
import type { Digest } from '../../model/names.ts';
import { readBootId } from '../workspace/boot.ts';
import { discard, listFolder } from '../workspace/discard.ts';
import { openDisk, type Step } from '../workspace/disk.ts';
import { openDurability } from '../workspace/durability.ts';
import { digestOf, hexOf, layoutOf } from '../workspace/layout.ts';
import { placeObject } from '../workspace/object-file.ts';
import { openObjects } from '../workspace/objects.ts';
import { findLeftovers, measure, usageOf } from './parts.ts';
import { reach } from './reach.ts';
import { openTrash } from './trash.ts';

export interface StoreOptions {
  /** Absolute path of the project. */
  readonly root: string;
  /** Absolute path of `cache/v1`. */
  readonly cache: string;
  /** For tests: called before every change to the disk. */
  readonly step?: Step;
}

/** The cache on disk, seen from the side of whoever tidies up. Writes nothing by being asked. */
export function openObjectStore({ root, cache, step }: StoreOptions): ObjectStore {
  const layout = layoutOf(root, cache);
  const disk = openDisk(step);
  const durability = openDurability(layout, disk, readBootId());
  const objects = openObjects(layout, disk, durability);
  const trash = openTrash({ layout, disk, cache });

  return {
    async list() {
      const found = new Map<Digest, StoredObject>();
      for (const prefix of listFolder(layout.objects)) {
        const folder = `${layout.objects}/${prefix}`;
        for (const rest of listFolder(folder)) {
          const stat = fs.lstatSync(`${folder}/${rest}`, { throwIfNoEntry: false });
          if (stat === undefined || !OBJECT.test(prefix + rest)) continue;
          found.set(digestOf(prefix + rest), { size: stat.size, at: stat.mtimeMs });
        }
        await setImmediate();
      }
      return found;
    },

    reach: (roots, reached) => reach(roots, reached, layout, trash.places()),

    bringBack: async (digests) => trash.bringBack(digests.map(hexOf)),

    leftovers: async () => findLeftovers(cache),
    usage: async () => measure(cache),
    sizeInWorkspace: async (path) => usageOf(`${root}/${path}`),

    trash: async () => trash.entries(),
    moveToTrash: async (id, at, { objects: digests, leftovers }) => {
      // What a power cut may have torn is found out now, not when somebody puts it back.
      objects.prepare('trust');
      trash.fill(id, at, digests.map(hexOf), leftovers);
    },
    undo: async (id) => trash.undo(id),
    empty: async (id) => {
      discard({ layout, disk }, trash.folderOf(id));
    },

    async adopt(file, digest) {
      objects.prepare('write');
      const { size } = fs.lstatSync(file);
      disk.chmod(file, 0o444);
      placeObject(file, hexOf(digest), layout.objects, disk);
      objects.noteWritten([hexOf(digest)]);
      await durability.barrier();
      durability.close();
      return { digest, size };
    },
  };
}

const OBJECT = /^[0-9a-f]{64}$/;
