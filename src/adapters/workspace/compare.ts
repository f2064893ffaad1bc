import { lstatSync } from 'node:fs';
import type { ArtifactRef, ContentChange, TreeDigest } from '../../model/artifact.ts';
import type { Digest, RepoPath } from '../../model/names.ts';
import type { TreeEntry, TreeNode, TreeSummary } from '../../model/tree.ts';
import { digestAt } from './digest-path.ts';
import { WorkspaceFailure } from './failure.ts';
import type { Objects } from './objects.ts';
import type { Tools } from './tools.ts';

/**
 * What differs, by path, at most `limit`. Directories and parts of directories with equal digests
 * are not looked into. A tree that is not in the cache may still lie in the workspace; undefined
 * when it does not, or cannot be trusted.
 */
export async function compareArtifacts(
  tools: Tools,
  before: ArtifactRef | TreeDigest,
  after: ArtifactRef,
  limit: number,
): Promise<readonly ContentChange[] | undefined> {
  const nodes = new Map<Digest, string>();
  tools.objects.lend(nodes);
  try {
    for (const tree of [before, after]) {
      if ('tree' in tree) await lendFromWorkspace(tools, tree.tree, nodes);
      else if (tree.files !== undefined) await lendFromWorkspace(tools, tree.digest, nodes);
    }
    const old = 'tree' in before ? tools.objects.summaryOf(before.tree) : before;
    const changes: ContentChange[] = [];
    for (const change of differences(tools.objects, old, after)) {
      if (changes.length >= limit) break;
      changes.push(change);
    }
    return changes;
  } catch (error) {
    if (error instanceof WorkspaceFailure) return undefined;
    throw error;
  } finally {
    tools.objects.lend(new Map());
  }
}

/** A digest writes no objects, so what `status` wants compared has to be looked at again. */
async function lendFromWorkspace(
  tools: Tools,
  digest: Digest,
  nodes: Map<Digest, string>,
): Promise<void> {
  if (tools.objects.hasNode(digest)) return;
  const silent = { add: () => undefined };
  for (const path of tools.stats.pathsOf(digest)) {
    const absolute = `${tools.layout.root}/${path}`;
    const stat = lstatSync(absolute, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    const known = tools.stats.read(path)?.snapshot;
    const found = new Map<Digest, string>();
    const ignores = tools.ignores.above(path as RepoPath);
    const note = (node: Digest, text: string): void => void found.set(node, text);
    const read = await digestAt(tools, absolute, stat, known, 'digest', silent, ignores, note);
    if (read.artifact.digest !== digest) continue;
    for (const [node, text] of found) nodes.set(node, text);
    return;
  }
}

type Kind = ContentChange['kind'];

function* differences(
  objects: Objects,
  before: ArtifactRef,
  after: ArtifactRef,
): Generator<ContentChange> {
  if (before.files !== undefined && after.files !== undefined) {
    const [a, b] = [before as TreeSummary, after as TreeSummary];
    if (a.digest !== b.digest) yield* inDirectory(objects, a, b, '', 0);
  } else if (
    before.digest !== after.digest ||
    before.executable !== after.executable ||
    before.files !== after.files
  ) {
    yield { path: '', kind: 'modified' };
  }
}

function* inDirectory(
  objects: Objects,
  before: TreeSummary,
  after: TreeSummary,
  prefix: string,
  depth: number,
): Generator<ContentChange> {
  const [left, right] = unequalEntries(objects, before, after, prefix, depth);
  let [at, to] = [0, 0];
  while (at < left.length || to < right.length) {
    const [a, b] = [left[at], right[to]];
    if (a !== undefined && (b === undefined || a.name < b.name)) {
      yield* whole(objects, a, prefix, depth, 'removed');
      at += 1;
    } else if (b !== undefined && (a === undefined || b.name < a.name)) {
      yield* whole(objects, b, prefix, depth, 'added');
      to += 1;
    } else {
      if (a !== undefined && b !== undefined) yield* inEntry(objects, a, b, prefix, depth);
      at += 1;
      to += 1;
    }
  }
}

function* inEntry(
  objects: Objects,
  a: TreeEntry,
  b: TreeEntry,
  prefix: string,
  depth: number,
): Generator<ContentChange> {
  const path = prefix + a.name;
  if (a.kind === 'directory' && b.kind === 'directory') {
    if (a.digest !== b.digest) yield* inDirectory(objects, a, b, `${path}/`, depth + 1);
  } else if (a.kind === 'directory' || b.kind === 'directory') {
    yield* whole(objects, a, prefix, depth, 'removed');
    yield* whole(objects, b, prefix, depth, 'added');
  } else if (!isSameEntry(a, b)) yield { path, kind: 'modified' };
}

const isSameEntry = (a: TreeEntry, b: TreeEntry): boolean =>
  a.kind === 'file' && b.kind === 'file'
    ? a.digest === b.digest && a.executable === b.executable
    : a.kind === 'link' && b.kind === 'link' && a.target === b.target;

/** An entry and all below it came or went; an empty directory is named itself. */
function* whole(
  objects: Objects,
  entry: TreeEntry,
  prefix: string,
  depth: number,
  kind: Kind,
): Generator<ContentChange> {
  const path = prefix + entry.name;
  if (entry.kind !== 'directory') {
    yield { path, kind };
    return;
  }
  const entries = objects.readDirectory(entry, path, depth + 1);
  if (entries.length === 0) yield { path, kind };
  for (const child of entries) yield* whole(objects, child, `${path}/`, depth + 1, kind);
}

/** The entries of both directories, without those in parts that both share. */
function unequalEntries(
  objects: Objects,
  before: TreeSummary,
  after: TreeSummary,
  path: string,
  depth: number,
): [readonly TreeEntry[], readonly TreeEntry[]] {
  const left = objects.readNode(before.digest, path, depth);
  const right = objects.readNode(after.digest, path, depth);
  if (left.kind !== 'split' || right.kind !== 'split') {
    return [objects.readDirectory(before, path, depth), objects.readDirectory(after, path, depth)];
  }
  const pairs = unequalParts(left, right).map(([a, b]) => {
    if (a !== undefined && b !== undefined) return unequalEntries(objects, a, b, path, depth);
    const read = (part: TreeSummary | undefined): readonly TreeEntry[] =>
      part === undefined ? [] : objects.readDirectory(part, path, depth);
    return [read(a), read(b)] as const;
  });
  const inOrder = (entries: TreeEntry[]): TreeEntry[] =>
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return [inOrder(pairs.flatMap(([a]) => a)), inOrder(pairs.flatMap(([, b]) => b))];
}

type Split = Extract<TreeNode, { readonly kind: 'split' }>;

function unequalParts(
  left: Split,
  right: Split,
): (readonly [TreeSummary | undefined, TreeSummary | undefined])[] {
  const prefixes = new Set([...left.parts, ...right.parts].map(({ prefix }) => prefix));
  return [...prefixes].flatMap((prefix) => {
    const a = left.parts.find((part) => part.prefix === prefix);
    const b = right.parts.find((part) => part.prefix === prefix);
    return a?.digest === b?.digest ? [] : [[a, b] as const];
  });
}
