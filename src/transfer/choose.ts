import { problem, type Problem } from '../model/diagnostic.ts';
import { toRef, type ArtifactRef } from '../model/artifact.ts';
import { matchesGlob } from '../model/glob.ts';
import type { Digest } from '../model/names.ts';
import { contains, overlap, parseRepoPath, type RepoPath } from '../model/names.ts';
import { err, ok, type Result } from '../model/result.ts';
import { artifactOf, type TreeEntry } from '../model/tree.ts';
import type { Want } from './closure.ts';
import type { Nodes } from './nodes.ts';
import { readOne } from './nodes.ts';

/** What pipeline.lock names at a path. */
export interface Tracked extends Want {
  readonly path: RepoPath;
  readonly stage?: string;
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

/**
 * As `chooseTracked`, but of what lies inside of a tracked directory only the part that is meant: its
 * trees are read for that, from the cache or the remote.
 */
export async function chooseInside(
  tracked: readonly Tracked[],
  targets: readonly string[],
  nodes: Nodes,
  url: string,
): Promise<Result<readonly Want[], Problem>> {
  if (targets.length === 0) return ok(tracked);
  const chosen = new Map<string, Want>();
  for (const target of targets) {
    const whole = tracked.filter((each) => means(target, each));
    const inside = isPattern(target)
      ? await matching(target, tracked, whole, nodes)
      : whole.length > 0
        ? []
        : await partAt(target, tracked, nodes, url);
    if (whole.length + inside.length === 0) return err(unknownTarget(target));
    for (const want of [...whole, ...inside]) chosen.set(want.path, want);
  }
  return ok([...chosen.values()]);
}

function means(target: string, { path, stage }: Tracked): boolean {
  if (stage === target) return true;
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

/** The file or folder at a path inside of a tracked directory. */
async function partAt(
  target: string,
  tracked: readonly Tracked[],
  nodes: Nodes,
  url: string,
): Promise<readonly Want[]> {
  const at = parseRepoPath(target);
  const owner = tracked.find(
    ({ path, ref }) => at !== undefined && ref.files !== undefined && contains(path, at),
  );
  if (at === undefined || owner === undefined) return [];
  let here: Want = owner;
  for (const [depth, name] of at
    .slice(owner.path.length + 1)
    .split('/')
    .entries()) {
    if (here.ref.files === undefined) return [];
    const listed = await list(here, depth, nodes, url);
    const entry = listed.find((each) => each.name === name);
    const ref = entry && refOf(entry);
    if (ref === undefined) return [];
    here = { path: `${here.path}/${name}`, ref };
  }
  return [here];
}

/** What matches a pattern inside of tracked directories that do not match as a whole. */
async function matching(
  pattern: string,
  tracked: readonly Tracked[],
  whole: readonly Tracked[],
  nodes: Nodes,
): Promise<readonly Want[]> {
  const fixed = parseRepoPath(fixedPart(pattern));
  if (fixed === undefined) return [];
  const found: Want[] = [];
  let level = tracked
    .filter((each) => !whole.includes(each) && each.ref.files !== undefined)
    .filter(({ path }) => overlap(fixed, path))
    .map((want): { readonly want: Want; readonly depth: number } => ({ want, depth: 0 }));
  while (level.length > 0) {
    const next: typeof level = [];
    for (const { want, depth } of level) {
      for (const entry of await list(want, depth, nodes, '')) {
        const path = `${want.path}/${entry.name}`;
        const ref = refOf(entry);
        if (ref === undefined) continue;
        if (matchesGlob(path, pattern)) found.push({ path, ref });
        else if (ref.files !== undefined && overlap(path as RepoPath, fixed)) {
          next.push({ want: { path, ref }, depth: depth + 1 });
        }
      }
    }
    level = next;
  }
  return found;
}

/** All entries of a directory, its split nodes joined. */
async function list(
  { path, ref }: Want,
  depth: number,
  nodes: Nodes,
  url: string,
): Promise<readonly TreeEntry[]> {
  const entries: TreeEntry[] = [];
  let waiting: readonly Digest[] = [ref.digest];
  // A directory of more entries than fit in memory is split 64 times at most.
  for (let level = 0; waiting.length > 0 && level <= 64; level++) {
    const next: Digest[] = [];
    await nodes.read(waiting.map((digest) => ({ digest, depth, path })));
    for (const digest of waiting) {
      const node = await readOne(nodes, { digest, depth, path }, url);
      if (node.kind === 'entries') entries.push(...node.entries);
      else next.push(...node.parts.map((part) => part.digest));
    }
    waiting = next;
  }
  return entries;
}

function refOf(entry: TreeEntry): ArtifactRef | undefined {
  const artifact = artifactOf(entry);
  return artifact && toRef(artifact);
}

const unknownTarget = (target: string): Problem =>
  problem(
    'usage',
    'remote/unknown-target',
    `pipeline.lock names nothing at \`${target}\``,
    'give a stage, a path that a stage writes or that was added, something inside of one, or a pattern',
  );
