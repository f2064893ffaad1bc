import { problem, type Problem } from '../model/diagnostic.ts';
import { matchesGlob } from '../model/glob.ts';
import {
  contains,
  groupOf,
  overlap,
  parseRepoPath,
  type RepoPath,
  type StageName,
} from '../model/names.ts';
import { assertNever, err, ok, type Result } from '../model/result.ts';
import type { Want } from './closure.ts';
import { entriesOf, locate, refOf } from './directories.ts';
import type { Nodes } from './nodes.ts';

/** What pipeline.lock names at a path. */
export interface Tracked extends Want {
  readonly path: RepoPath;
  readonly stage?: StageName;
}

const isPattern = (target: string): boolean => /[*?[]/.test(target);

/**
 * The tracked content that targets mean: a stage's, everything below a path, whatever matches a pattern.
 * What lies inside of tracked content stands for all of it.
 */
export function chooseTracked(
  tracked: readonly Tracked[],
  targets: readonly string[],
): Result<readonly Tracked[], Problem> {
  if (targets.length === 0) return ok(tracked);
  const chosen = new Set<Tracked>();
  for (const target of targets) {
    const found = tracked.filter((each) => means(target, each) || isInside(target, each));
    if (found.length === 0) return err(unknownTarget(target));
    for (const each of found) chosen.add(each);
  }
  return ok([...chosen]);
}

/** What a pull is asked for. */
export interface Choice {
  readonly targets: readonly string[];
  /** Of a directory that cannot be read, and that targets lie in, the whole is meant, and missing. */
  readonly allowMissing: boolean;
}

/**
 * As `chooseTracked`, but of what lies inside of a tracked directory only the part that is meant: its
 * trees are read for that, from the cache or the remote.
 */
export async function chooseInside(
  tracked: readonly Tracked[],
  { targets, allowMissing }: Choice,
  nodes: Nodes,
  url: string,
): Promise<Result<readonly Want[], Problem>> {
  if (targets.length === 0) return ok(tracked);
  const chosen = new Map<string, Want>();
  for (const target of targets) {
    const whole = tracked.filter((each) => means(target, each));
    const inside = await (isPattern(target)
      ? matching(target, tracked, whole, nodes)
      : partAt(target, whole.length > 0 ? [] : tracked, nodes));
    if (!inside.ok) return inside;
    const { parts, unreadable } = inside.value;
    const [first] = unreadable;
    if (first !== undefined && !allowMissing) return err(notThere(first.path, url));
    const found = [...whole, ...parts, ...unreadable];
    if (found.length === 0) return err(unknownTarget(target));
    for (const want of found) chosen.set(want.path, want);
  }
  return ok([...chosen.values()]);
}

function means(target: string, { path, stage }: Tracked): boolean {
  if (stage !== undefined && (stage === target || groupOf(stage) === target)) return true;
  if (isPattern(target)) return matchesGlob(path, target);
  const at = parseRepoPath(target);
  return at !== undefined && contains(at, path);
}

function isInside(target: string, { path, ref }: Tracked): boolean {
  const at = parseRepoPath(isPattern(target) ? fixedPart(target) : target);
  return at !== undefined && ref.files !== undefined && contains(path, at);
}

/** The folder of a pattern that no character of it leaves open. */
const fixedPart = (pattern: string): string => {
  const fixed = pattern.slice(0, pattern.search(/[*?[]/));
  return fixed.includes('/') ? fixed.slice(0, fixed.lastIndexOf('/')) : '.';
};

interface Inside {
  readonly parts: readonly Want[];
  /** Directories that neither the cache nor the remote has. */
  readonly unreadable: readonly Want[];
}

/** The file or folder at a path inside of a tracked directory. */
async function partAt(
  target: string,
  tracked: readonly Tracked[],
  nodes: Nodes,
): Promise<Result<Inside, Problem>> {
  const none: Inside = { parts: [], unreadable: [] };
  const at = parseRepoPath(target);
  const owner = tracked.find(
    ({ path, ref }) => at !== undefined && ref.files !== undefined && contains(path, at),
  );
  if (at === undefined || owner === undefined) return ok(none);
  const located = await locate(owner, at, nodes);
  switch (located.kind) {
    case 'content':
      return ok({ ...none, parts: [located.want] });
    case 'unreadable':
      return ok({ ...none, unreadable: [located.directory] });
    case 'link':
      return err(isLink(located.path, located.target));
    case 'nothing':
      return ok(none);
    default:
      return assertNever(located);
  }
}

/** What matches a pattern inside of tracked directories that do not match as a whole. */
async function matching(
  pattern: string,
  tracked: readonly Tracked[],
  whole: readonly Tracked[],
  nodes: Nodes,
): Promise<Result<Inside, Problem>> {
  const parts: Want[] = [];
  const unreadable: Want[] = [];
  const fixed = parseRepoPath(fixedPart(pattern));
  let level = tracked
    .filter((each) => !whole.includes(each) && each.ref.files !== undefined)
    .filter(({ path }) => fixed !== undefined && overlap(fixed, path))
    .map((want): { readonly want: Want; readonly depth: number } => ({ want, depth: 0 }));
  while (level.length > 0) {
    const next: typeof level = [];
    for (const { want, depth } of level) {
      const entries = await entriesOf(want, depth, nodes);
      if (entries === undefined) unreadable.push(want);
      for (const entry of entries ?? []) {
        if (entry.kind === 'link') continue;
        const inner = { path: `${want.path}/${entry.name}`, ref: refOf(entry) };
        if (matchesGlob(inner.path, pattern)) parts.push(inner);
        else if (entry.kind === 'directory' && overlap(inner.path as RepoPath, fixed as RepoPath)) {
          next.push({ want: inner, depth: depth + 1 });
        }
      }
    }
    level = next;
  }
  return ok({ parts, unreadable });
}

const isLink = (path: string, target: string): Problem =>
  problem(
    'usage',
    'remote/is-link',
    `${path.slice(0, 200)} is a link to ${target.slice(0, 200)} and has no content of its own`,
    'name the directory that it lies in',
  );

const notThere = (path: string, url: string): Problem =>
  problem(
    'remote',
    'remote/not-there',
    `neither the cache nor ${url} has the directory ${path.slice(0, 200)}`,
    'whoever has it: `avian push`',
  );

const unknownTarget = (target: string): Problem =>
  problem(
    'usage',
    'remote/unknown-target',
    `pipeline.lock names nothing at \`${target}\``,
    'give a stage, a path that a stage writes or that was added, something inside of one, or a pattern',
  );
