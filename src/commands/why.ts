import { causes } from '../engine/inspect.ts';
import { plan } from '../engine/plan.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { WhyView } from '../model/views.ts';
import type { CommandContext } from './context.ts';
import { judgements } from './judge-all.ts';
import { loadWorkload } from './load-workload.ts';
import { resolveTargets } from './targets.ts';

export interface WhyOptions {
  readonly target: string;
  readonly overrides: readonly string[];
  readonly probes: boolean;
}

/** `avian why <stage>`: its verdict before anything runs, and the way up to the change behind it. */
export async function why(
  options: WhyOptions,
  context: CommandContext,
): Promise<Result<WhyView, Problem>> {
  const workload = await loadWorkload(options.overrides, context);
  if (!workload.ok) return workload;
  const { graph } = workload.value;
  const targets = resolveTargets(graph, [options.target]);
  if (!targets.ok) return targets;
  const [stage, ...others] = targets.value;
  if (stage === undefined) return err(problem('usage', 'usage/no-stage', 'name a stage'));
  if (others.length > 0) {
    const message = `\`${options.target}\` is a group of ${others.length + 1} stages`;
    const hint = `name one of them, such as \`${stage}\``;
    return err(problem('usage', 'usage/several-stages', message, hint));
  }
  const planned = plan(graph, { targets: [stage], single: false, downstream: false });
  const judging = { force: false, runCache: true, probes: options.probes, nameRuns: true };
  const judged = await judgements(workload.value, planned, judging, context);
  if (!judged.ok) return judged;
  const verdict = judged.value.get(stage)?.verdict;
  if (verdict === undefined) throw new Error(`bug: ${stage} was planned and not judged`);
  const latest = await context.ports.runs.latest(stage);
  return ok({
    stage,
    verdict,
    chain: causes(workload.value, stage, judged.value),
    ...(latest !== undefined && { latest }),
  });
}
