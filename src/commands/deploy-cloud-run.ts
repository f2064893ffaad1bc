import { problem, type Problem } from '../model/diagnostic.ts';
import type { MonitoringSettings } from '../model/monitoring.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Promoted } from '../model/rollout-view.ts';
import type { CloudLocation, LocationOptions } from '../ship/cloud-location.ts';
import { planCloudRun, type CloudRunOptions } from '../ship/cloud-plan.ts';
import { chooseDeployment, planDeploy } from '../ship/deployment-plan.ts';
import { planGates, recordOf, type GateOptions } from '../ship/gates.ts';
import { rollOut } from '../ship/roll-out.ts';
import { planRollout, splitInWords, type RolloutOptions } from '../ship/rollout-plan.ts';
import {
  lookAtCloud,
  pinnedImage,
  planProbes,
  recordCloud,
  surroundings,
  withCloud,
  type CloudPorts,
  type ProbeOptions,
} from './cloud-run.ts';
import { fileGates, textAsTyped } from './deploy-gates.ts';
import type { DeploymentAnswer } from './deploy.ts';
import { monitoringSettings, watchService } from './monitoring.ts';

export interface DeployCloudRunOptions
  extends
    CloudRunOptions,
    LocationOptions,
    RolloutOptions,
    GateOptions,
    Omit<ProbeOptions, 'timeoutMs'> {
  /** `HOST/NAME@sha256:…`, or an OCI layout that was pushed to `repository`. */
  readonly image: string;
  readonly tag?: string;
  readonly repository?: string;
  /** A file as `avian monitoring` reads it, applied once the service is as asked for. */
  readonly monitoring?: string;
}

/** `avian deploy --target cloud-run`: everything that can be checked is, before Cloud Run is asked. */
export async function deployCloudRun(
  options: DeployCloudRunOptions,
  ports: CloudPorts,
): Promise<Result<Promoted, Problem>> {
  const { env: _, ...common } = options;
  const named = planDeploy(common);
  if (!named.ok) return named;
  const rollout = planRollout(options.name, options);
  if (!rollout.ok) return rollout;
  const gates = planGates(options);
  if (!gates.ok) return gates;
  const probes = planProbes(options, ports.prober);
  if (!probes.ok) return probes;
  const image = await pinnedImage(options, ports);
  if (!image.ok) return image;
  const plan = planCloudRun(options, image.value.reference);
  if (!plan.ok) return plan;
  const { access, ingress } = plan.value;

  return withCloud(options, ports, async (rolling, location) => {
    const watch = await plannedWatch(options, location, ports);
    if (!watch.ok) return watch;
    const judgeFiles = fileGates(gates.value, options.cwd, ports);
    const promotion = {
      ...{ rollout: rollout.value, gates: gates.value, probes: probes.value },
      ...{ judgeFiles, access, ingress },
    };
    const done = await rollOut(plan.value, promotion, rolling);
    if (!done.ok) return done;
    const { kind, service, revision, gates: results } = done.value;
    const { artifact } = image.value;
    const more = { ...(artifact !== undefined && { artifact }), ...recordOf(results, gates.value) };
    const deployment = await recordCloud(service, revision, more, ports);
    const watched = await keepWatch(watch.value, rolling.notify, ports);
    if (!watched.ok) return watched;
    return ok({ kind, deployment, gates: results, ...surroundings(service, revision) });
  });
}

/** Read before anything is deployed: a slip in the file must not be found after a rollout of ten minutes. */
async function plannedWatch(
  { monitoring: file, name, cwd }: DeployCloudRunOptions,
  { project, region }: CloudLocation,
  ports: Pick<CloudPorts, 'environment' | 'files'>,
): Promise<Result<MonitoringSettings | undefined, Problem>> {
  if (file === undefined) return ok(undefined);
  const text = textAsTyped(file, cwd, ports);
  const settings = await monitoringSettings({ file, text, given: { project, region } });
  if (!settings.ok || settings.value.service === name) return settings;
  const message = `${file} watches ${settings.value.service}, and this deploys ${name}`;
  return err(
    problem('pipeline', 'deploy/other-service', message, `\`service: ${name}\` in ${file}`),
  );
}

async function keepWatch(
  settings: MonitoringSettings | undefined,
  notify: (message: string) => void,
  { openMonitoring }: Pick<CloudPorts, 'openMonitoring'>,
): Promise<Result<void, Problem>> {
  if (settings === undefined) return ok(undefined);
  const { project, region, service } = settings;
  const opened = await openMonitoring({ project, region, service });
  const done = await watchService(settings, true, {
    open: () => opened,
    notify: (message) => notify(`monitoring: ${message}`),
  });
  return done.ok ? ok(undefined) : done;
}

/**
 * For probes, as `deploymentStatus` is: one request; the service is ready and all requests go to the
 * revision that was recorded last.
 */
export async function cloudRunStatus(
  options: LocationOptions & { readonly name?: string },
  ports: CloudPorts,
): Promise<Result<DeploymentAnswer, Problem>> {
  const records = (await ports.runs.deployments()).filter(({ target }) => target === 'cloud-run');
  const chosen = chooseDeployment(options.name, [...new Set(records.map(({ name }) => name))]);
  if (!chosen.ok) return chosen;
  const name = chosen.value;
  return lookAtCloud({ ...options, name }, ports, async ({ cloud }) => {
    const read = await cloud.get(name);
    if (!read.ok) return read;
    const service = read.value;
    const down = (reason: string): Result<never, Problem> =>
      err(problem('stage', 'deploy/down', reason, 'avian deploy, or avian repro, brings it back'));
    if (service === undefined) return down(`${name} is not in service`);
    const { condition, split, url, newest, newestReady } = service;
    if (condition.kind === 'reconciling') return down(`${name} is being changed`);
    const latest = records.find((each) => each.name === name);
    const revision = latest?.revision ?? '';
    if (split.percents[revision] !== (latest?.traffic ?? 100) || latest?.url !== url) {
      return down(`traffic at ${url} is ${splitInWords(split)}, but ${revision} was recorded`);
    }
    // A later revision that did not start fails the service's condition and serves nobody.
    const another = newest !== newestReady && newest !== revision;
    if (condition.kind === 'failed' && !another) return down(condition.message);
    return ok({ name, revision, url });
  });
}
