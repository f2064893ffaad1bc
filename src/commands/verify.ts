import { checkGates, checkStage } from '../engine/verify.ts';
import { plan } from '../engine/plan.ts';
import { workOf } from '../engine/request.ts';
import type { Problem } from '../model/diagnostic.ts';
import type { RepoPath, StageName } from '../model/names.ts';
import { ok, type Result } from '../model/result.ts';
import type { VerifyView } from '../model/views.ts';
import type { CommandContext } from './context.ts';
import { loadWorkload } from './load-workload.ts';
import { resolveTargets } from './targets.ts';

export interface VerifyOptions {
  /** Stages, or paths that they write; all when empty. */
  readonly targets: readonly string[];
  readonly overrides: readonly string[];
}

/** `avian verify`: whether pipeline.lock belongs to pipeline.yaml, params and code; for CI, without data. Reads only. */
export async function verify(
  options: VerifyOptions,
  context: CommandContext,
): Promise<Result<VerifyView, Problem>> {
  const { ports } = context;
  const workload = await loadWorkload(options.overrides, context);
  if (!workload.ok) return workload;
  const { graph } = workload.value;
  const targets = resolveTargets(graph, options.targets);
  if (!targets.ok) return targets;
  const lock = await ports.lock.read();
  if (!lock.ok) return lock;

  const stages: VerifyView['stages'][number][] = [];
  for (const name of plan(graph, { targets: targets.value, single: false, downstream: false })) {
    const work = workOf(workload.value, name);
    stages.push({
      name,
      check: await checkStage(work, lock.value, workload.value, ports),
      gates: await checkGates(work, lock.value.stages[name], ports),
    });
  }
  const all = options.targets.length === 0;
  const { sources, stages: locked } = lock.value;
  return ok({
    stages,
    contested: Object.entries(sources).flatMap(([path, { conflict }]) =>
      conflict === undefined ? [] : [path as RepoPath],
    ),
    undeclared: Object.keys(locked)
      .map((name) => name as StageName)
      .filter((name) => all && !graph.stages.has(name)),
  });
}

export const hasFailedGate = ({ stages }: VerifyView): boolean =>
  stages.some(({ gates }) => gates.some(({ state }) => state === 'failed'));

/** True when the lock does not belong to the rest. What could not be checked is told, and is not stale. */
export const isOutOfDate = ({ stages, contested, undeclared }: VerifyView): boolean =>
  contested.length + undeclared.length > 0 || stages.some(({ check }) => check.kind === 'stale');
