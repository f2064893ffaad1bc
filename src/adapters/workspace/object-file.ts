import * as fs from 'node:fs';
import type { Disk } from './disk.ts';
import { isErrno } from './failure.ts';
import { objectPath } from './layout.ts';
import { isUntouched } from './linked-objects.ts';

let counter = 0;
const nonce = `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 12)}`;
/** Unique to this thread; a leftover is swept by `recover`. */
export const temporaryName = (folder: string): string => `${folder}/${nonce}-${counter++}`;

/** Stores bytes under their digest; true when they were new. */
export function storeBytes(
  bytes: Uint8Array,
  hex: string,
  store: { readonly objects: string; readonly temporary: string },
  disk: Disk,
): boolean {
  if (hasObject(store.objects, hex, bytes.length)) return false;
  writeObject(bytes, hex, store, disk);
  return true;
}

/** As `storeBytes`, for an object that is not there. */
export function writeObject(
  bytes: Uint8Array,
  hex: string,
  store: { readonly objects: string; readonly temporary: string },
  disk: Disk,
): void {
  const temporary = temporaryName(store.temporary);
  const fd = disk.create(temporary, 0o444);
  try {
    disk.write(fd, bytes, temporary);
  } catch (error) {
    disk.unlink(temporary);
    throw error;
  } finally {
    fs.closeSync(fd);
  }
  placeObject(temporary, hex, store.objects, disk);
}

/**
 * An object of the right size is trusted: it was renamed in whole, and is read-only. One that was
 * hard-linked into a workspace is hashed when its stat changed.
 */
export function hasObject(objects: string, hex: string, size: number): boolean {
  const stat = fs.lstatSync(objectPath(objects, hex), { throwIfNoEntry: false });
  return stat?.size === size && isUntouched(objects, hex, stat);
}

/**
 * Renames a finished temporary file to its place. Everybody who races here puts the same bytes
 * under the same name, so whoever comes last does no harm.
 */
export function placeObject(temporary: string, hex: string, objects: string, disk: Disk): void {
  const path = objectPath(objects, hex);
  try {
    disk.rename(temporary, path);
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
    disk.mkdir(path.slice(0, path.lastIndexOf('/')));
    disk.rename(temporary, path);
  }
}
