import { toRef, type ArtifactRef } from '../model/artifact.ts';
import { byCodeUnit } from '../model/json.ts';
import type { Digest, RepoPath } from '../model/names.ts';
import { artifactOf, type TreeEntry } from '../model/tree.ts';
import type { Want } from './closure.ts';
import type { Nodes } from './nodes.ts';

/** A part of a tree holds at least one digit of a name's hash, which has 64. */
const MOST_SPLITS = 64;

/**
 * All entries of a directory in code-unit order, its split nodes joined; undefined when neither cache
 * nor remote has all of it. `depth` is that of the directory below the tree's root.
 */
export async function entriesOf(
  { path, ref }: Want,
  depth: number,
  nodes: Nodes,
): Promise<readonly TreeEntry[] | undefined> {
  const entries: TreeEntry[] = [];
  let waiting: readonly Digest[] = [ref.digest];
  for (let level = 0; waiting.length > 0 && level <= MOST_SPLITS; level++) {
    const read = await nodes.read(waiting.map((digest) => ({ digest, depth, path })));
    const next: Digest[] = [];
    for (const digest of waiting) {
      const node = read.get(digest);
      if (node === undefined) return undefined;
      if (node.kind === 'entries') for (const entry of node.entries) entries.push(entry);
      else for (const part of node.parts) next.push(part.digest);
    }
    waiting = next;
  }
  return entries.sort((a, b) => byCodeUnit(a.name, b.name));
}

/** What lies at a path inside of a tree. */
export type Located =
  | { readonly kind: 'content'; readonly want: Want; readonly depth: number }
  /** It has no content of its own; it comes with the directory that it lies in. */
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  /** A directory on the way is neither in the cache nor in the remote. */
  | { readonly kind: 'unreadable'; readonly directory: Want }
  | { readonly kind: 'nothing' };

/** Goes down from a tree to a path that is its own or lies below. */
export async function locate(owner: Want, at: RepoPath, nodes: Nodes): Promise<Located> {
  if (at === owner.path) return { kind: 'content', want: owner, depth: 0 };
  let here = owner;
  const names = at.slice(owner.path.length + 1).split('/');
  for (const [depth, name] of names.entries()) {
    if (here.ref.files === undefined) return { kind: 'nothing' };
    const entries = await entriesOf(here, depth, nodes);
    if (entries === undefined) return { kind: 'unreadable', directory: here };
    const entry = entries.find((each) => each.name === name);
    if (entry === undefined) return { kind: 'nothing' };
    const path = `${here.path}/${name}`;
    if (entry.kind === 'link') {
      const isLast = depth === names.length - 1;
      return isLast ? { kind: 'link', path, target: entry.target } : { kind: 'nothing' };
    }
    here = { path, ref: refOf(entry) };
  }
  return { kind: 'content', want: here, depth: names.length };
}

export const refOf = (entry: Exclude<TreeEntry, { kind: 'link' }>): ArtifactRef =>
  toRef(artifactOf(entry));
