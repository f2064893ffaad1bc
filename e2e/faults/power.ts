import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import type { Random } from '../../src/testing/random.ts';
import type { Change } from './record-writes.ts';

/** A file's bytes as programs see them, and as the disk has them for sure. */
interface Inode {
  live: Buffer;
  /** Undefined when the disk has nothing of it. */
  onDisk: Buffer | undefined;
  mode: number;
}

type Names = Map<string, Inode | 'folder' | { readonly link: string }>;

/** A change of names that a power cut may take back, until the folders it touches are synced. */
interface NameChange {
  readonly folders: readonly string[];
  readonly apply: (names: Names) => void;
}

/**
 * A disk that loses its power: names and bytes that were written, and which of them were synced.
 * Harsher than any file system, as POSIX allows: whatever was not synced may be there, or not, or
 * in part, in any combination.
 */
export class Disk {
  /** As programs see it. */
  readonly #live: Names = new Map();
  /** What the disk has for sure, and the changes to it that may be lost, in order. */
  readonly #synced: Names;
  #pending: NameChange[] = [];
  /** A folder has no bytes. */
  readonly #open = new Map<number, { inode: Inode | undefined; path: string; at: number }>();

  /** @param root read as it is: everything in it is on the disk */
  constructor(root: string) {
    const visit = (path: string): void => {
      const stat = fs.lstatSync(path);
      if (stat.isDirectory()) {
        this.#live.set(path, 'folder');
        for (const name of fs.readdirSync(path)) visit(join(path, name));
      } else if (stat.isSymbolicLink()) this.#live.set(path, { link: fs.readlinkSync(path) });
      else {
        const bytes = fs.readFileSync(path);
        this.#live.set(path, { live: bytes, onDisk: bytes, mode: stat.mode & 0o777 });
      }
    };
    visit(root);
    this.#synced = new Map(this.#live);
  }

