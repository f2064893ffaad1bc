import * as fs from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { Digest } from '../../model/names.ts';
import { DEEPEST, decodeNode, type TreeNode } from '../../model/tree.ts';
import type { Reached } from '../../ports/object-store.ts';
import { hashBytes } from '../hash/blake3.ts';
import { hexOf, objectPath, type Layout } from '../workspace/layout.ts';

/** As the object store's: whatever is larger is no node. */
const LARGEST_NODE = 64 * 1024 * 1024;
/** How every node begins; see model/tree.ts. */
const NODE_HEAD = '{"tree":1,';
/** Nodes that are read before others get a turn. */
const TURN = 256;

/** @param trashed where objects of the trash lie, by hex */
export async function reach(
  roots: Iterable<Digest>,
  reached: Set<Digest>,
  layout: Layout,
  trashed: ReadonlyMap<string, string>,
): Promise<Reached> {
  const missing: Digest[] = [];
  const inTrash: Digest[] = [];
  const corrupt: Digest[] = [];
  // Apart from `reached`: a file and a tree of the same bytes share one object.
  const walked = new Set<Digest>();
  let nodes = 0;

  /** Where the object lies; undefined when it is lost, which is noted once. */
  const add = (digest: Digest): string | undefined => {
    const hex = hexOf(digest);
    const path = objectPath(layout.objects, hex);
    const isNew = !reached.has(digest);
    reached.add(digest);
    if (fs.existsSync(path)) return path;
    const place = trashed.get(hex);
    if (isNew) (place === undefined ? missing : inTrash).push(digest);
    return place;
  };

  const walk = async (digest: Digest, isRoot: boolean): Promise<void> => {
    if (walked.has(digest)) return;
    const path = add(digest);
    if (path === undefined || (isRoot && !looksLikeNode(path))) return;
    walked.add(digest);
    if (++nodes % TURN === 0) await setImmediate();
    const node = readNode(path, digest);
    if (node === 'corrupt') corrupt.push(digest);
    // An unsafe tree is restored by nobody; a file that only begins like one names nothing.
    if (typeof node === 'string') return;
    if (node.kind === 'split') {
      for (const part of node.parts) await walk(part.digest, false);
      return;
    }
    for (const entry of node.entries) {
      if (entry.kind === 'directory') await walk(entry.digest, false);
      else if (entry.kind === 'file' && !reached.has(entry.digest)) add(entry.digest);
    }
  };

  for (const root of roots) await walk(root, true);
  return { missing, trashed: inTrash, corrupt };
}

function looksLikeNode(path: string): boolean {
  const fd = fs.openSync(path, 'r');
  try {
    const head = Buffer.alloc(NODE_HEAD.length);
    return fs.readSync(fd, head) === head.length && head.toString('latin1') === NODE_HEAD;
  } finally {
    fs.closeSync(fd);
  }
}

function readNode(path: string, digest: Digest): TreeNode | 'corrupt' | 'unsafe' {
  if (fs.statSync(path).size > LARGEST_NODE) return 'unsafe';
  const bytes = fs.readFileSync(path);
  if (hashBytes(bytes).toString('hex') !== hexOf(digest)) return 'corrupt';
  // Where the tree hangs is not known here, so a link may climb as far as any could.
  const node = decodeNode(bytes.toString(), DEEPEST);
  return node.ok ? node.value : 'unsafe';
}
