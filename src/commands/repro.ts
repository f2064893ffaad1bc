import { plan } from '../engine/plan.ts';
import { reproduce } from '../engine/reproduce.ts';
import { workOf, type Workload } from '../engine/request.ts';
import type { Capacity } from '../engine/slots.ts';
import type { Diagnostic, Problem } from '../model/diagnostic.ts';
import type { Deployment } from '../model/deployment.ts';
import type { Digest, StageName } from '../model/names.ts';
import type { StageOutcome } from '../model/outcome.ts';
import { ok, type Result } from '../model/result.ts';
import type { StatusView } from '../model/views.ts';
import type { Supply } from '../ports/supply.ts';
import type { CommandContext } from './context.ts';
import { withDeadline } from './deadline.ts';
import { holdingProject, takeLock } from './hold-project.ts';
import { ignoreOuts } from './ignore-in-git.ts';
import { loadWorkload } from './load-workload.ts';
import { judgeAll } from './judge-all.ts';
import { resolveTargets } from './targets.ts';

export interface ReproOptions {
  /** Stage names, or paths they write; all stages when empty. */
  readonly targets: readonly string[];
  /** Targets are patterns over names of stages. */
  readonly glob: boolean;
  /** Words with `=`, as in Hydra. */
  readonly overrides: readonly string[];
  readonly force: boolean;
  readonly single: boolean;
  readonly downstream: boolean;
  readonly keepGoing: boolean;
  readonly runCache: boolean;
  readonly probes: boolean;
  /** See JudgeOptions. */
  readonly allowMissing: boolean;
  /** The whole invocation, the wait for another avian included; what still runs then is cancelled. */
  readonly timeoutMs?: number;
  /** Skipped stages name their runs; see JudgeOptions. */
  readonly nameRuns: boolean;
  /** Watch which files commands read and write, and warn of what is undeclared. */
  readonly trace: boolean;
  readonly capacity: Capacity;
  /** See ReproduceOptions. */
  readonly stopOf?: (stage: StageName) => AbortSignal;
}

/** Opens what `--pull` brings data from; to be called by whoever holds the project. */
export type OpenSupply = (signal: AbortSignal) => Promise<Result<Supply, Problem>>;

/**
 * `avian repro --dry`: what would happen. Takes no lock, runs no probe, writes nothing; but with a
 * supply it takes in the run records there, for which it holds the lock.
 */
export async function dryRepro(
  options: ReproOptions,
  context: CommandContext,
  openSupply?: OpenSupply,
): Promise<Result<StatusView, Problem>> {
  const workload = await loadWorkload(options.overrides, context);
  if (!workload.ok) return workload;
  const targets = resolveTargets(workload.value.graph, options.targets, options);
  if (!targets.ok) return targets;
  const planned = plan(workload.value.graph, { ...options, targets: targets.value });
  const judging = { ...options, probes: false, nameRuns: true };
  if (openSupply === undefined) return judgeAll(workload.value, planned, judging, context);
  const held = await takeLock(context);
  const supply = await openSupply(context.signal).finally(() => held.release());
  return supply.ok ? judgeAll(workload.value, planned, judging, context, supply.value) : supply;
}

export interface Reproduced {
  readonly outcomes: ReadonlyMap<StageName, StageOutcome>;
  /** Stages were cancelled because `timeoutMs` were over. */
  readonly timedOut: boolean;
}

/** `avian repro`: brings stages up to date. Events carry the story; the outcomes decide the exit status. */
export async function repro(
  options: ReproOptions,
  context: CommandContext,
  openSupply?: OpenSupply,
): Promise<Result<Reproduced, Problem>> {
  const { ports } = context;
  const begun = ports.clock.monotonic();
  const workload = await loadWorkload(options.overrides, context);
  if (!workload.ok) return workload;
  const targets = resolveTargets(workload.value.graph, options.targets, options);
  if (!targets.ok) return targets;
  const planned = plan(workload.value.graph, { ...options, targets: targets.value });

  return withDeadline(options.timeoutMs, context, (bounded, isOver) =>
    holdingProject(bounded, async (interrupted) => {
      const supply = await openSupply?.(bounded.signal);
      if (supply?.ok === false) return supply;
      // Read under the lock: whoever held it may have moved the lock file on.
      const lock = await ports.lock.read();
      if (!lock.ok) return lock;
      ports.emit({ type: 'plan-ready', stages: planned });
      const outcomes = await reproduce(
        workload.value,
        planned,
        lock.value,
        interrupted,
        {
          judging: options,
          forced: new Set(targets.value.length === 0 ? planned : targets.value),
          keepGoing: options.keepGoing,
          capacity: options.capacity,
          trace: options.trace,
          ...(supply !== undefined && { supply: supply.value }),
          ...(options.stopOf !== undefined && { stopOf: options.stopOf }),
          signal: bounded.signal,
          version: context.version,
        },
        ports,
      );
      const made = [...outcomes].filter(([, { kind }]) => kind === 'executed');
      const stages = made.map(([name]) => workOf(workload.value, name).stage);
      await ignoreOuts(stages, context);
      const cancelled = [...outcomes.values()].filter(({ kind }) => kind === 'cancelled').length;
      const timedOut = isOver() && cancelled > 0;
      if (timedOut) ports.emit({ type: 'diagnostic', diagnostic: overdue(cancelled) });
      ports.emit({
        type: 'repro-done',
        counts: countByKind(outcomes),
        elapsedMs: Math.round(ports.clock.monotonic() - begun),
        urls: await urlsOf(outcomes, workload.value, context),
      });
      return ok({ outcomes, timedOut });
    }),
  );
}

const overdue = (cancelled: number): Diagnostic => ({
  severity: 'error',
  code: 'repro/timed-out',
  message: `the time given with \`--timeout\` is over: ${cancelled} ${cancelled === 1 ? 'stage was' : 'stages were'} cancelled`,
  hint: 'what had settled is kept: the next `avian repro` goes on from there',
});

function countByKind(outcomes: ReadonlyMap<StageName, StageOutcome>): {
  readonly [kind in StageOutcome['kind']]?: number;
} {
  const counts: { [kind in StageOutcome['kind']]?: number } = {};
  for (const { kind } of outcomes.values()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** Where the deployments answer whose image one of these stages read: made by it, or found in service. */
async function urlsOf(
  outcomes: ReadonlyMap<StageName, StageOutcome>,
  workload: Workload,
  { ports }: CommandContext,
): Promise<readonly string[]> {
  const shipped = new Set<Digest>();
  for (const [name, outcome] of outcomes) {
    if (!workOf(workload, name).stage.effect) continue;
    if (outcome.kind !== 'executed' && outcome.kind !== 'skipped') continue;
    for (const { digest } of outcome.run?.input.deps ?? []) shipped.add(digest);
  }
  if (shipped.size === 0) return [];
  const latest = new Map<string, Deployment>();
  for (const deployment of await ports.runs.deployments()) {
    if (!latest.has(deployment.name)) latest.set(deployment.name, deployment);
  }
  return [...latest.values()].flatMap(({ artifact, url }) =>
    artifact !== undefined && shipped.has(artifact) ? [url] : [],
  );
}
