import { adoptStage, planAdoption, type AdoptionPlan } from '../engine/adopt.ts';
import { describeWorkspaceProblem } from '../engine/observe.ts';
import { createProber } from '../engine/probe.ts';
import { workOf, type Workload } from '../engine/request.ts';
import { sameContent, toRef } from '../model/artifact.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import type { CommittedStage, CommitView } from '../model/history-views.ts';
import type { PipelineLock } from '../model/lock.ts';
import { parseRepoPath, type RepoPath, type StageName } from '../model/names.ts';
import { err, isNonEmpty, ok, type Result } from '../model/result.ts';
import type { PathsView } from '../model/views.ts';
import type { CommandContext } from './context.ts';
import { ignoreOuts } from './ignore-in-git.ts';
import { holdingProject } from './hold-project.ts';
import { loadWorkload } from './load-workload.ts';
import { resolveTargets } from './targets.ts';

export interface CommitOptions {
  /** Stages, paths that they write, or sources; everything when empty. */
  readonly targets: readonly string[];
  readonly overrides: readonly string[];
  /** Adopt outs although inputs changed since the last run: a person says that they belong together. */
  readonly force: boolean;
}

/**
 * `avian commit [targets]`: takes outs made by hand for the result of a run, and sources as they
 * lie there. What is refused is refused before anything is stored.
 */
export async function commit(
  options: CommitOptions,
  context: CommandContext,
): Promise<Result<CommitView, Problem>> {
  const { ports } = context;
  const workload = await loadWorkload(options.overrides, context);
  if (!workload.ok) return workload;
  // Asked before the project is held: settling what a kill left puts these very outs aside.
  const interrupted = await ports.workspace.interruptions();
  if (isNonEmpty(interrupted)) return err(interruptedStage(interrupted[0].stage));
  return holdingProject(context, async () => {
    const lock = await ports.lock.read();
    if (!lock.ok) return lock;
    const wanted = select(options.targets, workload.value, lock.value);
    if (!wanted.ok) return wanted;
    const plans = new Map<StageName, AdoptionPlan>();
    for (const name of wanted.value.stages) {
      const work = workOf(workload.value, name);
      if (work.stage.effect && options.targets.length > 0) return err(isEffect(name));
      if (work.stage.effect) continue;
      plans.set(name, await planAdoption(work, lock.value.stages[name], ports));
    }
    const refused = [...plans].flatMap(([name, plan]) => refusal(name, plan, options) ?? []);
    if (refused.length > 0) return ok({ stages: refused, sources: [] });

    const sources = await commitSources(wanted.value.sources, lock.value, options, ports);
    if (!sources.ok) return sources;
    const stages = await adoptAll(plans, workload.value, context);
    await ports.lock.flush();
    const adopted = stages.filter(({ kind }) => kind === 'adopted');
    await ignoreOuts(
      adopted.map(({ name }) => workOf(workload.value, name).stage),
      context,
    );
    return ok({ stages, sources: sources.value });
  });
}

/** True when something that was asked for was not done. */
export const isRefused = ({ stages }: CommitView): boolean =>
  stages.some(({ kind }) => kind === 'incomplete' || kind === 'changed' || kind === 'failed');

interface Wanted {
  readonly stages: readonly StageName[];
  readonly sources: readonly RepoPath[];
}

function select(
  targets: readonly string[],
  { graph }: Workload,
  lock: PipelineLock,
): Result<Wanted, Problem> {
  const sources = Object.keys(lock.sources).map((path) => path as RepoPath);
  if (targets.length === 0) return ok({ stages: graph.order, sources });
  const isSource = (target: string): boolean =>
    sources.some((path) => path === parseRepoPath(target));
  const stages = resolveTargets(
    graph,
    targets.filter((target) => !isSource(target)),
  );
  if (!stages.ok) return stages;
  const chosen = new Set(stages.value);
  return ok({
    // What a stage reads is adopted before it.
    stages: graph.order.filter((name) => chosen.has(name)),
    sources: sources.filter((path) => targets.some((target) => parseRepoPath(target) === path)),
  });
}

function refusal(
  name: StageName,
  plan: AdoptionPlan,
  { force, targets }: CommitOptions,
): CommittedStage | undefined {
  if (plan.kind === 'incomplete' && targets.length > 0) {
    return { name, kind: 'incomplete', missing: plan.missing };
  }
  if (plan.kind === 'adoptable' && !force && isNonEmpty(plan.changed)) {
    return { name, kind: 'changed', reasons: plan.changed };
  }
  return undefined;
}

/** Sources that changed, as `avian add` would take them. */
async function commitSources(
  paths: readonly RepoPath[],
  lock: PipelineLock,
  { targets }: CommitOptions,
  { workspace, lock: store }: CommandContext['ports'],
): Promise<Result<PathsView['paths'], Problem>> {
  const done: PathsView['paths'][number][] = [];
  for (const path of paths) {
    const kept = await workspace.commit(path);
    if (!kept.ok) {
      return err(problem('stage', 'commit/refused', describeWorkspaceProblem(kept.error)));
    }
    const locked = lock.sources[path];
    if (kept.value === undefined) {
      if (targets.length > 0) return err(absent(path));
      continue;
    }
    const ref = toRef(kept.value);
    if (locked !== undefined && locked.conflict === undefined && sameContent(locked, ref)) continue;
    await workspace.sync();
    await store.setSource(path, ref);
    done.push({ path, done: 'added', ...ref });
  }
  return ok(done);
}

async function adoptAll(
  plans: ReadonlyMap<StageName, AdoptionPlan>,
  workload: Workload,
  { ports, signal, version }: CommandContext,
): Promise<readonly CommittedStage[]> {
  const { probe } = createProber(ports, signal);
  const done: CommittedStage[] = [];
  for (const [name, plan] of plans) {
    if (plan.kind === 'unchanged') done.push({ name, kind: 'unchanged' });
    else if (plan.kind === 'incomplete') done.push({ name, kind: 'left', missing: plan.missing });
    else {
      const context = { ports, workload, version, probe };
      const adopted = await adoptStage(workOf(workload, name), plan, context);
      done.push(
        adopted.ok
          ? { name, kind: 'adopted', run: adopted.value.id }
          : { name, kind: 'failed', failure: adopted.error },
      );
    }
  }
  return done;
}

const interruptedStage = (stage: string): Problem =>
  problem(
    'stage',
    'commit/interrupted',
    `a run of \`${stage}\` was cut off, or goes on now: the outs from before it are still aside`,
    `copy away what you made, let \`avian checkout ${stage}\` put the old outs back, and copy it in again`,
  );

const isEffect = (name: StageName): Problem =>
  problem(
    'usage',
    'commit/effect',
    `\`${name}\` changes the outside, which a file in the workspace cannot stand for`,
    `avian repro ${name}`,
  );

const absent = (path: RepoPath): Problem =>
  problem('usage', 'commit/missing', `there is no \`${path}\``, `avian checkout ${path}`);
