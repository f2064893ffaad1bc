import * as fs from 'node:fs';
import type { Digest } from '../../model/names.ts';
import { hashText } from '../hash/blake3.ts';
import { keepsDirectoryTimes } from './directory-times.ts';
import { listFolder } from './discard.ts';
import { writeWhole, type Disk } from './disk.ts';
import type { Layout } from './layout.ts';
import { hasLinks } from './linked-objects.ts';

/**
 * Trees that were found whole, from one process to the next: `tmp/whole.json`. They stay so for as long as
 * no folder of the cache gets or loses a name, which 256 looks tell where a look at each object
 * would be 10,000. What a name's bytes are is not told; a restore reads and digests them.
 */
export interface WholeTrees {
  /** What the folders are now; undefined where their times cannot be relied on. */
  stamp(): string | undefined;
  has(tree: Digest): boolean;
  /** These were found whole after `stamp` was taken. Written down at the end, if it is still true then. */
  note(trees: Iterable<Digest>, stamp: string | undefined): void;
  close(): void;
}

/** Twice the slowest tick of a file system's clock, and more: a name that goes in the same tick leaves no trace. */
const YOUNG_MS = 100;
const MOST_TREES = 256;

interface Remembered {
  readonly stamp: string;
  readonly trees: readonly string[];
}

export function openWholeTrees(
  layout: Pick<Layout, 'objects' | 'wholeTrees'>,
  disk: Disk,
  /** Names of another boot may have been lost with the power. */
  bootId: string | undefined,
): WholeTrees {
  const noted = new Map<string, Set<Digest>>();

  const look = (): { readonly stamp: string; readonly youngest: number } | undefined => {
    if (bootId === undefined || !fs.existsSync(layout.objects)) return undefined;
    // Objects that have names elsewhere can be written to from there.
    if (!keepsDirectoryTimes(layout.objects) || hasLinks(layout.objects)) return undefined;
    let youngest = -Infinity;
    const lines = [bootId];
    for (const name of ['', ...listFolder(layout.objects).sort()]) {
      const stat = fs.lstatSync(`${layout.objects}/${name}`, { throwIfNoEntry: false });
      if (stat === undefined) return undefined;
      youngest = Math.max(youngest, stat.mtimeMs, stat.ctimeMs);
      lines.push([name, stat.ino, stat.mtimeMs, stat.ctimeMs].join(' '));
    }
    return { stamp: hashText(lines.join('\n')), youngest };
  };

  const read = (): Remembered | undefined => {
    try {
      const value = JSON.parse(fs.readFileSync(layout.wholeTrees, 'utf8')) as Partial<Remembered>;
      return typeof value.stamp === 'string' && Array.isArray(value.trees)
        ? { stamp: value.stamp, trees: value.trees }
        : undefined;
    } catch {
      return undefined;
    }
  };

  return {
    stamp: () => look()?.stamp,

    has(tree) {
      const remembered = read();
      return remembered?.trees.includes(tree) === true && remembered.stamp === look()?.stamp;
    },

    note(trees, stamp) {
      if (stamp === undefined) return;
      const known = noted.get(stamp) ?? new Set();
      for (const tree of trees) known.add(tree);
      noted.set(stamp, known);
    },

    close() {
      if (noted.size === 0) return;
      const now = look();
      const trees = now && noted.get(now.stamp);
      noted.clear();
      if (now === undefined || trees === undefined || Date.now() - now.youngest < YOUNG_MS) return;
      const before = read();
      const known = before?.stamp === now.stamp ? before.trees : [];
      if ([...trees].every((tree) => known.includes(tree))) return;
      const all = [...new Set([...trees, ...known])].slice(0, MOST_TREES);
      try {
        writeWhole(disk, layout.wholeTrees, JSON.stringify({ stamp: now.stamp, trees: all }));
      } catch {
        // A full disk: it is looked at again next time.
      }
    },
  };
}
