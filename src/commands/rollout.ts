import type { Deployment, DeployTarget } from '../model/deployment.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Promoted, RolloutRevision, RolloutView } from '../model/rollout-view.ts';
import { observe } from '../ship/cloud-change.ts';
import type { LocationOptions } from '../ship/cloud-location.ts';
import { chooseDeployment } from '../ship/deployment-plan.ts';
import { judged, planGates, recordOf, type GateOptions } from '../ship/gates.ts';
import { noService, noSuchRevision, rollBack } from '../ship/roll-back.ts';
import { promoteRevision } from '../ship/roll-out.ts';
import { planRollout, trafficTraps, type RolloutOptions } from '../ship/rollout-plan.ts';
import {
  lookAtCloud,
  planProbes,
  recordCloud,
  surroundings,
  withCloud,
  type CloudPorts,
  type ProbeOptions,
} from './cloud-run.ts';
import { fileGates } from './deploy-gates.ts';
import { deployerFor, type DeployPorts } from './deploy.ts';
import { rollback, type RolledBack } from './rollback.ts';

export type RolloutCommandPorts = CloudPorts & Pick<DeployPorts, 'deployers'>;

export interface NamedRollout extends LocationOptions {
  /** Undefined: the only one there is. */
  readonly name?: string;
  /** Undefined: where it was deployed last. */
  readonly target?: string;
}

/** Which deployment is meant, and where it runs: from the records, so that it is known offline. */
async function chosen(
  { name, target }: NamedRollout,
  ports: RolloutCommandPorts,
): Promise<Result<{ readonly name: string; readonly target: string }, Problem>> {
  const records = await ports.runs.deployments();
  // Cloud Run is asked about a name that this project never deployed; processes of this machine are known.
  if (name !== undefined && target !== undefined) return ok({ name, target });
  const fitting = records.filter((each) => target === undefined || each.target === target);
  const names = [...new Set(fitting.map((each) => each.name))];
  const picked = chooseDeployment(name, names);
  if (!picked.ok) return picked;
  const latest = fitting.find((each) => each.name === picked.value);
  return ok({ name: picked.value, target: latest?.target ?? 'local' });
}

/** `avian rollout status`: who gets which requests, and what is easily overlooked about it. */
export async function rolloutStatus(
  options: NamedRollout,
  ports: RolloutCommandPorts,
): Promise<Result<RolloutView, Problem>> {
  const which = await chosen(options, ports);
  if (!which.ok) return which;
  const { name, target } = which.value;
  const records = await ports.runs.deployments(name);
  if (target !== 'cloud-run') return localStatus(name, target, records, ports);
  return lookAtCloud({ ...options, name }, ports, async ({ cloud, journal }) => {
    const read = await cloud.get(name);
    if (!read.ok) return read;
    const service = read.value;
    if (service === undefined) return err(noService(cloud.resourceOf(name)));
    const all = await cloud.revisions(name);
    if (!all.ok) return all;
    const { split, tagUrls, condition } = service;
    const pending = journal.pending(name);
    return ok({
      ...{ name, target, url: service.url, resource: service.resource },
      condition: condition.kind === 'failed' ? condition.message : condition.kind,
      revisions: all.value.map((each): RolloutRevision => {
        const { revision, ready, image } = each;
        const tags = Object.keys(split.tags).filter((tag) => split.tags[tag] === revision);
        const deployment = records.find((record) => record.revision === revision);
        return {
          ...{ revision, ready, image, percent: split.percents[revision] ?? 0 },
          tags: tags.map((tag) => {
            const url = tagUrls[tag];
            return { tag, ...(url !== undefined && { url }) };
          }),
          ...(deployment && { deployment }),
        };
      }),
      ...(pending && { pending: { operation: pending.operation, startedAt: pending.startedAt } }),
      notes: trafficTraps(service),
    });
  });
}

