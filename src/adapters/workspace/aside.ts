import * as fs from 'node:fs';
import { basename, dirname } from 'node:path';
import type { AttemptId, RepoPath } from '../../model/names.ts';
import { discard, listFolder, readJson } from './discard.ts';
import { writeDurably } from './disk.ts';
import { copyTree, moveAway, sameVolume } from './move.ts';
import type { Tools } from './tools.ts';

/**
 * Old outs while a stage's command runs. Each attempt has a folder `tmp/aside/<attempt>`:
 *
 *   journal.json   written first: which outs, where each goes, what was there
 *   <n>            the n-th out, renamed here (or beside itself where the volumes differ)
 *   ready          written last: from here on, what lies at the outs' paths is the command's
 *
 * Without `ready` the command never started, and whatever lies at an out's path is the old out.
 * With it, an out that was there comes back from `<n>`, as long as there is one: a second try after
 * a kill finds those that are back already gone from here. One rename of the folder to
 * `tmp/discard` ends the attempt for good; after that its content is only waiting to be removed.
 */
interface Journal {
  readonly stage: string;
  /** ISO 8601. */
  readonly at: string;
  readonly outs: readonly JournalledOut[];
}

interface JournalledOut {
  readonly path: RepoPath;
  /** Absolute. */
  readonly aside: string;
  readonly existed: boolean;
  /** Copied, and still in place. */
  readonly persist: boolean;
}

type Needed = Pick<Tools, 'layout' | 'disk'>;

export function setAside(
  tools: Needed,
  attempt: AttemptId,
  stage: string,
  outs: readonly { readonly path: RepoPath; readonly persist: boolean }[],
): void {
  const { disk } = tools;
  const folder = folderOf(tools, attempt);
  disk.mkdir(folder);
  const journalled = outs.map(({ path, persist }, index): JournalledOut => {
    const place = placeOf(tools, path);
    const existed = fs.lstatSync(place, { throwIfNoEntry: false }) !== undefined;
    const isNear = !existed || sameVolume(folder, dirname(place));
    const aside = isNear
      ? `${folder}/${index}`
      : `${dirname(place)}/.avian-aside-${attempt}-${basename(place)}`;
    return { path, aside, existed, persist };
  });
  const journal: Journal = { stage, at: new Date().toISOString(), outs: journalled };
  writeDurably(disk, `${folder}/journal.json`, JSON.stringify(journal));
  try {
    for (const { path, aside, existed, persist } of journalled) {
      if (!existed) continue;
      if (persist) copyTree(disk, placeOf(tools, path), aside);
      else disk.rename(placeOf(tools, path), aside);
    }
    writeDurably(disk, `${folder}/ready`, '');
  } catch (error) {
    putBack(tools, attempt);
    throw error;
  }
}

/** The command succeeded and its outs count; the old ones are removed. */
export function discardAside(tools: Needed, attempt: AttemptId): void {
  discard(tools, folderOf(tools, attempt));
}

/**
 * Old outs come back; what the command left goes to `tmp/failed/<attempt>`. Returns that folder if
 * anything is in it. Can be killed and called again.
 */
export function putBack(tools: Needed, attempt: AttemptId): string | undefined {
  const { disk, layout } = tools;
  const folder = folderOf(tools, attempt);
  const journal = readJournal(folder);
  if (journal !== undefined) {
    const isStarted = fs.existsSync(`${folder}/ready`);
    for (const { path, aside, existed, persist } of journal.outs) {
      const place = placeOf(tools, path);
      const isAside = isThere(aside);
      // Not aside though it was there: never moved yet, or back already.
      if (existed && !isAside) continue;
      if (!isStarted) {
        if (isAside && !persist && !isThere(place)) disk.rename(aside, place);
        continue;
      }
      if (isThere(place)) moveAway(disk, place, `${layout.failed}/${attempt}/${path}`);
      if (isAside) {
        disk.mkdir(dirname(place));
        disk.rename(aside, place);
      }
    }
  }
  discardAside(tools, attempt);
  const failed = `${layout.failed}/${attempt}`;
  return isThere(failed) ? failed : undefined;
}

export interface Interruption {
  readonly stage: string;
  /** ISO 8601. */
  readonly at: string;
}

/** Attempts that are open: left by a kill, or running now. */
export function openAttempts({ layout }: Pick<Tools, 'layout'>): readonly Interruption[] {
  return listFolder(layout.aside).flatMap((name) => {
    const journal = readJournal(`${layout.aside}/${name}`);
    return journal === undefined ? [] : [{ stage: journal.stage, at: journal.at }];
  });
}

/** Undoes what killed processes left open; the caller holds the project's lock. */
export function recoverAsides(tools: Needed): readonly Interruption[] {
  const interrupted = openAttempts(tools);
  for (const name of listFolder(tools.layout.aside)) putBack(tools, name as AttemptId);
  return interrupted;
}

const folderOf = ({ layout }: Needed, attempt: AttemptId): string => `${layout.aside}/${attempt}`;
const placeOf = ({ layout }: Needed, path: RepoPath): string => `${layout.root}/${path}`;
const isThere = (path: string): boolean =>
  fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined;

/** Undefined when it was never finished: then nothing was moved either. */
const readJournal = (folder: string): Journal | undefined =>
  readJson(`${folder}/journal.json`) as Journal | undefined;
