import { closest } from '../model/did-you-mean.ts';
import type { Graph } from '../model/graph.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import { matchesGlob } from '../model/glob.ts';
import { groupOf, parseRepoPath, type StageName } from '../model/names.ts';
import { err, ok, type Result } from '../model/result.ts';

export interface TargetOptions {
  /** Targets are patterns over names of stages: `train@*`. */
  readonly glob: boolean;
}

/** Stage names for targets as typed: a stage, a group (`train` for every `train@…`), or a path that one writes. */
export function resolveTargets(
  graph: Graph,
  targets: readonly string[],
  { glob }: TargetOptions = { glob: false },
): Result<readonly StageName[], Problem> {
  const names = new Set<StageName>();
  for (const target of targets) {
    const found = glob
      ? graph.order.filter((name) => matchesGlob(name, target))
      : resolveTarget(graph, target);
    if (found.length === 0) return err(unknownTarget(graph, target, glob));
    for (const name of found) names.add(name);
  }
  return ok([...names]);
}

function resolveTarget(graph: Graph, target: string): readonly StageName[] {
  const stage = graph.stages.get(target as StageName);
  if (stage !== undefined) return [stage.name];
  const members = graph.order.filter((name) => groupOf(name) === target);
  if (members.length > 0) return members;
  const path = parseRepoPath(target);
  const producer = path === undefined ? undefined : graph.producerOf(path);
  return producer === undefined ? [] : [producer.name];
}

function unknownTarget(graph: Graph, target: string, glob: boolean): Problem {
  const groups = graph.order.map((name) => groupOf(name) ?? name);
  const names = [...new Set(groups)];
  const near = glob ? undefined : closest(target, [...names, ...graph.order]);
  const hint =
    near !== undefined
      ? `did you mean "${near}"?`
      : names.length === 0
        ? 'pipeline.yaml declares no stages yet'
        : `stages are: ${names.slice(0, MOST_NAMES).join(', ')}${names.length > MOST_NAMES ? ', …' : ''}`;
  const message = glob
    ? `no stage matches \`${target}\``
    : `no stage is called or writes \`${target}\``;
  return problem('usage', 'usage/unknown-target', message, hint);
}

const MOST_NAMES = 20;
