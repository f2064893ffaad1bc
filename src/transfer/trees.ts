import type { Digest } from '../model/names.ts';
import type { SizedObject } from '../model/remote.ts';
import { DEEPEST } from '../model/tree.ts';
import { tooDeep, type Want } from './closure.ts';
import type { Nodes, WantedNode } from './nodes.ts';

const MOST_LEVELS = 2 * DEEPEST;

export interface Trees {
  /** Of every node that could be read: the nodes and blobs it names. */
  readonly children: ReadonlyMap<Digest, readonly Digest[]>;
  readonly blobs: readonly SizedObject[];
  readonly absent: ReadonlySet<Digest>;
}

/** Reads trees level by level, so that one request brings many neighbours. */
export async function walkTrees(wants: readonly Want[], nodes: Nodes): Promise<Trees> {
  const children = new Map<Digest, readonly Digest[]>();
  const blobs = new Map<Digest, SizedObject>();
  const absent = new Set<Digest>();
  let level: WantedNode[] = [];
  for (const { path, ref } of wants) {
    if (ref.files === undefined) blobs.set(ref.digest, { digest: ref.digest, size: ref.size });
    else level.push({ digest: ref.digest, depth: 0, path });
  }
  for (let levels = 0; level.length > 0; levels++) {
    // Directories and the splits of large ones together; a chain of splits alone could be endless.
    if (levels > MOST_LEVELS) throw tooDeep(level[0]?.path ?? '');
    const unique = new Map(level.map((one) => [one.digest, one]));
    const read = await nodes.read([...unique.values()]);
    const next: WantedNode[] = [];
    for (const { digest, depth, path } of unique.values()) {
      const node = read.get(digest);
      if (node === undefined) {
        absent.add(digest);
        continue;
      }
      const below: Digest[] = [];
      const descend = (child: WantedNode): void => {
        below.push(child.digest);
        if (!children.has(child.digest)) next.push(child);
      };
      if (node.kind === 'split') {
        for (const part of node.parts) descend({ digest: part.digest, depth, path });
      } else {
        for (const entry of node.entries) {
          if (entry.kind === 'directory') {
            descend({ digest: entry.digest, depth: depth + 1, path: `${path}/${entry.name}` });
          } else if (entry.kind === 'file') {
            below.push(entry.digest);
            blobs.set(entry.digest, { digest: entry.digest, size: entry.size });
          }
        }
      }
      children.set(digest, below);
    }
    level = next;
  }
  return { children, blobs: [...blobs.values()], absent };
}
