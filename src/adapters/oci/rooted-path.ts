import { lstat, readlink } from 'node:fs/promises';
import { join, posix, relative } from 'node:path';

/** Kernel's own limit for one lookup. */
const MAX_LINKS = 40;
const MAX_DEPTH = 256;

/**
 * The components of a path in a layer: a leading slash and `.` are dropped. Undefined for `..`, a
 * NUL, or more than 256 components: an archive that needs those means harm.
 */
export function layerPath(name: string): readonly string[] | undefined {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length > MAX_DEPTH || name.includes('\0') || parts.includes('..')) return undefined;
  return parts;
}

/**
 * Follows `parts` below `root` as a process whose root directory is `root` would: an absolute link
 * starts at `root` again and `..` stops there. So a link planted by an earlier entry leads nowhere
 * outside. Missing components are taken as they are. Undefined when links form a loop.
 */
export async function resolveInRoot(
  root: string,
  parts: readonly string[],
): Promise<string | undefined> {
  const pending = [...parts];
  const done: string[] = [];
  let links = 0;
  for (let part = pending.shift(); part !== undefined; part = pending.shift()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const here = join(root, ...done, part);
    const info = await lstat(here).catch(() => undefined);
    if (info?.isSymbolicLink() !== true) {
      done.push(part);
      continue;
    }
    links += 1;
    if (links > MAX_LINKS) return undefined;
    const target = await readlink(here);
    if (target.startsWith('/')) done.length = 0;
    pending.unshift(...target.split('/'));
  }
  return join(root, ...done);
}

/**
 * The target of a link in `parent` (resolved, below `root`), written so that it means the same
 * without a chroot: relative, and `..` never above the root. An absolute target would point at the
 * host's own files. A link never moves once it is made, so it stays confined.
 */
export function confineLink(root: string, parent: string, target: string): string {
  const from = `/${relative(root, parent)}`;
  // posix.resolve clamps `..` at `/`, as the kernel does in a chroot.
  return posix.relative(from, posix.resolve(from, target)) || '.';
}
