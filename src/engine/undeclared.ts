import type { Graph } from '../model/graph.ts';
import { byCodeUnit } from '../model/json.ts';
import { contains, overlap, type RepoPath } from '../model/names.ts';
import type { Stage } from '../model/pipeline.ts';
import type { Accesses, FileRead, Traced, Undeclared, UndeclaredPath } from '../model/trace.ts';

/** From how many files on a directory may be named in their place. */
const MANY = 4;

/**
 * Holds what a stage did against what it declares. What was declared and never read is told only
 * where every process was watched to a good end: a failed stage may not have come that far.
 */
export function findUndeclared(
  stage: Stage,
  { by, accesses }: Traced,
  about: { readonly graph: Pick<Graph, 'stages' | 'producerOf'>; readonly succeeded: boolean },
): Undeclared {
  const { graph } = about;
  const reads = accesses.read.filter((read) => !isDeclaredInput(stage, read));
  const writes = accesses.written.filter((path) => !isOut(stage, path));
  const outs = [...graph.stages.values()].flatMap((each) => each.outs.map(({ path }) => path));
  const inputs = [...graph.stages.values()].flatMap(({ deps }) => deps);
  return {
    reads: nameReads(reads, accesses, outs, graph),
    writes: nameWrites(writes, accesses, [...outs, ...inputs], graph),
    unread:
      by === 'strace' && about.succeeded
        ? stage.deps.filter((dep) => !wasRead(dep, accesses)).sort(byCodeUnit)
        : [],
  };
}

const namesOf = ({ path, real }: FileRead): readonly RepoPath[] =>
  real === undefined ? [path] : [path, real];

const isDeclaredInput = (stage: Stage, read: FileRead): boolean =>
  namesOf(read).some(
    (name) =>
      stage.deps.some((dep) => contains(dep, name)) ||
      stage.params.some(({ file }) => file === name) ||
      isOut(stage, name),
  );

const isOut = (stage: Stage, path: RepoPath): boolean =>
  stage.outs.some((out) => contains(out.path, path));

const wasRead = (dep: RepoPath, { read, listed }: Accesses): boolean =>
  read.some((file) => namesOf(file).some((name) => contains(dep, name))) ||
  listed.some((directory) => contains(dep, directory));

/** A file inside another stage's out stands for the out: that is the edge the graph lacks. */
function nameReads(
  reads: readonly FileRead[],
  { listed, written }: Accesses,
  outs: readonly RepoPath[],
  graph: Pick<Graph, 'producerOf'>,
): readonly UndeclaredPath[] {
  const edges = new Map<RepoPath, UndeclaredPath>();
  const sources: RepoPath[] = [];
  for (const read of reads) {
    const edge = namesOf(read).flatMap((name) => {
      const producer = graph.producerOf(name);
      const out = producer?.outs.find(({ path }) => contains(path, name));
      return producer === undefined || out === undefined ? [] : [{ producer, path: out.path }];
    })[0];
    if (edge === undefined) sources.push(read.path);
    else {
      const files = (edges.get(edge.path)?.files ?? 0) + 1;
      edges.set(edge.path, { path: edge.path, files, producer: edge.producer.name });
    }
  }
  // Who lists a directory reads which names there are, so that a new file in it counts.
  return sorted([...edges.values(), ...gather(sources, listed, [...outs, ...written])]);
}

function nameWrites(
  writes: readonly RepoPath[],
  { read }: Accesses,
  taken: readonly RepoPath[],
  graph: Pick<Graph, 'producerOf'>,
): readonly UndeclaredPath[] {
  const foreign = writes.filter((path) => graph.producerOf(path) !== undefined);
  const own = writes.filter((path) => !foreign.includes(path));
  const directories = [...new Set(own.flatMap(parentsOf))].sort(byCodeUnit);
  return sorted([
    ...foreign.map((path): UndeclaredPath => {
      const producer = graph.producerOf(path)?.name;
      return { path, files: 1, ...(producer !== undefined && { producer }) };
    }),
    ...gather(own, directories, [...taken, ...read.flatMap(namesOf)]),
  ]);
}

/**
 * Many files of one directory as the directory, the highest there is, unless something in it has
 * another owner.
 */
function gather(
  paths: readonly RepoPath[],
  directories: readonly RepoPath[],
  taken: readonly RepoPath[],
): readonly UndeclaredPath[] {
  const gathered: UndeclaredPath[] = [];
  let left = paths;
  // Sorted, so that a directory comes before those inside it.
  for (const directory of directories) {
    const inside = left.filter((path) => contains(directory, path));
    const entries = new Set(inside.map((path) => path.slice(directory.length + 1).split('/')[0]));
    if (inside.length < MANY || entries.size < 2) continue;
    const disputed = (path: RepoPath): boolean => !paths.includes(path) && overlap(directory, path);
    if (taken.some(disputed)) continue;
    gathered.push({ path: directory, files: inside.length });
    left = left.filter((path) => !inside.includes(path));
  }
  return [...gathered, ...left.map((path) => ({ path, files: 1 }))];
}

/** `a/b/c` lies in `a` and `a/b`; the project itself is nobody's out. */
const parentsOf = (path: RepoPath): readonly RepoPath[] =>
  path
    .split('/')
    .slice(0, -1)
    .map((_, depth, parts) => parts.slice(0, depth + 1).join('/') as RepoPath);

const sorted = (paths: readonly UndeclaredPath[]): readonly UndeclaredPath[] =>
  [...paths].sort((a, b) => byCodeUnit(a.path, b.path));
