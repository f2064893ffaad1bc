import { overlap } from './names.ts';
import type { RepoPath, StageName } from './names.ts';
import type { Stage } from './pipeline.ts';

/**
 * Who needs whom. An edge is a dep that is an out, lies inside one, or is a directory with one
 * inside. Stages and neighbours are named in declared order.
 */
export interface Graph {
  readonly stages: ReadonlyMap<StageName, Stage>;
  /** Declared order, each stage preceded by what it needs. */
  readonly order: readonly StageName[];
  /** Direct producers of a stage's deps; an entry for every stage. */
  readonly producers: ReadonlyMap<StageName, readonly StageName[]>;
  /** Stages that read what a stage writes; an entry for every stage. */
  readonly consumers: ReadonlyMap<StageName, readonly StageName[]>;
  /** The stage one of whose outs is, or contains, `path`. */
  producerOf(path: RepoPath): Stage | undefined;
  /** As `producerOf`, and for a directory also the stages whose outs lie inside it. */
  producersOf(path: RepoPath): readonly Stage[];
}

/** What edges are made of; the loader asks before there is a whole `Stage`. */
export type GraphNode = {
  readonly name: StageName;
  readonly deps: readonly RepoPath[];
  readonly outs: readonly { readonly path: RepoPath }[];
};

/**
 * The graph of a validated pipeline.
 * @throws Error for a cycle, which the loader refuses with `findCycle`.
 */
export function buildGraph(stages: readonly Stage[]): Graph {
  const byName = new Map(stages.map((stage) => [stage.name, stage]));
  const index = indexOuts(stages);
  const producers = producersByStage(stages, index);
  const sorted = sort(producers);
  if (sorted.kind === 'cycle') throw new Error(`bug: cycle ${sorted.path.join(' -> ')}`);

  const consumers = new Map<StageName, StageName[]>(stages.map(({ name }) => [name, []]));
  for (const [name, needed] of producers) {
    for (const producer of needed) consumers.get(producer)?.push(name);
  }
  return {
    stages: byName,
    order: sorted.order,
    producers,
    consumers,
    producerOf: (path) => index.ownerOf(path),
    producersOf: (path) => index.overlapping(path),
  };
}

/**
 * The stages that have to settle before this one. A frozen stage waits for nobody and needs nobody:
 * its inputs are not looked at, as in DVC.
 */
export const awaitedBy = (
  { stages, producers }: Pick<Graph, 'stages' | 'producers'>,
  name: StageName,
): readonly StageName[] => (stages.get(name)?.frozen === true ? [] : (producers.get(name) ?? []));

/** A cycle as a path whose last name repeats its first, `[a, b, a]`, or undefined. A stage that reads its own out is one. */
export function findCycle(stages: readonly GraphNode[]): readonly StageName[] | undefined {
  const sorted = sort(producersByStage(stages, indexOuts(stages)));
  return sorted.kind === 'cycle' ? sorted.path : undefined;
}

/** The dep of `consumer` through which it needs `producer`, and the out behind it. */
export function edgeBetween(
  consumer: GraphNode,
  producer: GraphNode,
): { readonly dep: RepoPath; readonly out: RepoPath } | undefined {
  for (const dep of consumer.deps) {
    const out = producer.outs.find(({ path }) => overlap(path, dep));
    if (out !== undefined) return { dep, out: out.path };
  }
  return undefined;
}

interface OutIndex<Node> {
  ownerOf(path: RepoPath): Node | undefined;
  overlapping(path: RepoPath): readonly Node[];
}

// By path and by every ancestor of a path, so that a lookup costs the depth of the path and not
// the number of outs: a matrix makes thousands of both.
function indexOuts<Node extends GraphNode>(nodes: readonly Node[]): OutIndex<Node> {
  const owners = new Map<RepoPath, Node>();
  const inside = new Map<RepoPath, Set<Node>>();
  for (const node of nodes) {
    for (const { path } of node.outs) {
      if (!owners.has(path)) owners.set(path, node);
      for (let at: RepoPath | undefined = path; at !== undefined; at = parentOf(at)) {
        const found = inside.get(at);
        if (found === undefined) inside.set(at, new Set([node]));
        else found.add(node);
      }
    }
  }
  const ownerOf = (path: RepoPath): Node | undefined => {
    for (let at: RepoPath | undefined = path; at !== undefined; at = parentOf(at)) {
      const owner = owners.get(at);
      if (owner !== undefined) return owner;
    }
    return undefined;
  };
  return {
    ownerOf,
    overlapping: (path) => {
      const owner = ownerOf(path);
      const within = inside.get(path);
      // Nearly every dep is an out or a source: no set for those, a graph asks for each at every start.
      if (within === undefined) return owner === undefined ? [] : [owner];
      if (within.size === 1 && owner !== undefined && within.has(owner)) return [owner];
      return [...new Set(owner === undefined ? within : [owner, ...within])];
    },
  };
}

/** `a/b` for `a/b/c`, `.` for `a`, nothing for `.`. */
function parentOf(path: RepoPath): RepoPath | undefined {
  const end = path.lastIndexOf('/');
  if (end > 0) return path.slice(0, end) as RepoPath;
  return path === '.' ? undefined : ('.' as RepoPath);
}

function producersByStage(
  nodes: readonly GraphNode[],
  index: OutIndex<GraphNode>,
): ReadonlyMap<StageName, readonly StageName[]> {
  const declared = new Map(nodes.map(({ name }, position) => [name, position]));
  const position = (name: StageName): number => declared.get(name) ?? 0;
  return new Map(
    nodes.map((node) => {
      const needed = new Set<StageName>();
      for (const dep of node.deps) for (const { name } of index.overlapping(dep)) needed.add(name);
      return [node.name, [...needed].sort((a, b) => position(a) - position(b))];
    }),
  );
}

type Sorted =
  | { readonly kind: 'order'; readonly order: readonly StageName[] }
  | { readonly kind: 'cycle'; readonly path: readonly StageName[] };

// Depth first with a stack of its own: a chain of ten thousand stages must not end in a RangeError.
function sort(producers: ReadonlyMap<StageName, readonly StageName[]>): Sorted {
  const done = new Set<StageName>();
  for (const start of producers.keys()) {
    if (done.has(start)) continue;
    const path = [{ name: start, next: 0 }];
    const onPath = new Set([start]);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const needed = producers.get(top.name)?.[top.next++];
      if (needed === undefined) {
        path.pop();
        onPath.delete(top.name);
        done.add(top.name);
      } else if (onPath.has(needed)) {
        const names = path.map(({ name }) => name);
        return { kind: 'cycle', path: [...names.slice(names.indexOf(needed)), needed] };
      } else if (!done.has(needed)) {
        path.push({ name: needed, next: 0 });
        onPath.add(needed);
      }
    }
  }
  return { kind: 'order', order: [...done] };
}
