import { resolve } from 'node:path';
import type { CloudService } from '../model/cloud-service.ts';
import type { Deployment } from '../model/deployment.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import type { Digest } from '../model/names.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Clock } from '../ports/clock.ts';
import type { CloudServices } from '../ports/cloud-services.ts';
import type { Monitoring, MonitoringScope } from '../ports/monitoring.ts';
import type { ProjectFiles } from '../ports/project-files.ts';
import type { Prober } from '../ports/prober.ts';
import type { RolloutJournal } from '../ports/rollout-journal.ts';
import { isPinned } from '../ship/deployment-plan.ts';
import { locate, type CloudLocation, type LocationOptions } from '../ship/cloud-location.ts';
import type { ProbePlan } from '../ship/prove.ts';
import type { RolloutPorts } from '../ship/roll-out.ts';
import { trafficTraps } from '../ship/rollout-plan.ts';
import type { DeployPorts } from './deploy.ts';
import { folderArtifact, referencedArtifact, type ArtifactPorts } from './deployed-artifact.ts';

/** What all that touches Cloud Run takes, beside what deploying takes anyway. */
export interface CloudPorts extends Pick<
  DeployPorts,
  'images' | 'lock' | 'runs' | 'workspace' | 'environment' | 'signal' | 'notify'
> {
  /** Loads the client, which nothing else does. */
  readonly openCloud: (
    location: CloudLocation,
  ) => Promise<{ readonly cloud: CloudServices; readonly journal: RolloutJournal }>;
  /** Likewise, for what watches a service. */
  readonly openMonitoring: (scope: MonitoringScope) => Promise<Monitoring>;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly files: Pick<ProjectFiles, 'read'>;
}

/** What a new revision is asked before it gets requests, as typed. */
export interface ProbeOptions {
  /** Path of the service; default `/`. */
  readonly probe?: string;
  /** `FIELD=@PATH` each, as curl has it: a file, or the files of a folder. */
  readonly form?: readonly string[];
  readonly timeoutMs?: number;
  readonly cwd: string;
}

const MOST_PROBES = 50;
const REACH_MS = 60_000;

export function planProbes(
  { probe = '/', form = [], timeoutMs = REACH_MS, cwd }: ProbeOptions,
  prober: Prober,
): Result<ProbePlan, Problem> {
  const refuse = (message: string, hint: string): Result<never, Problem> =>
    err(problem('usage', 'deploy/bad-probe', message, hint));
  if (!/^\/[\x21-\x7e]*$/.test(probe)) {
    return refuse(`--probe \`${probe}\` is not a path`, 'such as /infer_image');
  }
  const forms: { field: string; file: string }[] = [];
  for (const text of form) {
    const [, field, path] = /^([^=]+)=@(.+)$/.exec(text) ?? [];
    if (field === undefined || path === undefined) {
      return refuse(`--form \`${text}\` is not FIELD=@FILE`, 'such as bird_image=@robin.jpg');
    }
    const files = prober.files(resolve(cwd, path), MOST_PROBES);
    if (files.length === 0)
      return refuse(`--form: there is no file at ${path}`, 'a file, or a folder of files');
    forms.push(...files.map((file) => ({ field, file })));
  }
  return ok({ path: probe, forms, reachMs: Math.min(timeoutMs, REACH_MS) });
}

/** Opens Cloud Run where `name` is, and lets go of it afterwards. Changes nothing, so it waits for nobody. */
export async function lookAtCloud<T>(
  options: LocationOptions & { readonly name: string },
  ports: CloudPorts,
  work: (rollout: RolloutPorts, location: CloudLocation) => Promise<Result<T, Problem>>,
): Promise<Result<T, Problem>> {
  const records = await ports.runs.deployments(options.name);
  const latest = records.find(({ target }) => target === 'cloud-run');
  const location = locate(options, (variable) => ports.environment.variable(variable), latest);
  if (!location.ok) return location;
  const { cloud, journal } = await ports.openCloud(location.value);
  try {
    const { signal, prober, clock } = ports;
    return await neverSilent(ports, (notify) =>
      work({ cloud, journal, prober, clock, signal, notify }, location.value),
    );
  } finally {
    await cloud.close();
  }
}

/** As `lookAtCloud`, for what changes the service: one command of this machine at a time. */
export const withCloud: typeof lookAtCloud = (options, ports, work) =>
  lookAtCloud(options, ports, (rollout, location) => {
    const { journal, signal, notify } = rollout;
    const onWait = (): void => notify(`waiting: another command is changing ${options.name}`);
    return journal.exclusively(options.name, { signal, onWait }, () => work(rollout, location));
  });

const QUIET_MS = 2000;

