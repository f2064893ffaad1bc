import type { protos } from '@google-cloud/run';
import type {
  Access,
  CloudRevision,
  CloudService,
  Ingress,
  RevisionRecipe,
  Split,
} from '../../model/cloud-service.ts';
import type { ServiceChange } from '../../ports/cloud-services.ts';

type IService = protos.google.cloud.run.v2.IService;
type ITemplate = protos.google.cloud.run.v2.IRevisionTemplate;
type IContainer = protos.google.cloud.run.v2.IContainer;
type IRevision = protos.google.cloud.run.v2.IRevision;
type ICondition = protos.google.cloud.run.v2.ICondition;
type ITimestamp = protos.google.protobuf.ITimestamp;
type ITrafficTarget = protos.google.cloud.run.v2.ITrafficTarget;

/** Notes of avian in a service's annotations. */
const ACCESS = 'avian/access';
const PREVIOUS = 'avian/previous';

const INGRESS_NAMES = {
  all: 'INGRESS_TRAFFIC_ALL',
  internal: 'INGRESS_TRAFFIC_INTERNAL_ONLY',
  'internal-and-cloud-load-balancing': 'INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER',
} as const satisfies { readonly [ingress in Ingress]: string };

const BY_NAME = 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION' as const;
const NEWEST = 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST' as const;

const MIB = 2 ** 20;

/** How often the startup probe asks, in seconds. */
const PROBE_PERIOD = 2;

/** The last part of a resource's name. */
const lastOf = (resource: string | null | undefined): string | undefined =>
  resource ? resource.split('/').at(-1) : undefined;

/** @param raw as the client gives it: enums by name, defaults filled in */
export function readService(raw: IService): CloudService {
  const newestReady = lastOf(raw.latestReadyRevision);
  const newest = lastOf(raw.latestCreatedRevision);
  const template = raw.template ?? {};
  const revision = template.revision === '' ? undefined : (template.revision ?? undefined);
  const { annotations } = raw;
  const access = annotations?.[ACCESS];
  return {
    resource: raw.name ?? '',
    name: lastOf(raw.name) ?? '',
    url: raw.uri ?? '',
    updatedAt: timeOf(raw.updateTime),
    template: { revision, recipe: readRecipe(template) },
    newest,
    newestReady,
    split: readSplit(raw.traffic ?? [], newestReady),
    tagUrls: Object.fromEntries(
      (raw.trafficStatuses ?? []).flatMap(({ tag, uri }) => (tag && uri ? [[tag, uri]] : [])),
    ),
    followsNewest:
      (raw.traffic ?? []).length === 0 ||
      (raw.traffic ?? []).some(({ type, percent }) => type === NEWEST && Number(percent) > 0),
    ingress: (Object.keys(INGRESS_NAMES) as Ingress[]).find(
      (known) => INGRESS_NAMES[known] === raw.ingress,
    ),
    access: access === 'public' || access === 'private' ? access : undefined,
    previous: annotations?.[PREVIOUS],
    condition: raw.reconciling === true ? { kind: 'reconciling' } : conditionOf(raw),
  };
}

function conditionOf({ terminalCondition }: IService): CloudService['condition'] {
  return terminalCondition?.state === 'CONDITION_FAILED'
    ? { kind: 'failed', message: terminalCondition.message ?? '' }
    : { kind: 'ready' };
}

/** What the service is doing at the moment, in Cloud Run's words. */
export const noteOf = (conditions: readonly ICondition[] | null | undefined): string | undefined =>
  conditions?.find(({ message }) => Boolean(message))?.message ?? undefined;

function readSplit(traffic: readonly ITrafficTarget[], newestReady: string | undefined): Split {
  const percents: { [revision: string]: number } = {};
  const tags: { [tag: string]: string } = {};
  const whole: ITrafficTarget = { type: NEWEST, percent: 100 };
  const all = traffic.length > 0 ? traffic : [whole];
  for (const { type, revision, percent, tag } of all) {
    const to = type === NEWEST ? newestReady : (lastOf(revision) ?? newestReady);
    if (to === undefined) continue;
    if (Number(percent) > 0) percents[to] = (percents[to] ?? 0) + Number(percent);
    if (tag) tags[tag] = to;
  }
  return { percents, tags };
}

/** By name throughout: whom `LATEST` means changes under one's hands. */
const writeSplit = ({ percents, tags }: Split): ITrafficTarget[] => [
  ...Object.entries(percents).map(([revision, percent]) => ({
    type: BY_NAME,
    revision,
    percent,
  })),
  ...Object.entries(tags).map(([tag, revision]) => ({
    type: BY_NAME,
    revision,
    percent: 0,
    tag,
  })),
];

function readRecipe(template: ITemplate): RevisionRecipe {
  const container = template.containers?.[0] ?? {};
  const { limits } = container.resources ?? {};
  const probe = container.startupProbe;
  const env: [string, string][] = [];
  const secrets: [string, { secret: string; version: string }][] = [];
  for (const { name, value, valueSource } of container.env ?? []) {
    const from = valueSource?.secretKeyRef;
    if (from)
      secrets.push([name ?? '', { secret: from.secret ?? '', version: from.version ?? '' }]);
    else env.push([name ?? '', value ?? '']);
  }
  return {
    image: container.image ?? '',
    cpu: millicores(limits?.['cpu']),
    memory: bytesOf(limits?.['memory']),
    concurrency: template.maxInstanceRequestConcurrency ?? 0,
    minInstances: template.scaling?.minInstanceCount ?? 0,
    maxInstances: template.scaling?.maxInstanceCount ?? 0,
    env: Object.fromEntries(env),
    secrets: Object.fromEntries(secrets),
    serviceAccount: template.serviceAccount || undefined,
    port: container.ports?.[0]?.containerPort ?? 0,
    health: probe?.httpGet?.path ?? '',
    startupSeconds: (probe?.failureThreshold ?? 0) * (probe?.periodSeconds ?? 0),
  };
}

