import type { Stats } from 'node:fs';

/**
 * What lstat said of a file, or of a directory and everything below it, in columns: 100,000
 * entries are three buffers of 4, 2 and 3 MB rather than as many objects. Entry 0 is the path
 * itself, named ''. A directory is followed by its entries in code-unit order of their names, each
 * with its own below it; its `SIZE` holds how many entries that are, itself included.
 */
export interface Snapshot {
  readonly count: number;
  readonly names: readonly string[];
  /** `COLUMNS` numbers an entry. */
  readonly stats: Float64Array;
  /** 32 bytes an entry; zeros for directories and links. */
  readonly digests: Buffer;
}

export const COLUMNS = 5;
export const SIZE = 0;
// Milliseconds with a fraction. A double resolves 244 ns at today's dates; two changes of one
// file cannot be closer (a write and the lstat between them take longer), and lstat with bigint
// costs a fifth more.
export const MTIME = 1;
export const CTIME = 2;
export const INODE = 3;
export const MODE = 4;

const TYPE = 0o170000;
export const isDirectoryMode = (mode: number): boolean => (mode & TYPE) === 0o040000;
export const isFileMode = (mode: number): boolean => (mode & TYPE) === 0o100000;
export const isLinkMode = (mode: number): boolean => (mode & TYPE) === 0o120000;
/** The owner's bit alone, as git: group and others follow the umask of whoever made the file. */
export const isExecutableMode = (mode: number): boolean => (mode & 0o100) !== 0;

/** A snapshot under construction. */
export class SnapshotBuilder implements Snapshot {
  names: string[] = [];
  stats = new Float64Array(64 * COLUMNS);
  digests = Buffer.alloc(64 * 32);

  get count(): number {
    return this.names.length;
  }

  /** Adds an entry and returns its index. */
  add(name: string, stat: Stats): number {
    const index = this.names.length;
    this.names.push(name);
    if ((index + 1) * COLUMNS > this.stats.length) this.#grow();
    setStat(this.stats, index, stat);
    return index;
  }

  /** Adds an entry that is yet to be made; its times come when it is. */
  plan(name: string, mode: number, size: number): number {
    const index = this.names.length;
    this.names.push(name);
    if ((index + 1) * COLUMNS > this.stats.length) this.#grow();
    this.stats[index * COLUMNS + SIZE] = size;
    this.stats[index * COLUMNS + MODE] = mode;
    return index;
  }

  #grow(): void {
    const stats = new Float64Array(this.stats.length * 2);
    stats.set(this.stats);
    this.stats = stats;
    const digests = Buffer.alloc(this.digests.length * 2);
    this.digests.copy(digests);
    this.digests = digests;
  }
}

export function setStat(stats: Float64Array, index: number, stat: Stats): void {
  const at = index * COLUMNS;
  stats[at + SIZE] = stat.size;
  stats[at + MTIME] = stat.mtimeMs;
  stats[at + CTIME] = stat.ctimeMs;
  stats[at + INODE] = stat.ino;
  stats[at + MODE] = stat.mode;
}

/** True when an entry is what lstat says now. A directory's size means something else here. */
export function sameStat(stats: Float64Array, index: number, stat: Stats): boolean {
  const at = index * COLUMNS;
  return (
    stats[at + MTIME] === stat.mtimeMs &&
    stats[at + CTIME] === stat.ctimeMs &&
    stats[at + INODE] === stat.ino &&
    stats[at + MODE] === stat.mode &&
    (stats[at + SIZE] === stat.size || isDirectoryMode(stat.mode))
  );
}

export const column = (snapshot: Snapshot, index: number, which: number): number =>
  snapshot.stats[index * COLUMNS + which] ?? NaN;

/** The index behind an entry and everything below it. */
export const endOf = (snapshot: Snapshot, index: number): number =>
  index + (isDirectoryMode(column(snapshot, index, MODE)) ? column(snapshot, index, SIZE) : 1);

export const hexAt = (snapshot: Snapshot, index: number): string =>
  snapshot.digests.toString('hex', index * 32, index * 32 + 32);

/** Absolute paths of all entries, given that of entry 0. */
export function pathsOf(snapshot: Snapshot, path: string): string[] {
  const paths: string[] = [];
  const open: { path: string; end: number }[] = [];
  for (let index = 0; index < snapshot.count; index++) {
    while (index >= (open.at(-1)?.end ?? Infinity)) open.pop();
    const parent = open.at(-1);
    const name = snapshot.names[index] ?? '';
    const own = parent === undefined ? path : `${parent.path}/${name}`;
    paths.push(own);
    if (isDirectoryMode(column(snapshot, index, MODE))) {
      open.push({ path: own, end: endOf(snapshot, index) });
    }
  }
  return paths;
}
