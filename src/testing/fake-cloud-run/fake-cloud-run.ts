import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { isDeepStrictEqual } from 'node:util';
import { protos } from '@google-cloud/run';
import {
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type GrpcObject,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { createFrontEnd, type Container } from './front-end.ts';
import { checkService, Refusal, status } from './rules.ts';

type IService = protos.google.cloud.run.v2.IService;
type IRevision = protos.google.cloud.run.v2.IRevision;
type ITraffic = protos.google.cloud.run.v2.ITrafficTarget;
type IPolicy = protos.google.iam.v1.IPolicy;
type IOperation = protos.google.longrunning.IOperation;

/** The client's own description of the service. */
const PROTOS = createRequire(import.meta.url)(
  '@google-cloud/run/build/protos/protos.json',
) as Parameters<typeof fromJSON>[0];

const NEWEST = 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST';
/** Fields of a service that an update may name. */
const CHANGEABLE = ['template', 'traffic', 'ingress', 'annotations', 'labels', 'description'];

interface KeptService {
  service: IService;
  readonly revisions: Map<string, IRevision>;
  policy: IPolicy;
  /** Which requests went to whom, so that a split is exact over any hundred. */
  requests: number;
  /** What is routed, which is behind `service.traffic` while it reconciles. */
  routed: readonly { readonly revision: string; readonly percent: number }[];
  tags: { [tag: string]: string };
}

export interface FakeCloudRun {
  /** For `--endpoint`. */
  readonly endpoint: string;
  /** Methods in the order they were called. */
  readonly calls: string[];
  /** What runs in which image; others cannot be found. */
  readonly images: Map<string, Container>;
  /** Called before each method; what it throws is the answer. */
  before: (method: string, request: object) => void;
  /** While true, operations do not end. */
  held: boolean;
  /** A request with it may call private services. */
  readonly identityToken: string;
  service(name: string): IService | undefined;
  /** A change by somebody else: through the same rules, at once. */
  changeElsewhere(name: string, change: (service: IService) => void): void;
  isPublic(name: string): boolean;
  close(): Promise<void>;
}

/** Cloud Run's API v2 on a port of this machine, and the URLs of what is deployed to it. */
export async function startFakeCloudRun(): Promise<FakeCloudRun> {
  const services = new Map<string, KeptService>();
  const operations = new Map<string, { service: string; state: IOperation; finish: () => void }>();
  const images = new Map<string, Container>();
  const frontEnd = createFrontEnd();
  const identityToken = 'an-identity-token';

  const found = (resource: string | null | undefined): KeptService => {
    const kept = services.get(resource ?? '');
    if (kept) return kept;
    throw new Refusal(
      status.notFound,
      `Resource '${resource?.split('/').at(-1)}' of kind 'SERVICE' does not exist.`,
    );
  };

  /** Checks, versions and begins to reconcile; the operation ends later. */
  const accept = (kept: KeptService, asked: IService): IOperation => {
    const next = filled(asked);
    const name = nameOf(next);
    checkService(name, next, [...kept.revisions.keys()]);
    const changed = !isDeepStrictEqual(kept.service.template, next.template);
    const template = next.template ?? {};
    let created: string | undefined;
    if (changed || kept.revisions.size === 0) {
      created =
        template.revision || `${name}-${String(kept.revisions.size + 1).padStart(5, '0')}-abc`;
      if (kept.revisions.has(created)) {
        throw new Refusal(
          status.alreadyExists,
          `Revision named '${created}' with different configuration already exists.`,
        );
      }
    }
    const generation = Number(kept.service.generation ?? 0) + 1;
    kept.service = {
      ...next,
      generation: String(generation),
      etag: `"${randomUUID()}"`,
      updateTime: now(),
      reconciling: true,
      terminalCondition: { type: 'Ready', state: 'CONDITION_RECONCILING' },
      ...(created !== undefined && { latestCreatedRevision: `${next.name}/revisions/${created}` }),
    };
    if (created !== undefined) kept.revisions.set(created, revisionOf(next, created));
    const operation = `${next.name?.replace(/\/services\/.*/, '')}/operations/${randomUUID()}`;
    const state: IOperation = { name: operation, metadata: packed(kept.service), done: false };
    const finish = (): void => {
      const failure = reconcile(kept, generation, created);
      state.metadata = packed(kept.service);
      state.done = true;
      if (failure) state.error = failure;
      else state.response = packed(kept.service);
    };
    operations.set(operation, { service: next.name ?? '', state, finish });
    return state;
  };

  /** Starts what is new and routes; on a failure, all that served before still does. */
  const reconcile = (
    kept: KeptService,
    generation: number,
    created: string | undefined,
  ): { code: number; message: string } | undefined => {
    const failure = created === undefined ? undefined : startOf(kept, created);
    const { service } = kept;
    // A later change takes over what an earlier one began.
    if (Number(service.generation) !== generation) return failure;
    service.reconciling = false;
    service.observedGeneration = String(generation);
    if (failure) {
      service.terminalCondition = {
        type: 'Ready',
        state: 'CONDITION_FAILED',
        message: failure.message,
        reason: 'REVISION_FAILED',
      };
      return failure;
    }
    if (created !== undefined) service.latestReadyRevision = `${service.name}/revisions/${created}`;
    service.terminalCondition = { type: 'Ready', state: 'CONDITION_SUCCEEDED' };
    route(kept);
    return undefined;
  };

  const startOf = (
    kept: KeptService,
    created: string,
  ): { code: number; message: string } | undefined => {
    const revision = kept.revisions.get(created)!;
    const container = revision.containers?.[0];
    const runs = images.get(container?.image ?? '');
    const probe = container?.startupProbe?.httpGet;
    const notReady = (code: number, why: string): { code: number; message: string } => {
      revision.conditions = [{ type: 'Ready', state: 'CONDITION_FAILED', message: why }];
      return {
        code,
        message: `Revision '${created}' is not ready and cannot serve traffic. ${why}`,
      };
    };
    if (runs === undefined) {
      return notReady(status.notFound, `Image '${container?.image}' not found.`);
    }
    const health = probe
      ? runs({
          method: 'GET',
          path: probe.path ?? '/',
          body: Buffer.alloc(0),
          contentType: undefined,
          env: envOf(kept, created),
        })
      : undefined;
    if (health && health.status !== 200) {
      return notReady(
        status.failedPrecondition,
        'The user-provided container failed the configured startup probe checks. Logs for this revision might contain more information.',
      );
    }
    revision.conditions = [{ type: 'Ready', state: 'CONDITION_SUCCEEDED' }];
    return undefined;
  };

  const route = (kept: KeptService): void => {
    const { service } = kept;
    const newest = service.latestReadyRevision?.split('/').at(-1) ?? '';
    const traffic: readonly ITraffic[] =
      (service.traffic ?? []).length > 0 ? service.traffic! : [{ type: NEWEST, percent: 100 }];
    const to = ({ type, revision }: ITraffic): string => (type === NEWEST ? newest : revision!);
    kept.routed = traffic.map((target) => ({
      revision: to(target),
      percent: target.percent ?? 0,
    }));
    kept.tags = Object.fromEntries(
      traffic.flatMap((target) => (target.tag ? [[target.tag, to(target)]] : [])),
    );
    service.trafficStatuses = traffic.map((target) => ({
      ...{ type: target.type!, revision: to(target), percent: target.percent ?? 0 },
      ...(target.tag && { tag: target.tag }),
    }));
  };

  const behind = (kept: KeptService, revision: string | undefined) => {
    const record = revision === undefined ? undefined : kept.revisions.get(revision);
    const container = images.get(record?.containers?.[0]?.image ?? '');
    return {
      token: isOpen(kept.policy) ? undefined : identityToken,
      behind: container && { container, env: envOf(kept, revision!) },
    };
  };

  /** URLs exist from the moment that a service or a tag does; what they lead to changes. */
  const openUrls = async (kept: KeptService): Promise<void> => {
    const name = nameOf(kept.service);
    kept.service.uri = await frontEnd.open(name, () => {
      const at = (kept.requests++ * 37) % 100;
      let sum = 0;
      return behind(kept, kept.routed.find(({ percent }) => at < (sum += percent))?.revision);
    });
    for (const { tag } of kept.service.traffic ?? []) {
      if (!tag) continue;
      const uri = await frontEnd.open(`${tag}---${name}`, () => behind(kept, kept.tags[tag]));
      for (const each of kept.service.trafficStatuses ?? []) if (each.tag === tag) each.uri = uri;
    }
  };

  const methods: { readonly [method: string]: (request: never) => object | Promise<object> } = {
    async CreateService({
      parent,
      serviceId,
      service,
    }: protos.google.cloud.run.v2.ICreateServiceRequest) {
      if (!/^projects\/[a-z0-9-]+\/locations\/[a-z0-9-]+$/.test(parent ?? '')) {
        throw new Refusal(status.invalidArgument, `parent: '${parent}' is malformed`);
      }
      const name = `${parent}/services/${serviceId}`;
      if (services.has(name)) throw new Refusal(status.alreadyExists, 'Resource already exists.');
      const kept: KeptService = {
        ...{ service: {}, revisions: new Map(), policy: { etag: etag() }, requests: 0 },
        ...{ routed: [], tags: {} },
      };
      const ingress = service?.ingress;
      const operation = accept(kept, {
        ...service,
        ...{ name, uid: randomUUID(), createTime: now(), creator: 'ana@example.org' },
        ingress:
          ingress === 'INGRESS_TRAFFIC_UNSPECIFIED' || !ingress ? 'INGRESS_TRAFFIC_ALL' : ingress,
      });
      services.set(name, kept);
      return operation;
    },
    async GetService({ name }: protos.google.cloud.run.v2.IGetServiceRequest) {
      const kept = found(name);
      settle(name ?? '');
      await openUrls(kept);
      return kept.service;
    },
    UpdateService({ service, updateMask }: protos.google.cloud.run.v2.IUpdateServiceRequest) {
      const kept = found(service?.name);
      if (service?.etag && service.etag !== kept.service.etag) {
        throw new Refusal(
          status.aborted,
          `Conflict for resource '${nameOf(service)}': version '${service.etag}' was specified but current version is '${kept.service.etag}'.`,
        );
      }
      const paths = updateMask?.paths ?? [];
      for (const path of paths) {
        if (!CHANGEABLE.includes(path)) {
          throw new Refusal(
            status.invalidArgument,
            `update_mask: '${path}' is immutable or unknown`,
          );
        }
      }
      const from = service as { [field: string]: unknown };
      const taken = Object.fromEntries(
        (paths.length > 0 ? paths : CHANGEABLE).map((path) => [path, from[path]]),
      );
      return accept(kept, { ...kept.service, ...taken });
    },
    GetIamPolicy: ({ resource }: protos.google.iam.v1.IGetIamPolicyRequest) =>
      found(resource).policy,
    SetIamPolicy({ resource, policy }: protos.google.iam.v1.ISetIamPolicyRequest) {
      const kept = found(resource);
      const given = Buffer.from((policy?.etag as Uint8Array | undefined) ?? []);
      if (given.length > 0 && !given.equals(kept.policy.etag as Buffer)) {
        throw new Refusal(
          status.aborted,
          'There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.',
        );
      }
      for (const { role, members } of policy?.bindings ?? []) {
        if (!role?.startsWith('roles/') || (members ?? []).length === 0) {
          throw new Refusal(status.invalidArgument, 'Invalid policy binding.');
        }
      }
      kept.policy = { ...policy, etag: etag() };
      return kept.policy;
    },
    ListRevisions({ parent }: protos.google.cloud.run.v2.IListRevisionsRequest) {
      return { revisions: [...found(parent).revisions.values()].reverse() };
    },
    GetOperation({ name }: protos.google.longrunning.IGetOperationRequest) {
      const operation = operations.get(name ?? '');
      if (!operation) throw new Refusal(status.notFound, `Operation '${name}' not found.`);
      settle(operation.service);
      return operation.state;
    },
  };

  /** Operations end when somebody looks, oldest first, unless they are held. */
  const settle = (service: string): void => {
    if (fake.held) return;
    for (const operation of operations.values()) {
      if (operation.service === service && !operation.state.done) operation.finish();
    }
  };

  const server = new Server();
  const calls: string[] = [];
  const definition = loadPackageDefinition(
    fromJSON(PROTOS, {
      keepCase: false,
      longs: String,
      enums: String,
      defaults: true,
      oneofs: true,
    }),
  );
  for (const path of [
    'google.cloud.run.v2.Services',
    'google.cloud.run.v2.Revisions',
    'google.longrunning.Operations',
  ]) {
    const { service } = path
      .split('.')
      .reduce(
        (node, part) => node[part] as GrpcObject,
        definition,
      ) as unknown as ServiceClientConstructor;
    const handlers = Object.values(service).map((method) => {
      const name = method.path.split('/').at(-1) ?? '';
      const handle = (
        call: ServerUnaryCall<object, object>,
        answer: sendUnaryData<object>,
      ): void => {
        calls.push(name);
        Promise.resolve()
          .then(() => {
            fake.before(name, call.request);
            const run = methods[name];
            if (!run) throw new Refusal(12, `${name} is not implemented`);
            return run(call.request as never);
          })
          // A copy: what is kept changes later.
          .then(
            (value) => answer(null, structuredClone(value)),
            (thrown: unknown) => {
              answer(thrown instanceof Refusal ? thrown : new Refusal(13, String(thrown)));
            },
          );
      };
      return [name.charAt(0).toLowerCase() + name.slice(1), handle] as const;
    });
    server.addService(service, Object.fromEntries(handlers));
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });

  const byName = (name: string): KeptService | undefined =>
    [...services.values()].find(({ service }) => nameOf(service) === name);
  const fake: FakeCloudRun = {
    endpoint: `http://127.0.0.1:${port}`,
    calls,
    images,
    before: () => undefined,
    held: false,
    identityToken,
    service: (name) => byName(name)?.service,
    changeElsewhere(name, change) {
      const kept = byName(name);
      if (!kept) throw new Error(`there is no service ${name}`);
      const next = structuredClone(kept.service);
      change(next);
      accept(kept, next);
      settle(next.name ?? '');
    },
    isPublic: (name) => isOpen(byName(name)?.policy ?? {}),
    async close() {
      server.forceShutdown();
      await frontEnd.close();
    },
  };
  return fake;
}