  apply(change: Change): void {
    switch (change.op) {
      case 'open': {
        const { fd, path, flags } = change;
        if (flags === 'r') {
          const found = this.#live.get(path);
          this.#open.set(fd, { inode: isInode(found) ? found : undefined, path, at: 0 });
          return;
        }
        const inode = this.#create(path);
        if (flags.startsWith('w')) inode.live = Buffer.alloc(0);
        this.#open.set(fd, { inode, path, at: flags.startsWith('a') ? inode.live.length : 0 });
        return;
      }
      case 'write': {
        const file = this.#open.get(change.fd);
        if (file?.inode === undefined) return;
        const data = Buffer.from(change.data, 'base64');
        const at = change.at ?? file.at;
        const { live } = file.inode;
        const grown = Buffer.alloc(Math.max(live.length, at + data.length));
        live.copy(grown);
        data.copy(grown, at);
        file.inode.live = grown;
        file.at = at + data.length;
        return;
      }
      case 'put': {
        const data = Buffer.from(change.data, 'base64');
        const known = this.#live.get(change.path);
        if (isInode(known) && known.live.equals(data)) return;
        const inode = this.#create(change.path);
        inode.live = data;
        if (change.synced) inode.onDisk = data;
        return;
      }
      case 'sync-fd': {
        const file = this.#open.get(change.fd);
        if (file !== undefined) this.#sync(file.path, file.inode);
        return;
      }
      case 'sync': {
        const found = this.#live.get(change.path);
        this.#sync(change.path, isInode(found) ? found : undefined);
        return;
      }
      case 'sync-all':
        for (const entry of this.#live.values()) if (isInode(entry)) entry.onDisk = entry.live;
        for (const { apply } of this.#pending) apply(this.#synced);
        this.#pending = [];
        return;
      case 'chmod': {
        const found = this.#live.get(change.path);
        if (isInode(found)) found.mode = change.mode;
        return;
      }
      default:
        this.#rename(change);
    }
  }

  /** Changes of names, and copies, which make one. */
  #rename(
    change: Exclude<
      Change,
      { op: 'open' | 'write' | 'put' | 'sync-fd' | 'sync' | 'sync-all' | 'chmod' }
    >,
  ): void {
    const { path } = change;
    switch (change.op) {
      case 'copy': {
        const from = this.#live.get(path);
        if (isInode(from)) this.#create(change.to).live = from.live;
        return;
      }
      case 'rename':
        return this.#change([path, change.to], (names) => {
          const moved = below(names, path);
          if (moved.length === 0) return;
          for (const old of below(names, change.to)) names.delete(old);
          for (const old of moved) {
            const entry = names.get(old);
            if (entry !== undefined) names.set(change.to + old.slice(path.length), entry);
            names.delete(old);
          }
        });
      case 'link':
        return this.#change([change.to], (names) => {
          const entry = names.get(path);
          if (entry !== undefined) names.set(change.to, entry);
        });
      case 'symlink':
        return this.#change([path], (names) => names.set(path, { link: change.to }));
      case 'remove':
        return this.#change([path], (names) => {
          for (const old of below(names, path)) names.delete(old);
        });
      case 'mkdir':
        return this.#change([path], (names) => {
          for (let at = path; !names.has(at); at = dirname(at)) names.set(at, 'folder');
        });
    }
  }

  #create(path: string): Inode {
    const known = this.#live.get(path);
    if (isInode(known)) return known;
    const inode = emptyInode();
    this.#change([path], (names) => names.set(path, inode));
    return inode;
  }

  #change(paths: readonly string[], apply: (names: Names) => void): void {
    apply(this.#live);
    this.#pending.push({ folders: paths.map((path) => dirname(path)), apply });
  }

  /** A file's bytes, or a folder's names. */
  #sync(path: string, inode: Inode | undefined): void {
    if (inode !== undefined) {
      inode.onDisk = inode.live;
      return;
    }
    const isDone = ({ folders }: NameChange): boolean => folders.every((each) => each === path);
    for (const { apply } of this.#pending.filter(isDone)) apply(this.#synced);
    this.#pending = this.#pending.filter((change) => !isDone(change));
  }

  /** Writes what a power cut now may leave to `root`, where there is nothing yet. */
  cut(random: Random, root: string, from: string): void {
    const names: Names = new Map(this.#synced);
    // A journal keeps the order of names, and loses the last; nothing in POSIX promises even that.
    const isOrdered = random.chance(0.5);
    const kept = random.below(this.#pending.length + 1);
    for (const [index, { apply }] of this.#pending.entries()) {
      if (isOrdered ? index < kept : random.chance(0.5)) apply(names);
    }
    const share = random.pick([0.2, 0.5, 1]);
    const made = new Set<string>();
    for (const [path, entry] of [...names].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const to = root + path.slice(from.length);
      // A name in a folder that was lost is lost with it.
      if (path !== from && !made.has(dirname(path))) continue;
      if (entry === 'folder') {
        fs.mkdirSync(to, { recursive: true });
        made.add(path);
      } else if (isInode(entry)) {
        fs.writeFileSync(to, bytesAfter(entry, random, share));
        fs.chmodSync(to, entry.mode);
      } else fs.symlinkSync(entry.link, to);
    }
  }
}

function bytesAfter({ live, onDisk }: Inode, random: Random, share: number): Buffer {
  if (onDisk === live || !random.chance(share)) return live;
  const half = random.below(live.length + 1);
  return random.pick([
    onDisk ?? Buffer.alloc(0),
    Buffer.alloc(0),
    Buffer.alloc(live.length),
    live.subarray(0, half),
    Buffer.concat([live.subarray(0, half), Buffer.alloc(live.length - half)]),
  ]);
}

const emptyInode = (): Inode => ({ live: Buffer.alloc(0), onDisk: undefined, mode: 0o644 });

const isInode = (entry: ReturnType<Names['get']>): entry is Inode =>
  typeof entry === 'object' && 'live' in entry;

const below = (names: Names, path: string): string[] =>
  [...names.keys()].filter((name) => name === path || name.startsWith(`${path}/`));
