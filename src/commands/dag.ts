import type { Problem } from '../model/diagnostic.ts';
import { plan } from '../engine/plan.ts';
import { ok, type Result } from '../model/result.ts';
import type { DagView } from '../model/views.ts';
import type { CommandContext } from './context.ts';
import { loadWorkload } from './load-workload.ts';
import { resolveTargets } from './targets.ts';

/** `avian dag [target]`: the declared graph, of the target and what it needs. */
export async function dag(
  options: { readonly targets: readonly string[] },
  context: CommandContext,
): Promise<Result<DagView, Problem>> {
  const workload = await loadWorkload([], context);
  if (!workload.ok) return workload;
  const { graph } = workload.value;
  const targets = resolveTargets(graph, options.targets);
  if (!targets.ok) return targets;
  const planned = plan(graph, { targets: targets.value, single: false, downstream: false });
  return ok({
    stages: planned.map((name) => {
      const stage = graph.stages.get(name);
      return {
        name,
        needs: graph.producers.get(name) ?? [],
        outs: stage?.outs.map(({ path }) => path) ?? [],
        ...(stage?.desc !== undefined && { desc: stage.desc }),
      };
    }),
  });
}
