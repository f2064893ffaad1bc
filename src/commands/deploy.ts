import { resolve } from 'node:path';
import type { Deployment, DeployTarget, GateResult } from '../model/deployment.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { DeployableImage, Deployer, DeploymentView, LiveRevision } from '../ports/deployer.ts';
import type { Environment } from '../ports/environment.ts';
import type { ProjectFiles } from '../ports/project-files.ts';
import type { RunLog } from '../ports/run-log.ts';
import {
  chooseDeployment,
  decideDeploy,
  isPinned,
  planDeploy,
  retention,
  type DeployOptions,
  type DeployRequest,
} from '../ship/deployment-plan.ts';
import { judged, planGates, recordOf, type GateOptions } from '../ship/gates.ts';
import { fileGates } from './deploy-gates.ts';
import { folderArtifact, referencedArtifact, type ArtifactPorts } from './deployed-artifact.ts';

export interface DeployPorts extends ArtifactPorts {
  readonly deployers: { readonly [target in DeployTarget]?: Deployer };
  readonly runs: Pick<RunLog, 'recordDeployment' | 'deployments'>;
  readonly environment: Pick<Environment, 'root' | 'host' | 'variable'>;
  readonly files: Pick<ProjectFiles, 'read'>;
  readonly signal: AbortSignal;
  /** A line of talk, before each piece of work that may take seconds. */
  readonly notify: (message: string) => void;
}

export interface Deployed {
  /** `kept`: the same image with the same settings was in service and healthy. */
  readonly kind: 'kept' | 'deployed';
  readonly deployment: Deployment;
}

/**
 * Puts an image into service at a stable URL and records it. The revision before stays in service
 * until the new one is healthy, and if it never is.
 */
export async function deploy(
  options: DeployOptions & GateOptions & { readonly cwd: string },
  ports: DeployPorts,
): Promise<Result<Deployed, Problem>> {
  const planned = planDeploy(options);
  if (!planned.ok) return planned;
  const gates = planGates(options);
  if (!gates.ok) return gates;
  const deployer = deployerFor(options.target, ports);
  if (!deployer.ok) return deployer;
  const directory = resolve(options.cwd, options.image);
  const { name } = options;
  return deployer.value.exclusively(name, waiting(name, ports), async () => {
    const judge = async (): Promise<Result<readonly GateResult[], Problem>> =>
      judged(await fileGates(gates.value, options.cwd, ports)(), gates.value, ports);
    const request = { ...planned.value, image: options.image, tag: options.tag, judge };
    const shipped = await ship(name, directory, request, deployer.value, ports);
    if (!shipped.ok) return shipped;
    const { live } = shipped.value;
    const artifact = isPinned(options.image)
      ? await referencedArtifact(live.image, ports)
      : await folderArtifact(directory, ports);
    const more = {
      ...(isPinned(options.image) && { reference: options.image }),
      ...(artifact !== undefined && { artifact }),
      ...recordOf(shipped.value.gates, gates.value),
    };
    const deployment = await record(name, live, more, deployer.value, ports);
    return ok({ kind: shipped.value.kind, deployment });
  });
}

/** What was typed: a reference by digest as it is, anything else a layout. */
async function deployable(
  typed: string,
  directory: string,
  tag: string | undefined,
  ports: Pick<DeployPorts, 'images'>,
): Promise<Result<{ readonly image: DeployableImage; readonly digest: string }, Problem>> {
  if (isPinned(typed)) {
    const digest = typed.slice(typed.indexOf('@') + 1);
    return ok({ image: { kind: 'reference', reference: typed }, digest });
  }
  const layout = await ports.images.read(directory, tag);
  if (!layout.ok) return layout;
  return ok({ image: { kind: 'layout', image: layout.value }, digest: layout.value.digest });
}

interface Shipped {
  readonly kind: Deployed['kind'];
  readonly live: LiveRevision;
  readonly gates: readonly GateResult[];
}

/** inspect -> decide -> gates -> prepare -> activate -> prune. */
async function ship(
  name: string,
  directory: string,
  {
    port,
    health,
    timeoutMs,
    env,
    image,
    tag,
    judge,
  }: DeployRequest & {
    readonly image: string;
    readonly tag: string | undefined;
    readonly judge: () => Promise<Result<readonly GateResult[], Problem>>;
  },
  deployer: Deployer,
  ports: DeployPorts,
): Promise<Result<Shipped, Problem>> {
  const found = await deployable(image, directory, tag, ports);
  if (!found.ok) return found;
  const view = await deployer.inspect(name);
  const settings = { image: found.value.digest, health, env };
  const decision = decideDeploy(name, view, settings, port);
  if (decision.kind === 'keep') return ok({ kind: 'kept', live: decision.live, gates: [] });
  const gates = await judge();
  if (!gates.ok) return gates;

  const { revision } = decision;
  if (decision.kind === 'create') {
    ports.notify(`making ${revision} ready`);
    const prepared = await deployer.prepare(name, revision, found.value.image, settings);
    if (!prepared.ok) return prepared;
  }
  ports.notify(`waiting for ${revision} to answer ${health}`);
  const { signal } = ports;
  const activated = await deployer.activate(name, revision, { port, timeoutMs, signal });
  if (!activated.ok) {
    await goBack(name, view, revision, timeoutMs, deployer, ports);
    return activated;
  }
  await prune(name, revision, deployer);
  return ok({ kind: 'deployed', live: activated.value, gates: gates.value });
}

