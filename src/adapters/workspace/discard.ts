import * as fs from 'node:fs';
import { isErrno } from './failure.ts';
import { temporaryName } from './object-file.ts';
import type { Disk } from './disk.ts';
import { readJournal } from './journal.ts';
import type { Layout } from './layout.ts';

interface Needed {
  readonly layout: Layout;
  readonly disk: Disk;
}

/** What a journal says of places outside its folder: its outs are on another volume. Relative to the project. */
interface Elsewhere {
  readonly beside?: string;
  readonly outs?: readonly { readonly beside?: string }[];
}

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
  remove({ layout, disk }, gone);
}

/** Finishes removals that a kill interrupted. */
export function recoverDiscarded(tools: Needed): void {
  const { discard: folder } = tools.layout;
  for (const name of listFolder(folder)) remove(tools, `${folder}/${name}`);
}

function remove({ layout, disk }: Needed, gone: string): void {
  // What lies elsewhere goes first: the journal is what knows of it.
  const journal = readJournal(`${gone}/journal.json`) as Elsewhere | 'damaged' | undefined;
  const { beside, outs = [] } = journal === 'damaged' ? {} : (journal ?? {});
  for (const place of [beside, ...outs.map((out) => out.beside)]) {
    if (place === undefined) continue;
    disk.remove(`${layout.root}/${place}`);
    disk.remove(`${layout.root}/${place}.partial`);
  }
  disk.remove(gone);
}

export function listFolder(path: string): string[] {
  try {
    return fs.readdirSync(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}
