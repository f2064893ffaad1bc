import * as fs from 'node:fs';
import type { ArtifactRef } from '../../model/artifact.ts';
import { byCodeUnit } from '../../model/json.ts';
import type { Digest } from '../../model/names.ts';
import {
  decodeNode,
  totals,
  type TreeEntry,
  type TreeNode,
  type TreeSummary,
} from '../../model/tree.ts';
import { hashBytes } from '../hash/blake3.ts';
import type { Disk } from './disk.ts';
import type { Durability } from './durability.ts';
import { fail, isErrno, WorkspaceFailure } from './failure.ts';
import { hasObject, storeBytes } from './object-file.ts';
import { hexOf, objectPath, type Layout } from './layout.ts';
import { hasDigest } from './linked-objects.ts';

/** A node holds at most 4,096 entries of a few hundred bytes; whatever is larger is no node. */
const LARGEST_NODE = 64 * 1024 * 1024;
const DEEPEST_SPLIT = 64;

/** The object store: blobs and tree nodes by digest. Bulk file work goes through `FileRunner`. */
export interface Objects {
  /** Stores a tree node, unless it is there. */
  putNode(digest: Digest, text: string): void;
  /**
   * One node, checked. `depth` is that of its directory below the tree's root, `path` is for the
   * message. Throws WorkspaceFailure when it is missing, corrupt or cannot be trusted.
   */
  readNode(digest: Digest, path: string, depth: number): TreeNode;
  /** All entries of a directory, in code-unit order, its split nodes joined. Throws as `readNode`. */
  readDirectory(directory: TreeSummary, path: string, depth: number): readonly TreeEntry[];
  /** What a tree says of itself, where nobody else has said it. Throws as `readNode`. */
  summaryOf(digest: Digest): TreeSummary;
  /** Tree nodes that are not in the cache but known from the workspace; replaces those lent before. */
  lend(nodes: ReadonlyMap<Digest, string>): void;
  /** True when a tree's own node is at hand; what it names was stored before it. */
  hasNode(digest: Digest): boolean;
  /** True when the object and all that it names are here. A corrupt tree is set aside. */
  holds(artifact: ArtifactRef): boolean;
  /** Moves an object whose bytes are wrong out of the way, to `tmp/corrupt`. */
  setAsideCorrupt(digest: Digest): void;
  /** Objects that a batch has written, for the next barrier. */
  noteWritten(hexes: readonly string[]): void;
  /** To be called before objects are written or an existing one is trusted. */
  prepare(purpose: 'write' | 'trust'): void;
}