/** It was healthy once, so impatience with the new revision is no reason to give up on it. */
const GO_BACK_MS = 60_000;

/**
 * A failed activation leaves the earlier revision in service, unless nothing kept it there: its
 * supervisor had been killed. Then it is started again. The failed revision's content goes, so that
 * the next attempt begins afresh; its log stays.
 */
async function goBack(
  name: string,
  before: DeploymentView | undefined,
  failed: string,
  timeoutMs: number,
  deployer: Deployer,
  { notify, signal }: DeployPorts,
): Promise<void> {
  const now = await deployer.inspect(name);
  const earlier = before?.live?.revision;
  const meant = before !== undefined && before.condition.kind !== 'stopped';
  if (meant && now?.condition.kind !== 'healthy' && earlier !== undefined && earlier !== failed) {
    notify(`starting ${earlier} again`);
    const patience = Math.max(timeoutMs, GO_BACK_MS);
    const again = await deployer.activate(name, earlier, {
      port: undefined,
      timeoutMs: patience,
      signal,
    });
    if (!again.ok) notify(`${earlier} did not start: ${again.error.diagnostics[0]?.message ?? ''}`);
  }
  if (now && earlier !== failed) {
    const all = now.revisions.map(({ revision }) => revision);
    const content = all.filter((revision) => revision !== failed);
    await deployer.prune(name, { content, records: all });
  }
}

async function prune(name: string, live: string, deployer: Deployer): Promise<void> {
  const view = await deployer.inspect(name);
  if (view) await deployer.prune(name, retention(view, live));
}

/** Records what serves now, unless the latest record says so already. */
export async function record(
  name: string,
  live: LiveRevision,
  more: Pick<Deployment, 'artifact' | 'gates' | 'override' | 'reference'>,
  deployer: Deployer,
  ports: Pick<DeployPorts, 'runs' | 'environment'>,
): Promise<Deployment> {
  const deployment: Deployment = {
    v: 1,
    name,
    target: deployer.target,
    revision: live.revision,
    url: live.url,
    ...(live.pid !== undefined && { pid: live.pid }),
    ...(live.startTicks !== undefined && { startTicks: live.startTicks }),
    startedAt: live.startedAt,
    image: live.image,
    ...more,
    host: ports.environment.host(),
  };
  const [latest] = await ports.runs.deployments(name);
  const known =
    latest !== undefined &&
    latest.target === deployment.target &&
    latest.revision === deployment.revision &&
    latest.url === deployment.url &&
    latest.startedAt === deployment.startedAt;
  if (!known) await ports.runs.recordDeployment(deployment);
  return deployment;
}

export interface DeploymentAnswer {
  readonly name: string;
  readonly revision: string;
  readonly url: string;
}

/**
 * For probes: the deployment answers its health path, and it is the revision that was recorded
 * last. Deliberately without pid and restarts: the line has to stay the same while all is well.
 */
export async function deploymentStatus(
  options: { readonly name?: string; readonly target?: string },
  ports: Pick<DeployPorts, 'deployers' | 'runs'>,
): Promise<Result<DeploymentAnswer, Problem>> {
  const deployer = deployerFor(options.target, ports);
  if (!deployer.ok) return deployer;
  const chosen = chooseDeployment(options.name, await deployer.value.names());
  if (!chosen.ok) return chosen;
  const name = chosen.value;
  const view = await deployer.value.inspect(name);
  const down = (reason: string): Result<never, Problem> =>
    err(problem('stage', 'deploy/down', reason, 'avian deploy, or avian repro, brings it back'));
  if (view?.live === undefined) return down(`${name} is not in service`);
  const { condition, live } = view;
  if (condition.kind === 'stopped') return down(`${name} was stopped`);
  if (condition.kind === 'unhealthy') return down(condition.reason);
  const [latest] = await ports.runs.deployments(name);
  if (latest?.revision !== live.revision || latest.url !== live.url) {
    const recorded = latest ? `${latest.revision} at ${latest.url}` : 'nothing';
    return down(`${live.revision} serves at ${live.url}, but ${recorded} was recorded`);
  }
  return ok({ name, revision: live.revision, url: live.url });
}

export function deployerFor(
  target: string | undefined,
  { deployers }: Pick<DeployPorts, 'deployers'>,
): Result<Deployer, Problem> {
  const known = Object.values(deployers);
  const deployer = known.find((one) => one.target === (target ?? 'local'));
  return deployer
    ? ok(deployer)
    : err(
        problem(
          'usage',
          'deploy/unknown-target',
          `there is no deploy target \`${target ?? 'local'}\``,
          `one of: ${known.map((one) => one.target).join(', ')}`,
        ),
      );
}

export const waiting = (
  name: string,
  { signal, notify }: Pick<DeployPorts, 'signal' | 'notify'>,
): Parameters<Deployer['exclusively']>[1] => ({
  signal,
  onWait: () => notify(`waiting: another command is changing ${name}`),
});