async function localStatus(
  name: string,
  target: string,
  records: readonly Deployment[],
  ports: RolloutCommandPorts,
): Promise<Result<RolloutView, Problem>> {
  const deployer = deployerFor(target, ports);
  if (!deployer.ok) return deployer;
  const view = await deployer.value.inspect(name);
  if (view === undefined) {
    return err(
      problem(
        'usage',
        'deploy/unknown',
        `there is no deployment \`${name}\``,
        'avian deploy makes one',
      ),
    );
  }
  const { live, condition } = view;
  const serving = condition.kind === 'stopped' ? undefined : live?.revision;
  return ok({
    name,
    target: deployer.value.target,
    ...(live && { url: live.url }),
    condition:
      condition.kind === 'unhealthy'
        ? condition.reason
        : condition.kind === 'healthy'
          ? 'ready'
          : 'stopped',
    revisions: view.revisions.toReversed().map(({ revision, settings, restorable }) => {
      const deployment = records.find((record) => record.revision === revision);
      return {
        ...{ revision, percent: revision === serving ? 100 : 0, ready: restorable },
        ...{ image: settings.image, tags: [] },
        ...(deployment && { deployment }),
      };
    }),
    notes: [],
  });
}

export interface PromoteOptions extends NamedRollout, RolloutOptions, GateOptions, ProbeOptions {
  /** Undefined: the newest one that is ready. */
  readonly revision?: string;
}

/** `avian rollout promote`: traffic in steps to a revision that is there, as `deploy` gives it. */
export async function promote(
  options: PromoteOptions,
  ports: RolloutCommandPorts,
): Promise<Result<Promoted, Problem>> {
  const which = await chosen(options, ports);
  if (!which.ok) return which;
  const { name, target } = which.value;
  if (target !== 'cloud-run') return err(movesAtOnce(name, target as DeployTarget));
  const rollout = planRollout(name, options);
  if (!rollout.ok) return rollout;
  const gates = planGates(options);
  if (!gates.ok) return gates;
  const probes = planProbes(options, ports.prober);
  if (!probes.ok) return probes;
  return withCloud({ ...options, name }, ports, async (rolling) => {
    const seen = await observe(name, rolling);
    if (!seen.ok) return seen;
    const { service } = seen.value;
    if (service === undefined) return err(noService(rolling.cloud.resourceOf(name)));
    const revision = options.revision ?? service.newestReady ?? '';
    if (service.split.percents[revision] === 100) {
      const deployment = await recordCloud(service, revision, {}, ports);
      return ok({ kind: 'kept', deployment, gates: [], ...surroundings(service, revision) });
    }
    if (revision !== service.newestReady) {
      const all = await rolling.cloud.revisions(name);
      if (!all.ok) return all;
      const there = all.value.some((each) => each.revision === revision && each.ready);
      if (!there) return err(noSuchRevision(name, revision, all.value));
    }
    const judgeFiles = fileGates(gates.value, options.cwd, ports);
    const promotion = {
      ...{ rollout: rollout.value, gates: gates.value, probes: probes.value },
      ...{ judgeFiles, access: undefined, ingress: undefined },
    };
    const files = judged(await judgeFiles(), gates.value, rolling);
    if (!files.ok) return files;
    const done = await promoteRevision(service, revision, promotion, files.value, rolling);
    if (!done.ok) return done;
    const { kind, service: now, gates: results } = done.value;
    const deployment = await recordCloud(now, revision, recordOf(results, gates.value), ports);
    return ok({ kind, deployment, gates: results, ...surroundings(now, revision) });
  });
}

/** `avian rollout rollback`, and `avian rollback`: all requests to the revision that served before. */
export async function rolloutRollback(
  options: NamedRollout & { readonly revision?: string; readonly timeoutMs?: number },
  ports: RolloutCommandPorts,
): Promise<Result<RolledBack, Problem>> {
  const which = await chosen(options, ports);
  if (!which.ok) return which;
  const { name, target } = which.value;
  if (target !== 'cloud-run') return rollback({ ...options, name, target }, ports);
  const records = await ports.runs.deployments(name);
  const revision = options.revision !== undefined && { revision: options.revision };
  return withCloud({ ...options, name }, ports, async (rolling) => {
    const back = await rollBack({ name, ...revision }, records, rolling);
    if (!back.ok) return back;
    const { from, service } = back.value;
    const deployment = await recordCloud(service, back.value.revision, {}, ports);
    return ok({ from, deployment });
  });
}

const movesAtOnce = (name: string, target: DeployTarget): Problem =>
  problem(
    'usage',
    'rollout/no-split',
    `${name} runs on target ${target}, where traffic moves all at once`,
    'avian deploy switches when the new revision is healthy; avian rollout rollback goes back',
  );
