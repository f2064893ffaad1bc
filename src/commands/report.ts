import { plan } from '../engine/plan.ts';
import type { Workload } from '../engine/request.ts';
import type { Problem } from '../model/diagnostic.ts';
import type { StageName } from '../model/names.ts';
import { ok, type Result } from '../model/result.ts';
import type { ReportMetric, ReportStage, ReportView } from '../model/report-views.ts';
import type { Run } from '../model/run.ts';
import { declaredPlots } from '../plots/declared.ts';
import type { LookContext } from './context.ts';
import { experiments } from './experiments.ts';
import { judgements } from './judge-all.ts';
import { loadWorkload, readProject } from './load-workload.ts';
import { directionsOf } from './metrics.ts';
import { drawPlots } from './plots.ts';
import { lineageOf } from './report-lineage.ts';
import { workspaceFiles } from './revision-files.ts';
import { snapshotOf } from './snapshots.ts';

/**
 * `avian report`: what is known of the project as it stands, from lineage and from the files that
 * it declares as metrics and plots. Reads only; probes are not asked.
 */
export async function report(
  { overrides }: { readonly overrides: readonly string[] },
  context: LookContext,
): Promise<Result<ReportView, Problem>> {
  const { ports, revisions, version } = context;
  const project = await readProject(overrides, context);
  if (!project.ok) return project;
  const workload = await loadWorkload(overrides, context);
  if (!workload.ok) return workload;
  const lock = await ports.lock.read();
  if (!lock.ok) return lock;
  const snapshot = await snapshotOf('workspace', context);
  if (!snapshot.ok) return snapshot;
  const runs = await currentRuns(workload.value, snapshot.value.runs, context);
  const stages = await stagesOf(workload.value, runs, context);
  if (!stages.ok) return stages;
  const tried = await experiments({ all: false }, context);
  if (!tried.ok) return tried;
  const commit = await revisions.commitOf('HEAD');
  const before = commit === undefined ? undefined : await snapshotOf('HEAD', context);
  return ok({
    madeAt: new Date(ports.clock.now()).toISOString(),
    avian: version,
    ...(commit !== undefined && { commit }),
    stages: stages.value,
    metrics: metricsOf(workload.value, runs, before?.ok ? before.value.runs : new Map()),
    plots: {
      revisions: ['workspace'],
      plots: await drawPlots(declaredPlots(project.value.pipeline), [workspaceFiles(context)]),
    },
    experiments: tried.value,
    lineage: await lineageOf(lock.value, runs, ports),
  });
}

/** By the lock; of a stage with an effect, whose outs no lock has, its latest run. */
async function currentRuns(
  { graph }: Workload,
  locked: ReadonlyMap<StageName, Run>,
  { ports }: Pick<LookContext, 'ports'>,
): Promise<ReadonlyMap<StageName, Run>> {
  const runs = new Map<StageName, Run>();
  for (const { name, effect } of graph.stages.values()) {
    const run = effect ? await ports.runs.latest(name, 'succeeded') : locked.get(name);
    if (run !== undefined) runs.set(name, run);
  }
  return runs;
}

async function stagesOf(
  workload: Workload,
  runs: ReadonlyMap<StageName, Run>,
  context: LookContext,
): Promise<Result<readonly ReportStage[], Problem>> {
  const { graph } = workload;
  const planned = plan(graph, { targets: [], single: false, downstream: false });
  const judging = { force: false, runCache: true, probes: false, nameRuns: false };
  const judged = await judgements(workload, planned, judging, context);
  if (!judged.ok) return judged;
  return ok(
    [...judged.value].map(([name, { verdict }]): ReportStage => {
      const { desc, cmd = [] } = graph.stages.get(name) ?? {};
      const run = runs.get(name);
      return {
        ...{ name, cmd, needs: graph.producers.get(name) ?? [], verdict: verdict.kind },
        ...(desc !== undefined && { desc }),
        ...(run !== undefined && { run }),
      };
    }),
  );
}

function metricsOf(
  { work }: Workload,
  runs: ReadonlyMap<StageName, Run>,
  before: ReadonlyMap<StageName, Run>,
): readonly ReportMetric[] {
  return [...work].flatMap(([stage, { stage: declared }]) =>
    declared.outs.flatMap((out) => {
      const values = runs.get(stage)?.metrics[out.path] ?? {};
      const directions = directionsOf(out, Object.keys(values));
      return Object.entries(values).map(([name, value]): ReportMetric => {
        const was = before.get(stage)?.metrics[out.path]?.[name];
        const gate = out.gates?.find(({ metric }) => metric === name);
        const direction = directions?.[name];
        return {
          ...{ path: out.path, stage, name, value },
          ...(was !== undefined && was !== value && { before: was }),
          ...(direction !== undefined && { direction }),
          ...(gate !== undefined && { gate }),
        };
      });
    }),
  );
}
