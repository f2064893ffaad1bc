import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import { promisify } from 'node:util';
import { startHash } from '../hash/blake3.ts';
import { listFolder } from './discard.ts';
import { writeDurably, type Disk } from './disk.ts';
import { isErrno } from './failure.ts';
import { objectPath, type Layout } from './layout.ts';
import { temporaryName } from './object-file.ts';

/**
 * Objects are written without an fsync each; one barrier comes before whatever promises them.
 *
 * What a power cut can leave behind is a name without its bytes. So before the first object is
 * written, a small file is put on disk for good that says: on this boot, from now on, objects may
 * be unsynced. Found on a later boot, every object younger than it is hashed again before it is
 * trusted. It goes when its process has passed a barrier and ends.
 */
export interface Durability {
  /** Before objects are written. */
  beforeWrite(): void;
  noteWritten(hexes: readonly string[]): void;
  /** Once per process: re-hashes what an unclean end of an earlier boot may have torn. */
  settleUncleanBoot(): void;
  /** Everything noted so far is on disk when this resolves. */
  barrier(): Promise<void>;
  /** What was noted so far goes to the disk when the system writes it; the mark stays that long. */
  leave(): void;
  /** Barrier for what was left, before the workspace gives up its copy of it. */
  settleLeft(): Promise<void>;
  /** Barrier for what killed processes of this boot left, or ended ones long ago, and their marks go. */
  settleKilled(): Promise<void>;
  close(): void;
}

/** Up to here fsync of each object and its directory; above it one `sync -f` is cheaper. */
const FEW = 24;
/** The kernel writes what is 30 s old; after this the barrier that a left mark asks for has nothing to wait for. */
const LEFT_MS = 5 * 60_000;
const LEFT = '.left';
/** Clocks of the file system and of `Date.now` differ by less. */
const SLACK_MS = 10_000;

export function openDurability(
  layout: Layout,
  disk: Disk,
  // No boot id: never the same boot, so unsynced objects are always checked.
  bootId: string = `unknown-${Date.now().toString(36)}`,
): Durability {
  let mark: string | undefined;
  let isSettled = false;
  /** A few by name; of more only that there are. */
  let pending = new Set<string>();
  let isLeft = false;
  let syncing = Promise.resolve();
  // Folders whose own name is on disk, which only the first object of each has to see to.
  const known = new Set<string>();

  const otherMarks = (): string[] =>
    listFolder(layout.unsynced)
      .map((name) => `${layout.unsynced}/${name}`)
      .filter((path) => path !== mark && !path.endsWith('.partial'));

  const isOfThisBoot = (path: string): boolean => path.startsWith(`${layout.unsynced}/${bootId}.`);

  const syncPending = async (): Promise<void> => {
    if (pending.size === 0) return;
    const hexes = pending;
    pending = new Set();
    isLeft = false;
    try {
      if (hexes.size <= FEW) await syncEach(layout.objects, hexes, known);
      else await syncFileSystem(layout.objects, mark);
    } catch (error) {
      // Still unsynced, so that `close` leaves the mark.
      for (const hex of hexes) pending.add(hex);
      throw error;
    }
  };

  /** One barrier for these marks of this boot, and they go. */
  const settle = async (isDue: (path: string) => boolean): Promise<void> => {
    const due = otherMarks().filter((path) => isOfThisBoot(path) && isDue(path));
    if (due.length === 0) return;
    await syncFileSystem(layout.objects, due[0]);
    for (const path of due) disk.remove(path);
  };

  return {
    beforeWrite() {
      if (mark !== undefined) return;
      disk.mkdir(layout.unsynced);
      const path = temporaryName(layout.unsynced).replace(/[^/]*$/, (name) => `${bootId}.${name}`);
      writeDurably(disk, path, '');
      mark = path;
    },

    noteWritten(hexes) {
      for (const hex of hexes) {
        if (pending.size > FEW) return;
        pending.add(hex);
      }
    },

    settleUncleanBoot() {
      if (isSettled) return;
      isSettled = true;
      const unclean = otherMarks().filter((path) => !isOfThisBoot(path));
      if (unclean.length === 0) return;
      const since = Math.min(...unclean.map((path) => fs.lstatSync(path).mtimeMs)) - SLACK_MS;
      for (const hex of youngObjects(layout.objects, since)) {
        if (isWhole(layout.objects, hex)) continue;
        disk.mkdir(layout.corrupt);
        disk.rename(objectPath(layout.objects, hex), `${layout.corrupt}/${hex}`);
      }
      for (const path of unclean) disk.remove(path);
    },

    barrier() {
      // One after the other: what somebody else's barrier is about to sync is not on disk yet.
      syncing = syncing.catch(() => undefined).then(syncPending);
      return syncing;
    },

    async settleLeft() {
      if (isLeft) await this.barrier();
      await settle((path) => path.endsWith(LEFT));
    },

    async settleKilled() {
      for (const name of listFolder(layout.unsynced)) {
        if (name.endsWith('.partial')) disk.remove(`${layout.unsynced}/${name}`);
      }
      await settle((path) => !path.endsWith(LEFT) || ageMs(path) > LEFT_MS);
    },

    leave() {
      isLeft = true;
    },

    close() {
      if (mark !== undefined && pending.size === 0) disk.remove(mark);
      else if (mark !== undefined && isLeft) disk.rename(mark, mark + LEFT);
      mark = undefined;
    },
  };
}

