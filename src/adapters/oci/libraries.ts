import { existsSync, globSync, readFileSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { byCodeUnit } from '../../model/json.ts';
import { readElf, type ElfFile } from './elf.ts';

export interface Libraries {
  /** The loader: a path in the image that programs name, and the file it is made from. */
  readonly loader: Library | undefined;
  readonly found: readonly Library[];
  readonly missing: readonly MissingLibrary[];
}

export interface Library {
  /** Absolute path in the image, in a directory that the loader searches by default. */
  readonly path: string;
  /** The regular file here, links followed. */
  readonly source: string;
}

export interface MissingLibrary {
  readonly name: string;
  readonly neededBy: string;
}

/**
 * Every shared library that `program` and the native `modules` need, transitively.
 *
 * A library that lies anywhere among `modules` counts as shipped with them: packages point at
 * theirs by `$ORIGIN`, which holds in the image as it does here. Modules for another machine or
 * another C library (packages ship prebuilt binaries for all) are passed over.
 */
export async function resolveLibraries(
  program: string,
  modules: readonly string[],
  directories: readonly string[] = systemDirectories('/'),
): Promise<Libraries> {
  const elf = await readElf(program);
  if (elf === undefined) return { loader: undefined, found: [], missing: [] };
  const loader = elf.interpreter;
  const found = new Map<string, Library>();
  const missing = new Map<string, MissingLibrary>();
  const libraryDirectory = dirname(
    directories.map((directory) => join(directory, 'libc.so.6')).find(existsSync) ??
      loader ??
      '/lib/x',
  );

  const queue: { path: string; elf: ElfFile }[] = [{ path: program, elf }];
  for (const path of modules) {
    const module = await readElf(path);
    if (module && !isForeign(module, elf)) queue.push({ path, elf: module });
  }
  const shipped = new Set(queue.map(({ path }) => basename(path)));
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const name of next.elf.needed) {
      if (found.has(name) || shipped.has(name) || missing.has(name)) continue;
      if (loader !== undefined && name === basename(loader)) continue;
      const origin = dirname(next.path);
      const own = next.elf.searchPath.map((part) =>
        resolve(origin, part.replace(/\$\{?ORIGIN\}?/g, origin)),
      );
      const match = await firstMatch([...own, ...directories], name, elf.machine);
      if (match === undefined) {
        missing.set(name, { name, neededBy: next.path });
        continue;
      }
      // All in one directory that the loader knows without a cache file, wherever it came from.
      found.set(name, { path: join(libraryDirectory, name), source: match.path });
      queue.push(match);
    }
  }
  return {
    loader: loader === undefined ? undefined : { path: loader, source: await realpath(loader) },
    found: [...found.values()].sort((a, b) => byCodeUnit(a.path, b.path)),
    missing: [...missing.values()],
  };
}

function isForeign(module: ElfFile, program: ElfFile): boolean {
  if (module.machine !== program.machine) return true;
  const needsMusl = module.needed.some((name) => name.startsWith('libc.musl-'));
  const needsGlibc = module.needed.includes('libc.so.6');
  return program.needed.includes('libc.so.6') ? needsMusl : needsGlibc;
}

async function firstMatch(
  directories: readonly string[],
  name: string,
  machine: number,
): Promise<{ path: string; elf: ElfFile } | undefined> {
  for (const directory of directories) {
    const candidate = join(directory, name);
    if (!existsSync(candidate)) continue;
    const path = await realpath(candidate);
    const elf = await readElf(path);
    if (elf?.machine === machine) return { path, elf };
  }
  return undefined;
}

/** Where the dynamic loader looks by itself: ld.so.conf first, then its built-in directories. */
export function systemDirectories(root: string): readonly string[] {
  const configured: string[] = [];
  const seen = new Set<string>();
  const read = (file: string): void => {
    if (seen.has(file) || !existsSync(file)) return;
    seen.add(file);
    for (const raw of readFileSync(file, 'utf8').split('\n')) {
      const line = raw.replace(/#.*/, '').trim();
      if (line.startsWith('include ')) {
        const pattern = resolve(dirname(file), line.slice('include '.length).trim());
        globSync(pattern).sort(byCodeUnit).forEach(read);
      } else if (line.startsWith('/')) configured.push(line);
    }
  };
  read(join(root, 'etc/ld.so.conf'));
  return [...new Set([...configured, '/lib64', '/usr/lib64', '/lib', '/usr/lib'])];
}
