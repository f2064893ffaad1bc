/** Cloud Monitoring on loopback: a gRPC server over the protos of Google's client, and the Dashboards API over HTTP. */
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { Test } from 'tap';
import type { JsonValue } from '../model/json.ts';
import type { ClientOptions } from '../adapters/monitoring-gcp/clients.ts';

type Message = Record<string, JsonValue>;

const textOf = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '');

export interface FakeMonitoring {
  readonly options: ClientOptions;
  /** By the API's name. */
  readonly resources: Map<string, Message>;
  /** Every call so far: `CreateAlertPolicy`, `PATCH dashboards`. */
  readonly calls: string[];
  /** Asked before every call: an error to answer with instead. */
  refuse: (call: string) => { readonly code: number; readonly message: string } | undefined;
}

const packageOf = (name: string, from = import.meta.url): string => {
  const entry = createRequire(from).resolve(name);
  return entry.slice(0, entry.indexOf(`node_modules/${name}/`) + `node_modules/${name}`.length);
};

export async function startFakeMonitoring(t: Test): Promise<FakeMonitoring> {
  // Google's client would look for a machine of Google's around it.
  process.env['METADATA_SERVER_DETECTION'] = 'none';
  const resources = new Map<string, Message>();
  const calls: string[] = [];
  const server = new grpc.Server();
  const http = createServer();
  let number = 0;
  const fake: { -readonly [K in keyof FakeMonitoring]: FakeMonitoring[K] } = {
    options: {},
    resources,
    calls,
    refuse: () => undefined,
  };
  const fail = (code: number, message: string): never => {
    throw Object.assign(new Error(message), { code, details: message });
  };
  const under = (parent: string, kind: string): Message[] => {
    const pattern = new RegExp(`^${parent}/${kind}/[^/]+$`);
    return [...resources].filter(([name]) => pattern.test(name)).map(([, message]) => message);
  };
  const existing = (name: JsonValue | undefined): Message =>
    resources.get(textOf(name)) ?? fail(grpc.status.NOT_FOUND, `there is no ${textOf(name)}`);

  /** What Google fills in or refuses, as far as plans can see it. */
  const put = (name: string, message: Message): Message => {
    for (const channel of (message['notificationChannels'] ?? []) as string[]) {
      if (!resources.has(channel)) fail(grpc.status.INVALID_ARGUMENT, `no channel ${channel}`);
    }
    for (const condition of (message['conditions'] ?? []) as Message[]) {
      condition['name'] = `${name}/conditions/${++number}`;
      const threshold = condition['conditionThreshold'] as Message;
      const [, objective] =
        /select_slo_burn_rate\("([^"]+)"/.exec(textOf(threshold['filter'])) ?? [];
      if (objective !== undefined && !resources.has(objective)) {
        fail(grpc.status.INVALID_ARGUMENT, `no objective ${objective}`);
      }
    }
    const stored = { ...message, name };
    resources.set(name, stored);
    return stored;
  };
  const remove = (request: Message): Message => {
    const name = textOf(existing(request['name'])['name']);
    const isUsed = [...resources.values()].some((message) =>
      ((message['notificationChannels'] ?? []) as string[]).includes(name),
    );
    if (isUsed) fail(grpc.status.FAILED_PRECONDITION, `${name} is used by a policy`);
    if (under(name, 'serviceLevelObjectives').length > 0) {
      fail(grpc.status.FAILED_PRECONDITION, `${name} has objectives`);
    }
    resources.delete(name);
    return {};
  };
  const create = (parent: string, kind: string, id: JsonValue | undefined, message: Message) => {
    const name = `${parent}/${kind}/${id === undefined || id === '' ? String(1000 + ++number) : textOf(id)}`;
    if (resources.has(name)) fail(grpc.status.ALREADY_EXISTS, `${name} is there already`);
    return put(name, message);
  };
  const update = (message: Message): Message =>
    put(textOf(existing(message['name'])['name']), message);

  const handle = (name: string, work: (request: Message) => Message) => {
    return (
      call: grpc.ServerUnaryCall<Message, Message>,
      answer: grpc.sendUnaryData<Message>,
    ): void => {
      calls.push(name);
      try {
        const refused = fake.refuse(name);
        if (refused !== undefined) fail(refused.code, refused.message);
        answer(null, work(call.request));
      } catch (error) {
        answer(error as grpc.ServiceError);
      }
    };
  };
  const field = (request: Message, key: string): Message => request[key] as Message;
  const text = (request: Message, key: string): string => textOf(request[key]);
  const methods: Record<string, Record<string, (request: Message) => Message>> = {
    AlertPolicyService: {
      ListAlertPolicies: (r) => ({ alertPolicies: under(text(r, 'name'), 'alertPolicies') }),
      CreateAlertPolicy: (r) =>
        create(text(r, 'name'), 'alertPolicies', '', field(r, 'alertPolicy')),
      UpdateAlertPolicy: (r) => update(field(r, 'alertPolicy')),
      DeleteAlertPolicy: remove,
    },
    NotificationChannelService: {
      ListNotificationChannels: (r) => ({
        notificationChannels: under(text(r, 'name'), 'notificationChannels'),
      }),
      CreateNotificationChannel: (r) =>
        create(text(r, 'name'), 'notificationChannels', '', field(r, 'notificationChannel')),
      UpdateNotificationChannel: (r) => update(field(r, 'notificationChannel')),
      DeleteNotificationChannel: remove,
    },
    ServiceMonitoringService: {
      ListServices: (r) => ({ services: under(text(r, 'parent'), 'services') }),
      CreateService: (r) =>
        create(text(r, 'parent'), 'services', r['serviceId'], field(r, 'service')),
      UpdateService: (r) => update(field(r, 'service')),
      DeleteService: remove,
      ListServiceLevelObjectives: (r) => ({
        serviceLevelObjectives: under(text(r, 'parent'), 'serviceLevelObjectives'),
      }),
      CreateServiceLevelObjective: (r) => {
        existing(r['parent']);
        const id = r['serviceLevelObjectiveId'];
        return create(
          text(r, 'parent'),
          'serviceLevelObjectives',
          id,
          field(r, 'serviceLevelObjective'),
        );
      },
      UpdateServiceLevelObjective: (r) => update(field(r, 'serviceLevelObjective')),
      DeleteServiceLevelObjective: remove,
    },
  };

  const client = packageOf('@google-cloud/monitoring');
  const protos = join(client, 'build/protos');
  const common = join(
    dirname(dirname(createRequire(join(client, 'x.js')).resolve('google-gax'))),
    'protos',
  );
  const definition = loadSync(
    ['alert_service', 'notification_service', 'service_service'].map((name) =>
      join(protos, `google/monitoring/v3/${name}.proto`),
    ),
    { includeDirs: [protos, common], longs: String, enums: String, defaults: false, oneofs: false },
  );
  for (const [service, handlers] of Object.entries(methods)) {
    const described = definition[`google.monitoring.v3.${service}`] as grpc.ServiceDefinition;
    server.addService(
      described,
      Object.fromEntries(
        Object.entries(handlers).map(([name, work]) => [name, handle(name, work)]),
      ),
    );
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });

  http.on('request', (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const send = (status: number, body: object): void => {
        response
          .writeHead(status, { 'content-type': 'application/json' })
          .end(JSON.stringify(body));
      };
      const path = (request.url ?? '').replace(/^\/v1\//, '').replace(/\?.*$/, '');
      const name = `${request.method ?? ''} dashboards`;
      calls.push(name);
      const refused = fake.refuse(name);
      if (refused !== undefined) {
        send(refused.code, { error: { message: refused.message } });
        return;
      }
      const whole = Buffer.concat(chunks).toString();
      const body = (whole === '' ? {} : JSON.parse(whole)) as Message;
      const isKnown = resources.has(path);
      if (request.method === 'GET') {
        // Two to a page, so that whoever lists has to turn it.
        const all = under(path.replace(/\/dashboards$/, ''), 'dashboards');
        const from = Number(
          new URL(request.url ?? '', 'http://x').searchParams.get('pageToken') ?? 0,
        );
        const more = from + 2 < all.length ? { nextPageToken: String(from + 2) } : {};
        send(200, { dashboards: all.slice(from, from + 2), ...more });
      } else if (request.method === 'POST') {
        send(200, put(`${path}/${String(1000 + ++number)}`, body));
      } else if (!isKnown) send(404, { error: { message: `there is no ${path}` } });
      else if (request.method === 'PATCH') send(200, put(path, body));
      else {
        resources.delete(path);
        send(200, {});
      }
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.forceShutdown();
    http.close();
    http.closeAllConnections();
  });
  fake.options = {
    grpc: { apiEndpoint: '127.0.0.1', port, sslCreds: grpc.credentials.createInsecure() },
    dashboards: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
  };
  return fake;
}