/** fsync of each object, then of the directories that name them: 24 took 17 ms here, `sync -f` 17. */
async function syncEach(
  objects: string,
  hexes: Iterable<string>,
  known: Set<string>,
): Promise<void> {
  const files = [...hexes].map((hex) => objectPath(objects, hex));
  const folders = new Set(files.map((file) => file.slice(0, file.lastIndexOf('/'))));
  const isNew = [...folders].some((folder) => !known.has(folder));
  // All at once, since they are named already: a journalling file system puts them down together.
  await Promise.all([...files, ...folders, ...(isNew ? [objects] : [])].map(syncPath));
  for (const folder of folders) known.add(folder);
}

async function syncPath(path: string): Promise<void> {
  const file = openIfThere(path);
  if (file === undefined) return;
  try {
    // Only what waits for the disk is worth another thread.
    await promisify(fs.fsync)(file);
  } finally {
    fs.closeSync(file);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return fs.openSync(path, 'r');
  } catch (error) {
    // Set aside or collected since: nobody relies on it.
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Node has no syncfs; coreutils' `sync -f` is one. Without it, every object since the mark for itself. */
async function syncFileSystem(objects: string, mark: string | undefined): Promise<void> {
  try {
    await promisify(execFile)('sync', ['-f', objects]);
  } catch {
    const since = mark === undefined ? 0 : fs.lstatSync(mark).mtimeMs - SLACK_MS;
    const waiting = [...youngObjects(objects, since)];
    while (waiting.length > 0) await syncEach(objects, waiting.splice(0, 64), new Set());
  }
}

const ageMs = (path: string): number => Date.now() - fs.lstatSync(path).ctimeMs;

function* youngObjects(objects: string, since: number): Generator<string> {
  for (const prefix of listFolder(objects)) {
    for (const rest of listFolder(`${objects}/${prefix}`)) {
      const stat = fs.lstatSync(`${objects}/${prefix}/${rest}`, { throwIfNoEntry: false });
      if (stat !== undefined && stat.ctimeMs >= since) yield prefix + rest;
    }
  }
}

/** False too when the disk cannot give the bytes back. */
function isWhole(objects: string, hex: string): boolean {
  try {
    return hashObject(objects, hex) === hex;
  } catch (error) {
    if (isErrno(error, 'EIO')) return false;
    throw error;
  }
}

function hashObject(objects: string, hex: string): string {
  const fd = fs.openSync(objectPath(objects, hex), 'r');
  try {
    const hasher = startHash();
    const piece = Buffer.allocUnsafe(1024 * 1024);
    for (let got = -1; got !== 0;) {
      got = fs.readSync(fd, piece, 0, piece.length, null);
      hasher.update(piece.subarray(0, got));
    }
    return hasher.digestBuffer().toString('hex');
  } finally {
    fs.closeSync(fd);
  }
}
