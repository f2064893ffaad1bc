import { plan } from '../engine/plan.ts';
import type { Problem } from '../model/diagnostic.ts';
import type { StageName } from '../model/names.ts';
import type { Result } from '../model/result.ts';
import type { StatusView } from '../model/views.ts';
import type { CommandContext } from './context.ts';
import { judgeAll } from './judge-all.ts';
import { loadWorkload } from './load-workload.ts';
import { resolveTargets } from './targets.ts';

export interface StatusOptions {
  readonly targets: readonly string[];
  readonly overrides: readonly string[];
  readonly probes: boolean;
  /** Told which stages will be judged, in topological order, before that takes its time. */
  readonly onPlanned?: (stages: readonly StageName[]) => void;
}

/** `avian status`: the verdict on every stage, as `repro` would reach it. */
export async function status(
  options: StatusOptions,
  context: CommandContext,
): Promise<Result<StatusView, Problem>> {
  const workload = await loadWorkload(options.overrides, context);
  if (!workload.ok) return workload;
  const targets = resolveTargets(workload.value.graph, options.targets);
  if (!targets.ok) return targets;
  const planned = plan(workload.value.graph, {
    targets: targets.value,
    single: false,
    downstream: false,
  });
  options.onPlanned?.(planned);
  const judging = { force: false, runCache: true, probes: options.probes, nameRuns: true };
  return judgeAll(workload.value, planned, judging, context);
}

/** True when some stage would not be skipped, or a source waits for a choice. */
export const needsWork = ({ stages, contested }: StatusView): boolean =>
  contested !== undefined ||
  stages.some(({ verdict }) => verdict.kind !== 'up-to-date' && verdict.kind !== 'frozen');
