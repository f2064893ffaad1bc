import type { Artifact } from './artifact.ts';
import { byCodeUnit } from './json.ts';
import { parseDigest, type Digest } from './names.ts';
import { err, ok, type Result } from './result.ts';

/**
 * A directory's content as an object. A tree is one JSON text per directory, whose bytes are
 * canonical, so that equal directories have equal digests:
 *
 *   {"tree":1,"entries":[
 *   ["d","plumage","<64 hex>",<size>,<files>],
 *   ["f","robin.jpg","<64 hex>",<size>],
 *   ["l","latest","robin.jpg"],
 *   ["x","run.sh","<64 hex>",<size>]
 *   ]}
 *
 * sorted by name in code units (`d` directory, `f` file, `l` link, `x` executable file). A
 * directory of more than 4,096 entries is a split node instead: its entries are dealt out by the
 * first hex digit of their names' hash, a part that is still too large by the next digit, and so
 * on. Which node an entry lies in depends on the set of names alone; one changed file among
 * 100,000 rewrites one leaf of about 400 entries and two small nodes.
 *
 *   {"tree":1,"parts":[
 *   ["0","<64 hex>",<size>,<files>],
 *   …
 *   ]}
 */
export type TreeNode =
  | { readonly kind: 'entries'; readonly entries: readonly TreeEntry[] }
  | { readonly kind: 'split'; readonly parts: readonly TreePart[] };

export type TreeEntry =
  | {
      readonly kind: 'file';
      readonly name: string;
      readonly digest: Digest;
      readonly size: number;
      readonly executable: boolean;
    }
  | {
      readonly kind: 'directory';
      readonly name: string;
      readonly digest: Digest;
      readonly size: number;
      readonly files: number;
    }
  | { readonly kind: 'link'; readonly name: string; readonly target: string };

export interface TreePart {
  /** One hex digit: the next one of the names' hash. */
  readonly prefix: string;
  readonly digest: Digest;
  readonly size: number;
  readonly files: number;
}

/** The digest of a directory, its bytes and its files and links, everything below included. */
export interface TreeSummary {
  readonly digest: Digest;
  readonly size: number;
  readonly files: number;
}

export const MOST_ENTRIES = 4096;
export const DEEPEST = 256;
const HASH_DIGITS = 64;

/**
 * The nodes of one directory, given its entries in any order; names are unique.
 * `hash` is BLAKE3 of UTF-8 text in hex. `put` receives every node, parts before what names them.
 */
export function encodeDirectory(
  entries: readonly TreeEntry[],
  hash: (text: string) => string,
  put: (digest: Digest, text: string) => void,
): TreeSummary {
  const sorted = isSorted(entries)
    ? entries
    : [...entries].sort((a, b) => byCodeUnit(a.name, b.name));
  const node = (text: string, of: readonly (TreeEntry | TreePart)[]): TreeSummary => {
    const digest = `b3:${hash(text)}` as Digest;
    put(digest, text);
    return { digest, ...totals(of) };
  };
  if (sorted.length <= MOST_ENTRIES) return node(entriesText(sorted), sorted);
  const dealt = (
    level: number,
    hashed: readonly { entry: TreeEntry; nameHash: string }[],
  ): TreeSummary => {
    if (hashed.length <= MOST_ENTRIES || level === HASH_DIGITS) {
      const leaf = hashed.map(({ entry }) => entry);
      return node(entriesText(leaf), leaf);
    }
    const byDigit = Map.groupBy(hashed, ({ nameHash }) => nameHash.charAt(level));
    const parts = [...byDigit]
      .sort(([a], [b]) => byCodeUnit(a, b))
      .map(([prefix, members]) => ({ prefix, ...dealt(level + 1, members) }));
    return node(partsText(parts), parts);
  };
  return dealt(
    0,
    sorted.map((entry) => ({ entry, nameHash: hash(entry.name) })),
  );
}

/**
 * Reads a node that may come from anywhere. Whatever is not exactly what `encodeDirectory` writes
 * is refused, with the reason: an unsafe name or link, a wrong order, a doubled name, white space.
 * `depth` is how deep below the tree's root the directory lies (links may climb that far).
 */
export function decodeNode(text: string, depth: number): Result<TreeNode, string> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return err('it is not a tree');
  }
  if (typeof json !== 'object' || json === null) return err('it is not a tree');
  if ('tree' in json && json.tree !== 1) return err('its version is not known');
  const refusals: string[] = [];
  const refuse = (reason: string) => {
    refusals.push(reason);
  };
  let node: TreeNode;
  if ('entries' in json && Array.isArray(json.entries)) {
    const entries = json.entries.flatMap((row: unknown) => decodeEntry(row, depth, refuse) ?? []);
    node = { kind: 'entries', entries };
  } else if ('parts' in json && Array.isArray(json.parts)) {
    node = { kind: 'split', parts: json.parts.flatMap((row: unknown) => decodePart(row) ?? []) };
  } else {
    return err('it is not a tree');
  }
  const [refusal] = refusals;
  if (refusal !== undefined) return err(refusal);
  if (!isStrictlySorted(node)) return err('its names are not unique and in order');
  const canonical = node.kind === 'entries' ? entriesText(node.entries) : partsText(node.parts);
  return canonical === text ? ok(node) : err('it is not in canonical form');
}

