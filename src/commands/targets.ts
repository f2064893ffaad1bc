import { closest } from '../model/did-you-mean.ts';
import type { Graph } from '../model/graph.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import { parseRepoPath, type StageName } from '../model/names.ts';
import { err, ok, type Result } from '../model/result.ts';

/** Stage names for targets as typed: a stage, or a path that one writes. */
export function resolveTargets(
  graph: Graph,
  targets: readonly string[],
): Result<readonly StageName[], Problem> {
  const names: StageName[] = [];
  for (const target of targets) {
    const name = resolveTarget(graph, target);
    if (name === undefined) return err(unknownTarget(graph, target));
    names.push(name);
  }
  return ok(names);
}

function resolveTarget(graph: Graph, target: string): StageName | undefined {
  const stage = graph.stages.get(target as StageName);
  if (stage !== undefined) return stage.name;
  const path = parseRepoPath(target);
  return path === undefined ? undefined : graph.producerOf(path)?.name;
}

function unknownTarget(graph: Graph, target: string): Problem {
  const near = closest(target, graph.order);
  const hint =
    near !== undefined
      ? `did you mean "${near}"?`
      : graph.order.length === 0
        ? 'pipeline.yaml declares no stages yet'
        : `stages are: ${graph.order.join(', ')}`;
  return problem(
    'usage',
    'usage/unknown-target',
    `no stage is called or writes \`${target}\``,
    hint,
  );
}
