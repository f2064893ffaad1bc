import * as fs from 'node:fs';
import { basename, dirname } from 'node:path';
import type { AttemptId, RepoPath } from '../../model/names.ts';
import { discard, listFolder } from './discard.ts';
import { writeDurably, type Disk } from './disk.ts';
import { readJournal, writeJournal, writeLightJournal } from './journal.ts';
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
 *
 * Where no out was there, the journal is all, a file `tmp/aside/<attempt>`: nothing waits for the
 * disk, since a power cut that takes it can lose nothing old, and removing it ends the attempt.
 */
interface Journal {
  readonly stage: string;
  /** ISO 8601. */
  readonly at: string;
  readonly outs: readonly JournalledOut[];
}

interface JournalledOut {
  readonly path: RepoPath;
  /** Where it goes, relative to the project, when the volumes differ. */
  readonly beside?: string;
  readonly existed: boolean;
  /** Copied, and still in place. */
  readonly persist: boolean;
}

type Needed = Pick<Tools, 'layout' | 'disk' | 'emit'>;

export function setAside(
  tools: Needed,
  attempt: AttemptId,
  stage: string,
  outs: readonly { readonly path: RepoPath; readonly persist: boolean }[],
): void {
  const { disk, layout } = tools;
  const folder = folderOf(tools, attempt);
  disk.mkdir(layout.aside);
  const journalled = outs.map(({ path, persist }): JournalledOut => {
    const place = placeOf(tools, path);
    const existed = fs.lstatSync(place, { throwIfNoEntry: false }) !== undefined;
    const isNear = !existed || sameVolume(layout.aside, dirname(place));
    const beside = `${dirname(path)}/.avian-aside-${attempt}-${basename(path)}`;
    return { path, ...(!isNear && { beside }), existed, persist };
  });
  const journal: Journal = { stage, at: new Date().toISOString(), outs: journalled };
  if (movesNothing(journal)) {
    writeLightJournal(disk, folder, journal);
    return;
  }
  disk.mkdir(folder);
  writeJournal(disk, `${folder}/journal.json`, journal);
  try {
    for (const [index, out] of journalled.entries()) {
      const { path, existed, persist } = out;
      if (!existed) continue;
      const aside = asideOf(tools, attempt, index, out);
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
  const folder = folderOf(tools, attempt);
  if (isFile(folder)) tools.disk.unlink(folder);
  else discard(tools, folder);
}

const movesNothing = ({ outs }: Journal): boolean => outs.every(({ existed }) => !existed);

/**
 * Old outs come back; what the command left goes to `tmp/failed/<attempt>`. Returns that folder if
 * anything is in it. Can be killed and called again.
 */
export function putBack(tools: Needed, attempt: AttemptId): string | undefined {
  const { disk, layout } = tools;
  const folder = folderOf(tools, attempt);
  const journal = journalIn(folder);
  if (journal === 'damaged' && !isFile(folder)) return keepUnnamed(tools, attempt);
  // A damaged one of a file says nothing that is needed: nothing was moved.
  if (journal !== undefined && journal !== 'damaged') {
    const isStarted = movesNothing(journal) || fs.existsSync(`${folder}/ready`);
    for (const [index, out] of journal.outs.entries()) {
      const { path, existed, persist } = out;
      const aside = asideOf(tools, attempt, index, out);
      const place = placeOf(tools, path);
      const isAside = existed && isThere(aside);
      // Not aside though it was there: never moved yet, or back already.
      if (existed && !isAside) continue;
      if (!isStarted) {
        if (isAside && !persist && !isThere(place)) disk.rename(aside, place);
        continue;
      }
      if (isThere(place)) {
        forgetEarlier(tools, attempt, path);
        moveAway(disk, place, `${layout.failed}/${attempt}/${path}`);
      }
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
    const journal = name.endsWith('.partial') ? undefined : journalIn(`${layout.aside}/${name}`);
    if (journal === undefined || journal === 'damaged') return [];
    return [{ stage: journal.stage, at: journal.at }];
  });
}

/** Undoes what killed processes left open; the caller holds the project's lock. */
export function recoverAsides(tools: Needed): readonly Interruption[] {
  const interrupted = openAttempts(tools);
  for (const name of listFolder(tools.layout.aside)) {
    // Killed before it was whole: nothing was moved, and no command started.
    if (name.endsWith('.partial')) tools.disk.unlink(`${tools.layout.aside}/${name}`);
    else putBack(tools, name as AttemptId);
  }
  return interrupted;
}

const folderOf = ({ layout }: Needed, attempt: AttemptId): string => `${layout.aside}/${attempt}`;
const placeOf = ({ layout }: Needed, path: RepoPath): string => `${layout.root}/${path}`;
const isThere = (path: string): boolean =>
  fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined;
const isFile = (path: string): boolean =>
  fs.lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;

const journalIn = (folder: string): Journal | 'damaged' | undefined =>
  readJournal(isFile(folder) ? folder : `${folder}/journal.json`) as
    Journal | 'damaged' | undefined;

/** What the last failure left of an out is worth a look; a hundred of them would fill the disk. */
function forgetEarlier({ disk, layout }: Needed, attempt: AttemptId, path: RepoPath): void {
  for (const other of listFolder(layout.failed)) {
    if (other === attempt || other.endsWith(UNNAMED)) continue;
    disk.remove(`${layout.failed}/${other}/${path}`);
    removeIfEmpty(disk, `${layout.failed}/${other}`);
  }
}

function removeIfEmpty(disk: Disk, folder: string): void {
  const holdsFile = (at: string): boolean =>
    !fs.lstatSync(at).isDirectory() || listFolder(at).some((name) => holdsFile(`${at}/${name}`));
  if (isThere(folder) && !holdsFile(folder)) disk.remove(folder);
}

const UNNAMED = '-aside';

const asideOf = (
  tools: Needed,
  attempt: AttemptId,
  index: number,
  { beside }: JournalledOut,
): string =>
  beside === undefined ? `${folderOf(tools, attempt)}/${index}` : `${tools.layout.root}/${beside}`;

/** Nobody knows any more whose the old outs are: a person is told where to find them. */
function keepUnnamed(tools: Needed, attempt: AttemptId): string {
  const kept = `${tools.layout.failed}/${attempt}${UNNAMED}`;
  moveAway(tools.disk, folderOf(tools, attempt), kept);
  const message = `the journal of an interrupted run is damaged; the outs it had moved aside are kept in ${kept}`;
  const hint = 'outs that pipeline.lock names come back from the cache by `avian checkout`';
  const diagnostic = {
    severity: 'warning',
    code: 'workspace/journal-damaged',
    message,
    hint,
  } as const;
  tools.emit({ type: 'diagnostic', diagnostic });
  return kept;
}
