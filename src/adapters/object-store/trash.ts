import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { isJsonObject } from '../../model/json.ts';
import type { Leftover, TrashEntry } from '../../ports/object-store.ts';
import { discard, listFolder } from '../workspace/discard.ts';
import type { Disk } from '../workspace/disk.ts';
import { isErrno } from '../workspace/failure.ts';
import { readJournal, writeJournal } from '../workspace/journal.ts';
import { objectPath, type Layout } from '../workspace/layout.ts';

/**
 * What a gc took away:
 *
 *   cache/v1/trash/<id>/
 *     manifest.json       written first: what is to go
 *     objects/ab/cdef…    each renamed here, one by one
 *     tmp/…               leftovers, at the places they had
 *
 * A kill in between leaves the rest where it was. Nothing has to be finished then: the entry is
 * what arrived in it, and the next gc decides anew about what stayed.
 */
interface Manifest {
  readonly v: 1;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly objects: readonly string[];
  /** Relative to `cache/v1`. */
  readonly leftovers: readonly string[];
}

export interface Trash {
  folderOf(id: string): string;
  /** Where every object of the trash lies, by hex. */
  places(): ReadonlyMap<string, string>;
  entries(): readonly TrashEntry[];
  fill(
    id: string,
    at: number,
    hexes: readonly string[],
    leftovers: readonly Pick<Leftover, 'place'>[],
  ): void;
  bringBack(hexes: readonly string[]): void;
  undo(id: string): void;
}

export function openTrash(needed: {
  readonly layout: Layout;
  readonly disk: Disk;
  readonly cache: string;
}): Trash {
  const { layout, disk, cache } = needed;
  const root = `${cache}/trash`;
  const folderOf = (id: string): string => `${root}/${id}`;
  const trashedObject = (id: string, hex: string): string =>
    objectPath(`${folderOf(id)}/objects`, hex);
  const manifests = (): (readonly [string, Manifest])[] =>
    listFolder(root)
      .sort()
      .flatMap((id) => {
        const manifest = readManifest(folderOf(id));
        return manifest === undefined ? [] : [[id, manifest] as const];
      });

  /** Entries that a kill ended before their manifest was whole: nothing was moved yet. */
  const sweep = (): void => {
    for (const id of listFolder(root)) {
      const names = listFolder(folderOf(id));
      if (names.every((name) => name === 'manifest.json.partial')) disk.remove(folderOf(id));
    }
  };

  return {
    folderOf,

    places() {
      const places = new Map<string, string>();
      for (const [id, { objects }] of manifests()) {
        for (const hex of objects) {
          const place = trashedObject(id, hex);
          if (fs.existsSync(place)) places.set(hex, place);
        }
      }
      return places;
    },

    entries: () =>
      manifests().map(([id, { at, objects, leftovers }]) => {
        const kept = objects.flatMap((hex) => sizeOf(trashedObject(id, hex)) ?? []);
        const others = leftovers.flatMap((place) => sizeOf(`${folderOf(id)}/${place}`) ?? []);
        const bytes = [...kept, ...others].reduce((sum, size) => sum + size, 0);
        return { id, at, objects: kept.length, leftovers: others.length, bytes };
      }),

    fill(id, at, hexes, leftovers) {
      sweep();
      const folder = folderOf(id);
      const places = leftovers.map(({ place }) => place);
      const manifest: Manifest = { v: 1, at, objects: hexes, leftovers: places };
      disk.mkdir(folder);
      writeJournal(disk, `${folder}/manifest.json`, manifest);
      for (const hex of hexes) move(disk, objectPath(layout.objects, hex), trashedObject(id, hex));
      for (const place of places) move(disk, `${cache}/${place}`, `${folder}/${place}`);
    },

    bringBack(hexes) {
      const places = this.places();
      for (const hex of hexes) {
        const place = places.get(hex);
        if (place !== undefined) putBack(disk, place, objectPath(layout.objects, hex));
      }
    },

    undo(id) {
      const folder = folderOf(id);
      const manifest = readManifest(folder);
      if (manifest === undefined) return;
      for (const hex of manifest.objects) {
        putBack(disk, trashedObject(id, hex), objectPath(layout.objects, hex));
      }
      // Named by attempt or time and moved whole, so their old places are free.
      for (const place of manifest.leftovers) move(disk, `${folder}/${place}`, `${cache}/${place}`);
      discard({ layout, disk }, folder);
    },
  };
}

/** Undefined when it is not there (then nothing was moved yet) or is not as an avian like this one wrote it. */
function readManifest(folder: string): Manifest | undefined {
  const manifest = readJournal(`${folder}/manifest.json`);
  return isJsonObject(manifest) && manifest['v'] === 1
    ? (manifest as unknown as Manifest)
    : undefined;
}

/** What is there already has the same name, so the same bytes; but a torn one may be shorter. */
function putBack(disk: Disk, from: string, to: string): void {
  const size = fs.lstatSync(from, { throwIfNoEntry: false })?.size;
  if (size === undefined) return;
  if (fs.lstatSync(to, { throwIfNoEntry: false })?.size === size) disk.unlink(from);
  else move(disk, from, to);
}

/** Renames, if there is something to rename: a kill may have come after it. */
function move(disk: Disk, from: string, to: string): void {
  if (fs.lstatSync(from, { throwIfNoEntry: false }) === undefined) return;
  try {
    disk.rename(from, to);
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
    disk.mkdir(dirname(to));
    disk.rename(from, to);
  }
}

function sizeOf(path: string): number | undefined {
  const stat = fs.lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isDirectory()) return stat?.size;
  return listFolder(path).reduce((sum, name) => sum + (sizeOf(`${path}/${name}`) ?? 0), 0);
}
