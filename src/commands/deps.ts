import { findUndeclared } from '../engine/undeclared.ts';
import type { Graph } from '../model/graph.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import type { StageName } from '../model/names.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Run } from '../model/run.ts';
import type { DepsView, Traced } from '../model/trace.ts';
import type { CommandContext } from './context.ts';
import { loadWorkload } from './load-workload.ts';
import { resolveTargets } from './targets.ts';

/** How far back a watched run is looked for. */
const RUNS = 100;

/**
 * `avian deps suggest [targets]`: what stages were seen to read and write under `repro --trace`,
 * against what they declare now. Runs nothing.
 */
export async function suggestDeps(
  options: { readonly targets: readonly string[] },
  context: CommandContext,
): Promise<Result<DepsView, Problem>> {
  const workload = await loadWorkload([], context);
  if (!workload.ok) return workload;
  const { graph } = workload.value;
  const targets = resolveTargets(graph, options.targets);
  if (!targets.ok) return targets;
  const names = targets.value.length === 0 ? graph.order : targets.value;
  const stages: DepsView['stages'][number][] = [];
  const unwatched: StageName[] = [];
  for (const name of names) {
    const watched = await latestWatched(name, context.ports);
    if (watched === undefined) unwatched.push(name);
    else stages.push(compare(name, watched, graph));
  }
  if (stages.length === 0) return err(neverWatched(options.targets));
  return ok({ stages, unwatched });
}

interface Watched {
  readonly run: Run;
  readonly trace: Traced;
}

async function latestWatched(
  stage: StageName,
  { runs, logs }: CommandContext['ports'],
): Promise<Watched | undefined> {
  for (const run of await runs.history(stage, RUNS)) {
    const trace = await logs.readTrace(run.attempt);
    if (trace !== undefined) return { run, trace };
  }
  return undefined;
}

function compare(
  name: StageName,
  { run, trace }: Watched,
  graph: Graph,
): DepsView['stages'][number] {
  const stage = graph.stages.get(name);
  if (stage === undefined) throw new Error(`bug: ${name} is not in its graph`);
  const succeeded = run.ending.kind === 'succeeded';
  return {
    name,
    wdir: stage.wdir,
    attempt: run.attempt,
    startedAt: run.startedAt,
    by: trace.by,
    outdated: run.input.cmd.join('\0') !== stage.cmd.join('\0') || run.input.wdir !== stage.wdir,
    undeclared: findUndeclared(stage, trace, { graph, succeeded }),
  };
}

function neverWatched(targets: readonly string[]): Problem {
  const whose =
    targets.length === 0 ? 'any stage' : targets.map((name) => `\`${name}\``).join(', ');
  const single = targets.length === 0 ? '' : ` -s ${targets.join(' ')}`;
  return problem(
    'usage',
    'trace/never-watched',
    `no run of ${whose} was watched here`,
    `\`avian repro --trace -f${single}\` runs and watches`,
  );
}
