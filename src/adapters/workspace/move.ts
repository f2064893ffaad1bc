import * as fs from 'node:fs';
import { dirname } from 'node:path';
import type { Disk } from './disk.ts';
import { isErrno } from './failure.ts';

/** True when a rename between two existing directories can work. */
export const sameVolume = (a: string, b: string): boolean =>
  fs.statSync(a).dev === fs.statSync(b).dev;

/** Renames, or copies and removes where the volumes differ. Makes the parents of `to`. */
export function moveAway(disk: Disk, from: string, to: string): void {
  disk.mkdir(dirname(to));
  try {
    disk.rename(from, to);
  } catch (error) {
    if (!isErrno(error, 'EXDEV')) throw error;
    copyTree(disk, from, to);
    disk.remove(from);
  }
}

/** Copies a file, a link or a directory, sharing blocks where possible. `to` appears whole or not at all. */
export function copyTree(disk: Disk, from: string, to: string): void {
  const partial = `${to}.partial`;
  disk.remove(partial);
  copyInto(disk, from, partial);
  disk.rename(partial, to);
}

function copyInto(disk: Disk, from: string, to: string): void {
  const stat = fs.lstatSync(from);
  if (stat.isDirectory()) {
    disk.mkdir(to);
    for (const name of fs.readdirSync(from)) copyInto(disk, `${from}/${name}`, `${to}/${name}`);
    disk.chmod(to, stat.mode & 0o7777);
  } else if (stat.isSymbolicLink()) disk.symlink(fs.readlinkSync(from), to);
  else if (stat.isFile()) disk.copyFile(from, to);
}