export function openObjects(layout: Layout, disk: Disk, durability: Durability): Objects {
  const store = { objects: layout.objects, temporary: layout.tmpObjects };
  /** Trees known to be whole, for as long as this process lives and nothing is found corrupt. */
  const whole = new Set<Digest>();

  let lent: ReadonlyMap<Digest, string> = new Map();

  /** An object that is there and is not what its name says goes out of the way. */
  const holdsBlob = (digest: Digest, size: number): boolean => {
    const hex = hexOf(digest);
    if (hasObject(layout.objects, hex, size)) return true;
    const stat = fs.lstatSync(objectPath(layout.objects, hex), { throwIfNoEntry: false });
    if (stat !== undefined && !hasDigest(objectPath(layout.objects, hex), hex, stat.size)) {
      objects.setAsideCorrupt(digest);
    }
    return false;
  };

  const objects: Objects = {
    prepare(purpose) {
      durability.settleUncleanBoot();
      if (purpose === 'write') {
        disk.mkdir(layout.tmpObjects);
        durability.beforeWrite();
      }
    },

    putNode(digest, text) {
      const hex = hexOf(digest);
      if (storeBytes(Buffer.from(text), hex, store, disk)) durability.noteWritten([hex]);
    },

    readNode(digest, path, depth) {
      const text = lent.get(digest);
      const bytes = text === undefined ? readObject(layout, digest, path) : Buffer.from(text);
      if (bytes === undefined || hashBytes(bytes).toString('hex') !== hexOf(digest)) {
        return fail({ kind: 'object-corrupt', digest, path });
      }
      const node = decodeNode(bytes.toString(), depth);
      return node.ok
        ? node.value
        : fail({ kind: 'refused', path, cause: `the tree ${digest} is not safe: ${node.error}` });
    },

    readDirectory(directory, path, depth) {
      const entries: TreeEntry[] = [];
      let splits = 0;
      const collect = (part: TreeSummary, level: number): void => {
        const node = objects.readNode(part.digest, path, depth);
        const members = node.kind === 'entries' ? node.entries : node.parts;
        checkTotals(part, members, path);
        if (node.kind === 'entries') {
          for (const entry of node.entries) entries.push(entry);
          return;
        }
        splits += 1;
        if (level >= DEEPEST_SPLIT) {
          fail({ kind: 'refused', path, cause: `the tree ${part.digest} is split too often` });
        }
        for (const next of node.parts) collect(next, level + 1);
      };
      collect(directory, 0);
      if (splits === 0) return entries;
      entries.sort((a, b) => byCodeUnit(a.name, b.name));
      // A name in two parts could be a link in one and a directory behind it in the other.
      if (entries.some((entry, index) => entries[index + 1]?.name === entry.name)) {
        fail({ kind: 'refused', path, cause: `the tree ${directory.digest} has a name twice` });
      }
      return entries;
    },

    summaryOf(digest) {
      const node = objects.readNode(digest, '', 0);
      return { digest, ...totals(node.kind === 'entries' ? node.entries : node.parts) };
    },

    hasNode: (digest) => fs.existsSync(objectPath(layout.objects, hexOf(digest))),

    lend(nodes) {
      lent = nodes;
    },

    holds(artifact) {
      objects.prepare('trust');
      if (artifact.files === undefined) return holdsBlob(artifact.digest, artifact.size);
      const holdsTree = (digest: Digest, depth: number): boolean => {
        if (whole.has(digest)) return true;
        const node = objects.readNode(digest, '', depth);
        const isWhole =
          node.kind === 'split'
            ? node.parts.every((part) => holdsTree(part.digest, depth))
            : node.entries.every((entry) =>
                entry.kind === 'file'
                  ? holdsBlob(entry.digest, entry.size)
                  : entry.kind === 'link' || holdsTree(entry.digest, depth + 1),
              );
        if (isWhole) whole.add(digest);
        return isWhole;
      };
      try {
        return holdsTree(artifact.digest, 0);
      } catch (error) {
        if (!(error instanceof WorkspaceFailure)) throw error;
        if (error.problem.kind === 'object-corrupt') objects.setAsideCorrupt(error.problem.digest);
        return false;
      }
    },

    setAsideCorrupt(digest) {
      whole.clear();
      const hex = hexOf(digest);
      disk.mkdir(layout.corrupt);
      try {
        disk.rename(objectPath(layout.objects, hex), `${layout.corrupt}/${hex}`);
      } catch (error) {
        if (!isErrno(error, 'ENOENT')) throw error;
      }
    },

    noteWritten(hexes) {
      durability.noteWritten(hexes);
    },
  };
  return objects;
}

function readObject(layout: Layout, digest: Digest, path: string): Buffer | undefined {
  const file = objectPath(layout.objects, hexOf(digest));
  const stat = fs.lstatSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return fail({ kind: 'object-missing', digest, path });
  return stat.size > LARGEST_NODE ? undefined : fs.readFileSync(file);
}

/** A tree that lies about what is below it could make a restore run for ever. */
function checkTotals(
  claimed: TreeSummary,
  members: readonly (TreeEntry | TreeSummary)[],
  path: string,
): void {
  const { size, files } = totals(members);
  if (size !== claimed.size || files !== claimed.files) {
    fail({ kind: 'refused', path, cause: `the tree ${claimed.digest} is not what its name says` });
  }
}
