import * as fs from 'node:fs';
import { basename } from 'node:path';
import { isErrno } from './failure.ts';
import { temporaryName } from './object-file.ts';
import type { Disk } from './disk.ts';
import type { Layout } from './layout.ts';

interface Needed {
  readonly layout: Layout;
  readonly disk: Disk;
}

/** Where a folder's content lies outside it, because its outs are on another volume. */
interface Elsewhere {
  readonly staging?: string;
  readonly outs?: readonly { readonly aside: string }[];
}

/** How what is kept beside an out on another volume is named; nothing else is removed there. */
const BESIDE = /^\.avian-(aside|restore)-/;

/**
 * Removes a folder of `tmp`. One rename decides, so that a kill in the middle of the removal leaves
 * nothing that could be taken for whole.
 */
export function discard({ layout, disk }: Needed, folder: string): void {
  disk.mkdir(layout.discard);
  const gone = temporaryName(layout.discard);
  try {
    disk.rename(folder, gone);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    throw error;
  }
  remove(disk, gone);
}

/** Finishes removals that a kill interrupted. */
export function recoverDiscarded({ layout, disk }: Needed): void {
  for (const name of listFolder(layout.discard)) remove(disk, `${layout.discard}/${name}`);
}

function remove(disk: Disk, gone: string): void {
  // What lies elsewhere goes first: the journal is what knows of it.
  const { staging, outs = [] } = (readJson(`${gone}/journal.json`) ?? {}) as Elsewhere;
  const places = [...(staging === undefined ? [] : [staging]), ...outs.map(({ aside }) => aside)];
  for (const place of places.filter((each) => BESIDE.test(basename(each)))) {
    disk.remove(place);
    disk.remove(`${place}.partial`);
  }
  disk.remove(gone);
}

/** A file of our own, written by `writeDurably`; undefined when it is not there. */
export function readJson(file: string): unknown {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

export function listFolder(path: string): string[] {
  try {
    return fs.readdirSync(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}
