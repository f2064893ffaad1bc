import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSocket, type AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';

/** What goes wrong with one request, before it is answered. */
export type RegistryFault =
  | { readonly kind: 'status'; readonly status: number }
  /** The connection is cut when the body has come. */
  | { readonly kind: 'reset' }
  /** Nothing is ever answered. */
  | { readonly kind: 'silence' }
  /** Another digest is told than that of what was sent. */
  | { readonly kind: 'other-digest' };

export interface FakeRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly blobs: Map<string, Buffer>;
  /** By tag and by digest. */
  readonly manifests: Map<string, Buffer>;
  /** `METHOD path` of every request that was not refused for its credentials. */
  readonly requests: string[];
  /** Every `authorization` that came. */
  readonly proofs: string[];
  /** Bytes of blobs that came. */
  received: number;
  /** The registry answers as one that knows the referrers API. */
  listsReferrers: boolean;
  /** What has to be shown; nothing when undefined. */
  demand:
    | { readonly kind: 'basic' | 'bearer'; readonly user: string; readonly password: string }
    | undefined;
  onRequest: (request: {
    readonly method: string;
    readonly path: string;
    readonly count: number;
  }) => RegistryFault | undefined;
}

const TOKEN = 'a-token-of-the-fake';

/** The OCI distribution protocol as far as a push uses it, in memory. Ends with the test. */
export async function startFakeRegistry(t: Test): Promise<FakeRegistry> {
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const fake: FakeRegistry = {
    host,
    blobs: new Map(),
    manifests: new Map(),
    requests: [],
    proofs: [],
    received: 0,
    listsReferrers: false,
    demand: undefined,
    onRequest: () => undefined,
  };
  let count = 0;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    const { pathname, searchParams } = new URL(url, `http://${host}`);
    const body = await buffer(request);
    const { authorization } = request.headers;
    if (authorization !== undefined) fake.proofs.push(authorization);
    if (pathname === '/token') return token(request, body, response);
    if (!isAllowed(authorization)) {
      const realm = `Bearer realm="http://${host}/token",service="fake",scope="repository:x:pull,push"`;
      response.setHeader(
        'www-authenticate',
        fake.demand?.kind === 'basic' ? 'Basic realm="x"' : realm,
      );
      return refuse(response, 401, 'UNAUTHORIZED');
    }
    fake.requests.push(`${method} ${pathname}`);
    const fault = fake.onRequest({ method, path: pathname, count: (count += 1) });
    if (fault?.kind === 'status') return refuse(response, fault.status, 'UNKNOWN');
    if (fault?.kind === 'reset') return void response.destroy();
    if (fault?.kind === 'silence') return;
    const [, , what = '', name = ''] = /^\/v2\/(.+)\/(blobs|manifests)\/(.*)$/.exec(pathname) ?? [];
    if (what === 'manifests') return manifest(method, name, body, request, response, fault);
    if (method === 'HEAD') {
      const blob = fake.blobs.get(name);
      response.writeHead(blob ? 200 : 404, blob && { 'content-length': blob.length });
      return void response.end();
    }
    if (method === 'POST') {
      response.writeHead(202, { location: `${pathname}an-upload?state=x` });
      return void response.end();
    }
    const digest = searchParams.get('digest') ?? '';
    fake.received += body.length;
    if (digest !== digestOf(body)) return refuse(response, 400, 'DIGEST_INVALID');
    fake.blobs.set(digest, body);
    response.writeHead(201).end();
  }

  function manifest(
    method: string,
    name: string,
    body: Buffer,
    request: IncomingMessage,
    response: ServerResponse,
    fault: RegistryFault | undefined,
  ): void {
    if (method === 'GET') {
      const known = fake.manifests.get(name);
      if (known === undefined) return refuse(response, 404, 'MANIFEST_UNKNOWN');
      return void response.writeHead(200).end(known);
    }
    const digest = digestOf(body);
    const said = JSON.parse(body.toString('utf8')) as {
      config?: { digest: string };
      layers?: { digest: string }[];
      subject?: object;
    };
    const named = [said.config, ...(said.layers ?? [])].flatMap((one) => one?.digest ?? []);
    if (named.some((one) => !fake.blobs.has(one))) return refuse(response, 404, 'BLOB_UNKNOWN');
    if (request.headers['content-type'] === undefined)
      return refuse(response, 400, 'MANIFEST_INVALID');
    fake.manifests.set(name, body).set(digest, body);
    response.writeHead(201, {
      'docker-content-digest': fault?.kind === 'other-digest' ? `sha256:${'0'.repeat(64)}` : digest,
      ...(fake.listsReferrers && said.subject !== undefined && { 'oci-subject': digest }),
    });
    response.end();
  }

  function isAllowed(authorization: string | undefined): boolean {
    if (fake.demand === undefined) return true;
    return (
      authorization === (fake.demand.kind === 'bearer' ? `Bearer ${TOKEN}` : basicOf(fake.demand))
    );
  }

  function token(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const { demand } = fake;
    const form = new URLSearchParams(body.toString('utf8'));
    const isIdentity = form.get('refresh_token') === demand?.password;
    const isPassword = demand !== undefined && request.headers.authorization === basicOf(demand);
    if (!isIdentity && !isPassword) return refuse(response, 401, 'UNAUTHORIZED');
    response.end(JSON.stringify(isIdentity ? { access_token: TOKEN } : { token: TOKEN }));
  }
  return fake;
}

const basicOf = ({
  user,
  password,
}: {
  readonly user: string;
  readonly password: string;
}): string => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

const digestOf = (bytes: Buffer): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status).end(JSON.stringify({ errors: [{ code, message: 'by the fake' }] }));
}

export const INSTALL_REGISTRY = 'apt-get install -y --no-install-recommends docker-registry';

/** Debian's docker-registry, where it is installed. */
export const findRegistry = (): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'docker-registry'))
    .find((path) => existsSync(path));

/** Starts it on a free port, with its files below `folder`; `127.0.0.1:PORT`. Ends with the test. */
export async function startRegistry(t: Test, program: string, folder: string): Promise<string> {
  const host = `127.0.0.1:${await freePort()}`;
  const config = join(folder, 'registry.yml');
  const storage = { filesystem: { rootdirectory: join(folder, 'registry') } };
  // JSON is YAML.
  writeFileSync(config, JSON.stringify({ version: 0.1, storage, http: { addr: host } }));
  const registry = spawn(program, ['serve', config], { stdio: 'ignore' });
  const ended = new Promise((resolve) => registry.once('exit', resolve));
  t.teardown(async () => {
    registry.kill('SIGKILL');
    await ended;
  });
  for (let tries = 0; tries < 500; tries += 1) {
    const answers = await fetch(`http://${host}/v2/`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answers) return host;
    await sleep(20);
  }
  throw new Error(`${program} does not answer`);
}

async function freePort(): Promise<number> {
  const socket = createSocket().listen(0, '127.0.0.1');
  await new Promise((resolve) => socket.once('listening', resolve));
  const { port } = socket.address() as AddressInfo;
  await new Promise((resolve) => socket.close(resolve));
  return port;
}
