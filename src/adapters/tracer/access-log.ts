import { lstatSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { byCodeUnit } from '../../model/json.ts';
import { contains, parseRepoPath, type RepoPath } from '../../model/names.ts';
import { isWatched, type Accesses, type FileRead } from '../../model/trace.ts';

/**
 * Turns what processes did to files, told in the order in which it happened, into what a stage read
 * and wrote. Paths are absolute; what lies outside the project is dropped.
 */
export class AccessLog {
  /** As given, and without symbolic links: programs use either. */
  readonly #roots: readonly string[];
  readonly #read = new Map<RepoPath, RepoPath | undefined>();
  readonly #listed = new Set<RepoPath>();
  /** Made by the stage itself, directories too: reading it back is no input. */
  readonly #own = new Set<RepoPath>();
  readonly #written = new Set<RepoPath>();

  constructor(root: string) {
    this.#roots = [...new Set([realpath(root), root])];
  }

  /** @param real where symbolic links led, when it is known */
  read(asked: string, real: string = asked): void {
    const found = this.#inside(real);
    const path = this.#inside(asked) ?? found;
    if (path === undefined || this.#own.has(path) || this.#read.has(path)) return;
    if (found !== undefined && this.#own.has(found)) return;
    this.#read.set(path, found === path ? undefined : found);
  }

  list(directory: string): void {
    const path = this.#inside(directory);
    if (path !== undefined && !this.#own.has(path)) this.#listed.add(path);
  }

  write(asked: string, real: string = asked): void {
    const path = this.#inside(asked) ?? this.#inside(real);
    if (path === undefined) return;
    this.#own.add(path).add(this.#inside(real) ?? path);
    this.#written.add(path);
  }

  makeDirectory(directory: string): void {
    const path = this.#inside(directory);
    if (path !== undefined) this.#own.add(path);
  }

  /** A file, or a directory with everything in it. */
  remove(removed: string): void {
    const path = this.#inside(removed);
    if (path === undefined) return;
    for (const written of this.#written) {
      if (contains(path, written)) this.#written.delete(written);
    }
  }

  rename(from: string, to: string): void {
    const before = this.#inside(from);
    const after = this.#inside(to);
    const moved = before === undefined ? [] : [...this.#own].filter((own) => contains(before, own));
    const written = moved.filter((path) => this.#written.has(path));
    // What the stage did not make was there before, and becomes a part of what it writes.
    if (moved.length === 0) this.read(from);
    this.remove(from);
    this.remove(to);
    if (after === undefined) return;
    this.#own.add(after);
    if (before === undefined || moved.length === 0) this.#written.add(after);
    const renamed = (path: RepoPath) => `${after}${path.slice(before?.length ?? 0)}` as RepoPath;
    for (const path of moved) this.#own.add(renamed(path));
    for (const path of written) this.#written.add(renamed(path));
  }

  /** Asks the disk which of the names are directories: opening one reads no content. */
  accesses(): Accesses {
    const environments = [...this.#read.keys()]
      .filter((path) => path.endsWith('/pyvenv.cfg'))
      .map((path) => path.slice(0, -'/pyvenv.cfg'.length) as RepoPath);
    // Python's virtual environments are installed packages, whatever they are called.
    const counts = (path: RepoPath): boolean =>
      isWatched(path) && !environments.some((environment) => contains(environment, path));
    const read = [...this.#read].map(([path, real]): FileRead => ({
      path,
      ...(real !== undefined && { real }),
    }));
    return {
      read: read
        .filter(({ path, real }) => counts(path) && (real === undefined || counts(real)))
        .filter(({ path }) => !this.#isDirectory(path, statSync))
        .sort((a, b) => byCodeUnit(a.path, b.path)),
      listed: [...this.#listed].filter(counts).sort(byCodeUnit),
      // A symbolic link is what was written, whatever it leads to.
      written: [...this.#written]
        .filter((path) => counts(path) && !this.#isDirectory(path, lstatSync))
        .sort(byCodeUnit),
    };
  }

  #isDirectory(path: RepoPath, stat: typeof statSync): boolean {
    const [root = ''] = this.#roots;
    try {
      return stat(join(root, path), { throwIfNoEntry: false })?.isDirectory() === true;
    } catch {
      return false;
    }
  }

  #inside(path: string): RepoPath | undefined {
    const root = this.#roots.find((each) => path === each || path.startsWith(`${each}/`));
    if (root === undefined) return undefined;
    const inside = parseRepoPath(`./${path.slice(root.length + 1)}`);
    // A name that is no UTF-8 can be neither declared nor printed.
    return inside?.includes('\uFFFD') === true ? undefined : inside;
  }
}

function realpath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