/** A request that has to be tried again takes seconds in which nobody else says anything. */
async function neverSilent<T>(
  { clock, notify }: Pick<CloudPorts, 'clock' | 'notify'>,
  work: (notify: (message: string) => void) => Promise<T>,
): Promise<T> {
  const done = new AbortController();
  let told = clock.monotonic();
  const tell = (message: string): void => {
    told = clock.monotonic();
    notify(message);
  };
  const over = (): boolean => done.signal.aborted;
  const watching = (async () => {
    while (!over()) {
      await clock.sleep(QUIET_MS / 4, done.signal);
      if (!over() && clock.monotonic() - told >= QUIET_MS) tell('waiting for Cloud Run');
    }
  })();
  try {
    return await work(tell);
  } finally {
    done.abort();
    await watching;
  }
}

/** What is deployed: by digest, whatever was typed. */
export interface PinnedImage {
  /** `HOST/NAME@sha256:<hex>` */
  readonly reference: string;
  /** Of the layout it came from, which lineage knows. */
  readonly artifact: Digest | undefined;
}

/** A reference by digest as it is; a layout as what it is called in the repository it was pushed to. */
export async function pinnedImage(
  options: {
    readonly image: string;
    readonly tag?: string;
    readonly repository?: string;
    readonly cwd: string;
  },
  ports: ArtifactPorts,
): Promise<Result<PinnedImage, Problem>> {
  const { image, repository } = options;
  if (isPinned(image)) {
    const digest = image.slice(image.indexOf('@') + 1);
    return ok({ reference: image, artifact: await referencedArtifact(digest, ports) });
  }
  const directory = resolve(options.cwd, image);
  const layout = await ports.images.read(directory, options.tag);
  if (!layout.ok) {
    return /^[\w.-]+(:[0-9]+)?\/[\w./-]+:[\w.-]+$/.test(image) ? err(notPinned(image)) : layout;
  }
  if (repository === undefined) {
    return err(
      problem(
        'usage',
        'deploy/no-repository',
        `Cloud Run cannot see the folder ${image}`,
        'push it with `avian image push`, and say where with --repository HOST/PROJECT/REPOSITORY/NAME',
      ),
    );
  }
  if (!/^[a-z0-9.-]+(:[0-9]+)?(\/[a-z0-9._-]+)+$/.test(repository)) {
    return err(
      problem(
        'usage',
        'deploy/bad-repository',
        `--repository \`${repository}\` is no repository`,
        'HOST/NAME, without tag and digest',
      ),
    );
  }
  return ok({
    reference: `${repository}@${layout.value.digest}`,
    artifact: await folderArtifact(directory, ports),
  });
}

const notPinned = (image: string): Problem =>
  problem(
    'usage',
    'deploy/image-not-pinned',
    `\`${image}\` is a tag, which may lead to another image tomorrow`,
    'deploy HOST/NAME@sha256:…, as `avian image push` prints it',
  );

/** Keeps who serves what, unless the latest record says so already. */
export async function recordCloud(
  service: CloudService,
  revision: string,
  more: Pick<Deployment, 'gates' | 'override' | 'artifact'>,
  { runs, environment }: Pick<CloudPorts, 'runs' | 'environment'>,
): Promise<Deployment> {
  const { name, url, resource, template } = service;
  const records = await runs.deployments(name);
  const percent = service.split.percents[revision] ?? 0;
  const known = records.find((each) => each.revision === revision && each.resource === resource);
  const reference = template.revision === revision ? template.recipe.image : known?.reference;
  const artifact = more.artifact ?? known?.artifact;
  const deployment: Deployment = {
    ...{ v: 1, name, target: 'cloud-run', revision, url },
    startedAt: service.updatedAt,
    image: reference?.slice(reference.indexOf('@') + 1) ?? known?.image ?? '',
    host: environment.host(),
    resource,
    ...(reference !== undefined && { reference }),
    ...more,
    ...(artifact !== undefined && { artifact }),
    ...(percent < 100 && { traffic: percent }),
  };
  const [latest] = records;
  if (
    latest?.resource === resource &&
    latest.revision === revision &&
    latest.url === url &&
    latest.traffic === deployment.traffic
  ) {
    return latest;
  }
  await runs.recordDeployment(deployment);
  return deployment;
}

/** Where a revision without all of the traffic can be looked at, and what is overlooked easily. */
export const surroundings = (service: CloudService, revision: string) => {
  const tag = Object.keys(service.split.tags).find((each) => service.split.tags[each] === revision);
  const tagUrl = tag === undefined ? undefined : service.tagUrls[tag];
  return { ...(tagUrl !== undefined && { tagUrl }), notes: trafficTraps(service) };
};
