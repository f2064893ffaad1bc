import type { protos } from '@google-cloud/run';

/*
 * What Cloud Run checks of a service before it takes it, from the API's own field documentation
 * (the .proto files) and the messages that it sends.
 */

type IService = protos.google.cloud.run.v2.IService;
type ITemplate = protos.google.cloud.run.v2.IRevisionTemplate;
type ITrafficTarget = protos.google.cloud.run.v2.ITrafficTarget;

export const status = {
  invalidArgument: 3,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  unavailable: 14,
} as const;

/** As grpc-js sends it on. */
export class Refusal extends Error {
  readonly code: number;
  readonly details: string;

  constructor(code: number, details: string) {
    super(details);
    this.code = code;
    this.details = details;
  }
}

const invalid = (field: string, what: string): Refusal =>
  new Refusal(status.invalidArgument, `${field}: ${what}`);

const RESERVED_KEYS =
  /^(run\.googleapis\.com|cloud\.googleapis\.com|serving\.knative\.dev|autoscaling\.knative\.dev)\//;
const ANNOTATION =
  /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const RESERVED_ENV = ['PORT', 'K_SERVICE', 'K_REVISION', 'K_CONFIGURATION'];
const MIB = 2 ** 20;

/** @throws Refusal at the first rule that does not hold. */
export function checkService(name: string, service: IService, existing: readonly string[]): void {
  if (!/^[a-z]([a-z0-9-]{0,47}[a-z0-9])?$/.test(name)) {
    throw invalid(
      'service_id',
      'must begin with a letter, not end with a hyphen, fewer than 50 characters',
    );
  }
  for (const key of Object.keys({ ...service.labels, ...service.annotations })) {
    if (RESERVED_KEYS.test(key) || !ANNOTATION.test(key)) {
      throw invalid('service.annotations', `annotation key '${key}' is not allowed`);
    }
  }
  if (!service.template) throw invalid('service.template', 'is required');
  checkTemplate(name, service.template);
  checkTraffic(name, service.traffic ?? [], [...existing, service.template.revision ?? '']);
}

function checkTemplate(name: string, template: ITemplate): void {
  const { revision } = template;
  if (
    revision &&
    !(
      revision.startsWith(`${name}-`) &&
      /^[a-z0-9-]{1,63}$/.test(revision) &&
      !revision.endsWith('-')
    )
  ) {
    throw invalid(
      'service.template.revision',
      `'${revision}': must be prefixed by the name of its service and a hyphen, at most 63 characters`,
    );
  }
  const containers = template.containers ?? [];
  if (containers.length === 0) throw invalid('service.template.containers', 'is required');
  const [container = {}] = containers;
  if (!container.image) throw invalid('service.template.containers[0].image', 'is required');
  const names = (container.env ?? []).map((env) => env.name ?? '');
  const reserved = names.filter((env) => RESERVED_ENV.includes(env));
  if (reserved.length > 0) {
    throw invalid(
      'service.template.containers[0].env',
      `The following reserved env names were provided: ${reserved.join(', ')}. These values are automatically set by the system.`,
    );
  }
  if (new Set(names).size !== names.length) {
    throw invalid('service.template.containers[0].env', 'Duplicate env var names');
  }
  const port = container.ports?.[0]?.containerPort ?? 0;
  if ((container.ports?.length ?? 0) > 1 || !(port > 0 && port < 65_536)) {
    throw invalid('service.template.containers[0].ports', 'a single port from 1 to 65535');
  }
  checkResources(template);
  const probe = container.startupProbe;
  if (probe) {
    const {
      timeoutSeconds = 1,
      periodSeconds = 10,
      failureThreshold = 3,
    } = probe as {
      [key: string]: number;
    };
    if (timeoutSeconds > periodSeconds) {
      throw invalid('startup_probe.timeout_seconds', 'must not be more than period_seconds');
    }
    if (periodSeconds * failureThreshold > 240) {
      throw invalid('startup_probe', 'period_seconds * failure_threshold must not exceed 240');
    }
    if (probe.httpGet && !probe.httpGet.path?.startsWith('/')) {
      throw invalid('startup_probe.http_get.path', 'must begin with /');
    }
  }
  const account = template.serviceAccount;
  if (account && !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(account)) {
    throw invalid('service.template.service_account', `'${account}' is not an email`);
  }
}