/** `template` with what the recipe says; volumes, networks and all else stay as they are. */
function writeTemplate(template: ITemplate, revision: string, recipe: RevisionRecipe): ITemplate {
  const [container = {}, ...sidecars] = template.containers ?? [];
  const env: NonNullable<IContainer['env']> = [
    ...Object.entries(recipe.env).map(([name, value]) => ({ name, value })),
    ...Object.entries(recipe.secrets).map(([name, secretKeyRef]) => ({
      name,
      valueSource: { secretKeyRef },
    })),
  ];
  return {
    ...template,
    revision,
    serviceAccount: recipe.serviceAccount ?? '',
    maxInstanceRequestConcurrency: recipe.concurrency,
    scaling: { minInstanceCount: recipe.minInstances, maxInstanceCount: recipe.maxInstances },
    containers: [
      {
        ...container,
        image: recipe.image,
        env,
        // A CPU between requests costs as much as during them; one that helps a start does not.
        resources: {
          cpuIdle: true,
          startupCpuBoost: true,
          ...container.resources,
          limits: {
            ...container.resources?.limits,
            cpu: recipe.cpu % 1000 === 0 ? String(recipe.cpu / 1000) : `${recipe.cpu}m`,
            memory: quantity(recipe.memory),
          },
        },
        ports: [{ name: container.ports?.[0]?.name ?? '', containerPort: recipe.port }],
        startupProbe: {
          httpGet: { path: recipe.health, port: recipe.port },
          periodSeconds: PROBE_PERIOD,
          timeoutSeconds: PROBE_PERIOD,
          failureThreshold: Math.ceil(recipe.startupSeconds / PROBE_PERIOD),
        },
      },
      ...sidecars,
    ],
  };
}

/** As people write it: `512Mi`, `2Gi`. */
const quantity = (bytes: number): string =>
  bytes % (1024 * MIB) === 0
    ? `${bytes / 1024 / MIB}Gi`
    : bytes % MIB === 0
      ? `${bytes / MIB}Mi`
      : String(bytes);

export function newService(first: {
  readonly revision: string;
  readonly recipe: RevisionRecipe;
  readonly tag: string;
  readonly ingress: Ingress;
}): IService {
  return {
    client: 'avian',
    ingress: INGRESS_NAMES[first.ingress],
    template: writeTemplate({}, first.revision, first.recipe),
    // A revision that is not there yet cannot be named here.
    traffic: [
      { type: NEWEST, percent: 100 },
      { type: NEWEST, percent: 0, tag: first.tag },
    ],
  };
}

/** The service with the change in it, and the fields that are to be taken from it. */
export function changedService(
  raw: IService,
  change: ServiceChange,
): { readonly service: IService; readonly paths: string[] } {
  const { template, split, ingress, access, previous } = change;
  const notes = noted(raw.annotations ?? {}, access, previous);
  const paths = [
    ...(template === undefined ? [] : ['template']),
    ...(split === undefined ? [] : ['traffic']),
    ...(ingress === undefined ? [] : ['ingress']),
    ...(access === undefined && previous === undefined ? [] : ['annotations']),
  ];
  const service: IService = {
    ...raw,
    annotations: notes,
    ...(template && {
      template: writeTemplate(raw.template ?? {}, template.revision, template.recipe),
    }),
    ...(split && { traffic: writeSplit(split) }),
    ...(ingress && { ingress: INGRESS_NAMES[ingress] }),
  };
  return { service, paths };
}

function noted(
  annotations: { readonly [key: string]: string },
  access: Access | undefined,
  previous: string | null | undefined,
): { [key: string]: string } {
  const { [PREVIOUS]: before, ...others } = annotations;
  const kept = previous === undefined ? before : (previous ?? undefined);
  return {
    ...others,
    ...(access !== undefined && { [ACCESS]: access }),
    ...(kept !== undefined && { [PREVIOUS]: kept }),
  };
}

export const readRevision = (raw: IRevision): CloudRevision => ({
  revision: lastOf(raw.name) ?? '',
  image: raw.containers?.[0]?.image ?? '',
  createdAt: timeOf(raw.createTime),
  ready: (raw.conditions ?? []).some(
    ({ type, state }) => type === 'Ready' && state === 'CONDITION_SUCCEEDED',
  ),
});

function timeOf(time: ITimestamp | null | undefined): string {
  const ms = Number(time?.seconds ?? 0) * 1000 + Math.floor((time?.nanos ?? 0) / 1e6);
  return new Date(ms).toISOString();
}

const millicores = (text: string | undefined): number =>
  text === undefined
    ? 0
    : text.endsWith('m')
      ? parseInt(text, 10)
      : Math.round(Number(text) * 1000);

const UNITS: { readonly [unit: string]: number } = {
  ...{ '': 1, k: 1e3, M: 1e6, G: 1e9, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 },
};

function bytesOf(text: string | undefined): number {
  const [, amount, unit = ''] = /^([0-9.]+)([A-Za-z]*)$/.exec(text ?? '') ?? [];
  return amount === undefined ? 0 : Math.round(Number(amount) * (UNITS[unit] ?? NaN));
}
