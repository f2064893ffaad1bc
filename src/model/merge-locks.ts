import { byCodeUnit, canonicalJson } from './json.ts';
import {
  contested,
  type Contested,
  type PipelineLock,
  type SourceRef,
  type StageEntry,
} from './lock.ts';

export interface LockMerge {
  readonly lock: PipelineLock;
  /** Both sides changed these to different entries: each is kept with its `conflict`. */
  readonly conflicts: readonly LockPlace[];
  /** One side removed what the other changed: the changed entry is kept. */
  readonly kept: readonly LockPlace[];
}

export interface LockPlace {
  readonly kind: 'stage' | 'source';
  readonly name: string;
}

/**
 * Merges two locks that grew from `base`, entry by entry, as git merges lines. No entry of either
 * side is lost: it is in the result, or the other side replaced what was in the base, or it stands
 * in a `conflict`. Entries are never mixed: outs of one run under the fingerprint of another would
 * be a lie. Without a base (a file that both sides added) every difference is a conflict.
 */
export function mergeLocks(
  base: PipelineLock,
  ours: PipelineLock,
  theirs: PipelineLock,
): LockMerge {
  const stages = mergeMaps<StageEntry>(base.stages, ours.stages, theirs.stages);
  const sources = mergeMaps<SourceRef>(base.sources, ours.sources, theirs.sources);
  const places = (which: 'conflicts' | 'kept'): LockPlace[] => [
    ...sources[which].map((name): LockPlace => ({ kind: 'source', name })),
    ...stages[which].map((name): LockPlace => ({ kind: 'stage', name })),
  ];
  return {
    lock: { version: 1, sources: sources.merged, stages: stages.merged },
    conflicts: places('conflicts'),
    kept: places('kept'),
  };
}

type Entries<Value> = { readonly [name: string]: Contested<Value> };

function mergeMaps<Value extends StageEntry | SourceRef>(
  base: Entries<Value>,
  ours: Entries<Value>,
  theirs: Entries<Value>,
): {
  readonly merged: Entries<Value>;
  readonly conflicts: readonly string[];
  readonly kept: readonly string[];
} {
  const merged = new Map<string, Contested<Value>>();
  const conflicts: string[] = [];
  const kept: string[] = [];
  for (const name of [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].sort(
    byCodeUnit,
  )) {
    const [old, mine, other] = [own(base, name), own(ours, name), own(theirs, name)];
    if (same(mine, other) || same(other, old)) {
      if (mine !== undefined) merged.set(name, mine);
    } else if (same(mine, old)) {
      if (other !== undefined) merged.set(name, other);
    } else if (mine === undefined || other === undefined) {
      const changed = mine ?? other;
      if (changed !== undefined) merged.set(name, changed);
      kept.push(name);
    } else {
      merged.set(name, both(mine, other));
      conflicts.push(name);
    }
  }
  return { merged: Object.fromEntries(merged), conflicts, kept };
}

/** Each value once, ours first; sides that carry a conflict of their own bring it along. */
function both<Value>(mine: Contested<Value>, other: Contested<Value>): Contested<Value> {
  const values = [mine, other].flatMap(({ conflict, ...value }): Value[] => [
    value as unknown as Value,
    ...(conflict ?? []),
  ]);
  const seen = new Set<string>();
  const [first, ...others] = values.filter((value) => {
    const text = canonicalJson(value);
    return !seen.has(text) && seen.add(text).size > 0;
  });
  if (first === undefined) throw new Error('bug: a conflict without sides');
  return contested(first, others);
}

const own = <T>(map: { readonly [name: string]: T }, name: string): T | undefined =>
  Object.hasOwn(map, name) ? map[name] : undefined;

const same = (a: unknown, b: unknown): boolean =>
  canonicalJson(a ?? null) === canonicalJson(b ?? null);