function checkResources(template: ITemplate): void {
  const limits = template.containers?.[0]?.resources?.limits ?? {};
  const cpuText = limits['cpu'] ?? '1';
  const cpu = cpuText.endsWith('m') ? parseInt(cpuText, 10) / 1000 : Number(cpuText);
  if (!((cpu >= 0.08 && cpu <= 1) || [2, 4, 6, 8].includes(cpu))) {
    throw invalid('resources.limits.cpu', `Invalid value specified for cpu. '${cpuText}'`);
  }
  const [, amount, unit = ''] = /^([0-9]+)(Mi|Gi)?$/.exec(limits['memory'] ?? '512Mi') ?? [];
  const memory = Number(amount) * (unit === 'Gi' ? 1024 * MIB : unit === 'Mi' ? MIB : 1);
  if (!(memory >= 128 * MIB && memory <= 32 * 1024 * MIB)) {
    throw invalid('resources.limits.memory', `'${limits['memory']}'`);
  }
  if (cpu >= 4 && memory < 2048 * MIB) {
    throw invalid('resources.limits.memory', `${cpu} CPU need at least ${cpu > 4 ? 4 : 2}Gi`);
  }
  const concurrency = template.maxInstanceRequestConcurrency ?? 0;
  if (concurrency < 0 || concurrency > 1000) {
    throw invalid('max_instance_request_concurrency', 'must be from 1 to 1000');
  }
  if (cpu < 1 && concurrency > 1) {
    throw invalid(
      'max_instance_request_concurrency',
      'Total cpu < 1 is not supported with concurrency > 1',
    );
  }
  const { minInstanceCount = 0, maxInstanceCount = 100 } = (template.scaling ?? {}) as {
    [key: string]: number;
  };
  if (minInstanceCount > maxInstanceCount) {
    throw invalid('scaling', 'min_instance_count must not be more than max_instance_count');
  }
}

function checkTraffic(
  name: string,
  traffic: readonly ITrafficTarget[],
  revisions: readonly string[],
): void {
  if (traffic.length === 0) return;
  const tags = traffic.flatMap(({ tag }) => (tag ? [tag] : []));
  if (new Set(tags).size !== tags.length) throw invalid('spec.traffic.tag', 'must be unique');
  for (const { type, revision, percent = 0, tag } of traffic) {
    if (Number(percent) < 0 || Number(percent) > 100)
      throw invalid('spec.traffic.percent', `${percent}`);
    if (type === 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST') {
      if (revision) throw invalid('spec.traffic.revision', 'must be empty for LATEST');
    } else if (type !== 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION' || !revision) {
      throw invalid('spec.traffic', 'each target has a type, and a revision unless it is LATEST');
    } else if (!revisions.includes(revision)) {
      throw new Refusal(
        status.failedPrecondition,
        `Revision '${revision}' does not exist or is deleted. Update all traffic to route to currently available revisions.`,
      );
    }
    if (!tag) continue;
    if (!/^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(tag)) throw invalid('spec.traffic.tag', `'${tag}'`);
    if (tag.length + name.length > 46) {
      throw invalid(
        'spec.traffic.tag',
        `traffic tag '${tag}' and service name '${name}' together are too long. Combined traffic tag and service name cannot exceed 46 characters.`,
      );
    }
  }
  const sum = traffic.reduce((total, { percent }) => total + (percent ?? 0), 0);
  if (sum !== 100) {
    throw invalid('spec.traffic', `Traffic percentages must sum to 100, they sum to ${sum}`);
  }
}