/** What an entry names. A link has no content of its own; it comes with its directory. */
export function artifactOf(entry: Exclude<TreeEntry, { kind: 'link' }>): Artifact {
  const { digest, size } = entry;
  return entry.kind === 'directory'
    ? { kind: 'tree', digest, size, files: entry.files }
    : { kind: 'blob', digest, size, executable: entry.executable };
}

/** Why a name cannot stand in a tree; undefined when it can. */
export function refuseName(name: string): string | undefined {
  if (name === '' || name === '.' || name === '..') return 'it has no usable name';
  if (name.includes('/') || name.includes('\0')) return 'its name contains a slash or a NUL';
  if (!name.isWellFormed()) return 'its name is not UTF-8';
  return undefined;
}

/**
 * Why a link at `depth` directories below the out's root cannot be kept; undefined when it can.
 * `..` may only lead: `a/../../b` would be judged by its text, but followed through wherever `a`
 * points, and so could leave the out through a second link.
 */
export function refuseLink(target: string, depth: number): string | undefined {
  if (target === '' || target.includes('\0')) return 'its target is empty or contains a NUL';
  if (!target.isWellFormed()) return 'its target is not UTF-8';
  if (target.startsWith('/')) return `it is an absolute link (${target})`;
  let climbs = 0;
  let descended = false;
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') descended = true;
    else if (descended) return `its target climbs after descending (${target})`;
    else climbs += 1;
  }
  return climbs > depth ? `it is a link that leaves the directory (${target})` : undefined;
}

const hex = (digest: Digest): string => digest.slice('b3:'.length);

function entryText(entry: TreeEntry): string {
  const name = JSON.stringify(entry.name);
  switch (entry.kind) {
    case 'file':
      return `["${entry.executable ? 'x' : 'f'}",${name},"${hex(entry.digest)}",${entry.size}]`;
    case 'directory':
      return `["d",${name},"${hex(entry.digest)}",${entry.size},${entry.files}]`;
    case 'link':
      return `["l",${name},${JSON.stringify(entry.target)}]`;
  }
}

const entriesText = (entries: readonly TreeEntry[]): string =>
  `{"tree":1,"entries":[\n${entries.map(entryText).join(',\n')}\n]}\n`;

const partsText = (parts: readonly TreePart[]): string => {
  const rows = parts.map(
    ({ prefix, digest, size, files }) => `["${prefix}","${hex(digest)}",${size},${files}]`,
  );
  return `{"tree":1,"parts":[\n${rows.join(',\n')}\n]}\n`;
};

/** What entries or parts hold together. */
export function totals(of: readonly (TreeEntry | Omit<TreePart, 'prefix'>)[]): {
  readonly size: number;
  readonly files: number;
} {
  let size = 0;
  let files = 0;
  for (const each of of) {
    size += 'size' in each ? each.size : 0;
    files += 'files' in each ? each.files : 1;
  }
  return { size, files };
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

const digestOf = (value: unknown): Digest | undefined =>
  typeof value === 'string' ? parseDigest(`b3:${value}`) : undefined;

function decodeEntry(
  row: unknown,
  depth: number,
  refuse: (reason: string) => void,
): TreeEntry | undefined {
  const [letter, name, third, size, files] = Array.isArray(row) ? (row as unknown[]) : [];
  if (typeof name !== 'string') return undefined;
  const unusable = refuseName(name);
  if (unusable !== undefined) refuse(`${JSON.stringify(name)}: ${unusable}`);
  if (letter === 'l' && typeof third === 'string') {
    const escape = refuseLink(third, depth);
    if (escape !== undefined) refuse(`${JSON.stringify(name)}: ${escape}`);
    return { kind: 'link', name, target: third };
  }
  const digest = digestOf(third);
  if (digest === undefined || !isCount(size)) return undefined;
  if (letter === 'd' && isCount(files)) return { kind: 'directory', name, digest, size, files };
  if (letter === 'f' || letter === 'x') {
    return { kind: 'file', name, digest, size, executable: letter === 'x' };
  }
  return undefined;
}

function decodePart(row: unknown): TreePart | undefined {
  const [prefix, third, size, files] = Array.isArray(row) ? (row as unknown[]) : [];
  const digest = digestOf(third);
  if (typeof prefix !== 'string' || !/^[0-9a-f]$/.test(prefix)) return undefined;
  if (digest === undefined || !isCount(size) || !isCount(files)) return undefined;
  return { prefix, digest, size, files };
}

function isSorted(entries: readonly TreeEntry[]): boolean {
  return entries.every((entry, index) => {
    const before = entries[index - 1];
    return before === undefined || before.name < entry.name;
  });
}

function isStrictlySorted(node: TreeNode): boolean {
  const keys =
    node.kind === 'entries'
      ? node.entries.map(({ name }) => name)
      : node.parts.map(({ prefix }) => prefix);
  return keys.every((key, index) => {
    const before = keys[index - 1];
    return before === undefined || before < key;
  });
}