/** With the defaults that Cloud Run fills in, and shows from then on. */
const filled = (service: IService): IService => {
  const { template } = service;
  if (!template) return service;
  const scaling = template.scaling ?? {};
  return {
    ...service,
    template: {
      ...template,
      serviceAccount: template.serviceAccount || '1234567890-compute@developer.gserviceaccount.com',
      timeout: template.timeout ?? { seconds: '300', nanos: 0 },
      maxInstanceRequestConcurrency: template.maxInstanceRequestConcurrency || 80,
      scaling: { ...scaling, maxInstanceCount: scaling.maxInstanceCount || 100 },
    },
  };
};

const nameOf = ({ name }: IService): string => name?.split('/').at(-1) ?? '';

const now = (): { seconds: number; nanos: number } => ({
  seconds: Math.floor(Date.now() / 1000),
  nanos: (Date.now() % 1000) * 1e6,
});

const etag = (): Buffer => Buffer.from(randomUUID());

const isOpen = ({ bindings }: IPolicy): boolean =>
  (bindings ?? []).some(
    ({ role, members }) => role === 'roles/run.invoker' && (members ?? []).includes('allUsers'),
  );

/** What a revision is: its template, and never changed after. */
const revisionOf = (service: IService, name: string): IRevision => {
  const { template } = service;
  return structuredClone({
    name: `${service.name}/revisions/${name}`,
    service: service.name ?? '',
    createTime: now(),
    containers: template?.containers ?? [],
    serviceAccount: template?.serviceAccount ?? '',
    conditions: [{ type: 'Ready', state: 'CONDITION_RECONCILING' as const }],
  });
};

const envOf = (kept: KeptService, revision: string): { [name: string]: string } => ({
  ...Object.fromEntries(
    (kept.revisions.get(revision)?.containers?.[0]?.env ?? []).map(({ name, value }) => [
      name ?? '',
      value ?? '',
    ]),
  ),
  ...{ K_SERVICE: nameOf(kept.service), K_REVISION: revision, PORT: '8080' },
});

const packed = (service: IService): { type_url: string; value: Uint8Array } => {
  const { Service } = protos.google.cloud.run.v2;
  return {
    type_url: 'type.googleapis.com/google.cloud.run.v2.Service',
    value: Service.encode(Service.fromObject(service)).finish(),
  };
};
