import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Problem } from '../../model/diagnostic.ts';
import type { OciDigest } from '../../model/image-views.ts';
import type { Result } from '../../model/result.ts';
import type { BlobSource, Repository } from '../../ports/registry.ts';
import {
  findRegistry,
  INSTALL_REGISTRY,
  startFakeRegistry,
  startRegistry,
} from '../../testing/fake-registry.ts';
import { NoCredentials, type Credentials } from '../bucket-gcs/credentials.ts';
import { parseChallenge } from './challenge.ts';
import { openRegistries, type RegistryOptions } from './registry.ts';

const digestOf = (content: string | Buffer): OciDigest =>
  `sha256:${createHash('sha256').update(content).digest('hex')}`;

const blobOf = (content: string | Buffer, digest = digestOf(content)): BlobSource => ({
  digest,
  size: Buffer.byteLength(content),
  async *read() {
    yield Buffer.from(content);
  },
});

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const manifestOf = (config: string, layers: readonly string[] = []) => {
  const describe = (content: string) => ({
    mediaType: 'application/octet-stream',
    digest: digestOf(content),
    size: Buffer.byteLength(content),
  });
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: describe(config),
    layers: layers.map(describe),
  });
  return { mediaType: MANIFEST, text, digest: digestOf(text) };
};

const nobody: Credentials = {
  headers: () => Promise.reject(new NoCredentials('nobody logged in')),
};

function open(t: Test, registry: string, options: Partial<RegistryOptions> = {}): Repository {
  const openRepository = openRegistries({
    env: process.env,
    home: '/nonexistent',
    google: nobody,
    patience: { idle: 5000, delays: [1, 1] },
    ...options,
  });
  const repository = openRepository({
    registry,
    repository: 'team/birds',
    plainHttp: false,
    signal: new AbortController().signal,
  });
  t.teardown(() => {
    repository.close();
  });
  return repository;
}

const value = <T>(result: Result<T, unknown>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
};
const code = (result: Result<unknown, Problem>): string =>
  result.ok ? 'ok' : (result.error.diagnostics[0]?.code ?? '');

/** What every registry has to do for us. */
function contract(t: Test, start: (t: Test) => Promise<string>): void {
  t.test('blobs are sent once, manifests have names', async (t) => {
    const repository = open(t, await start(t));
    const large = Buffer.alloc(3_000_000, 'feather');
    t.equal(value(await repository.putBlob(blobOf(large))), large.length);
    t.equal(value(await repository.putBlob(blobOf(large))), 0, 'it has that one');
    t.equal(value(await repository.putBlob(blobOf('{}'))), 2);

    const manifest = manifestOf('{}');
    t.equal(value(await repository.manifest('v1')), undefined);
    value(await repository.putManifest(manifest.digest, manifest));
    t.equal(value(await repository.manifest('v1')), undefined, 'by its digest alone');
    value(await repository.putManifest('v1', manifest));
    t.equal(value(await repository.manifest('v1')), manifest.text);
    t.equal(value(await repository.manifest(manifest.digest)), manifest.text);
  });
  t.test('what is not whole is refused', async (t) => {
    const repository = open(t, await start(t));
    const damaged = blobOf('wren', digestOf('robin'));
    t.match(await repository.putBlob(damaged), {
      error: { kind: 'corruption', diagnostics: [{ code: 'registry/bad-digest' }] },
    });
    t.notOk((await repository.putManifest('v1', manifestOf('absent'))).ok);
  });
  t.end();
}

t.test('contract, in process', (t) => {
  contract(t, async (t) => (await startFakeRegistry(t)).host);
});

const program = findRegistry();
t.test(
  'contract, docker-registry',
  { skip: program === undefined && `needs docker-registry: ${INSTALL_REGISTRY}` },
  (t) => {
    contract(t, (t) => startRegistry(t, program ?? '', t.testdir()));
  },
);

t.test("who one is comes from docker's configuration", async (t) => {
  const fake = await startFakeRegistry(t);
  const folder = t.testdir();
  const config = (content: object): void =>
    writeFileSync(join(folder, 'config.json'), JSON.stringify(content));
  const push = async () => {
    const env = { PATH: `${folder}:${process.env['PATH']}`, DOCKER_CONFIG: folder };
    return code(await open(t, fake.host, { env }).putBlob(blobOf(`${Math.random()}`)));
  };
  const auth = Buffer.from('robin:re:d').toString('base64');
  for (const kind of ['basic', 'bearer'] as const) {
    fake.demand = { kind, user: 'robin', password: 're:d' };
    config({ auths: { [fake.host]: { auth } } });
    t.equal(await push(), 'ok', `${kind}, a password`);
    config({ auths: { [`https://${fake.host}/v1/`]: { auth } } });
    t.equal(await push(), 'ok', `${kind}, an entry by address`);
    config({ auths: { [fake.host]: { auth: Buffer.from('robin:blue').toString('base64') } } });
    t.equal(await push(), 'registry/denied', `${kind}, a wrong password`);
    config({});
    t.equal(await push(), 'registry/denied', `${kind}, nobody`);
  }
  config({ auths: { [fake.host]: { identitytoken: 're:d' } } });
  t.equal(await push(), 'ok', 'an identity token');

  const helper = (script: string): void => {
    const path = join(folder, 'docker-credential-nest');
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
  };
  config({ credHelpers: { [fake.host]: 'nest' } });
  helper(`[ "$(cat)" = "${fake.host}" ] && echo '{"Username":"robin","Secret":"re:d"}'`);
  t.equal(await push(), 'ok', 'a helper of this registry');
  helper(`echo '{"Username":"<token>","Secret":"re:d"}'`);
  t.equal(await push(), 'ok', 'a helper with an identity token');
  helper('echo "credentials not found in native keychain"; exit 1');
  t.equal(await push(), 'registry/denied', 'a helper that knows nobody');
  helper('echo "the keychain is locked" >&2; exit 1');
  t.equal(await push(), 'registry/no-credentials', 'a helper that fails');
  helper('echo secret');
  t.equal(await push(), 'registry/no-credentials', 'a helper that babbles');
  config({ credsStore: '../nest' });
  t.equal(await push(), 'registry/no-credentials', 'no path can be a helper');
  config({ credsStore: 'absent' });
  t.equal(await push(), 'registry/no-credentials', 'a helper that is not there');
  writeFileSync(join(folder, 'config.json'), '{');
  t.equal(await push(), 'registry/no-credentials', 'a broken file');
});

t.test('one token serves a whole push', async (t) => {
  const fake = await startFakeRegistry(t);
  const home = t.testdir();
  mkdirSync(join(home, '.docker'));
  const auth = Buffer.from('robin:red').toString('base64');
  writeFileSync(
    join(home, '.docker/config.json'),
    JSON.stringify({ auths: { [fake.host]: { auth } } }),
  );
  fake.demand = { kind: 'bearer', user: 'robin', password: 'red' };
  const repository = open(t, fake.host, { home, env: {} });
  await Promise.all(['a', 'b', 'c', 'd'].map((text) => repository.putBlob(blobOf(text))));
  t.equal(fake.blobs.size, 4);
  t.equal(fake.proofs.filter((proof) => proof.startsWith('Basic')).length, 1);
});

t.test('what may pass is tried again', async (t) => {
  const fake = await startFakeRegistry(t);
  const repository = open(t, fake.host);
  for (const fault of [
    { kind: 'reset' },
    { kind: 'status', status: 503 },
    { kind: 'status', status: 429 },
  ] as const) {
    for (const method of ['HEAD', 'POST', 'PUT']) {
      const hits: string[] = [];
      fake.onRequest = (request) => {
        if (hits.length > 0 || request.method !== method) return undefined;
        hits.push(request.path);
        return fault;
      };
      const text = `${method} ${JSON.stringify(fault)}`;
      t.equal(value(await repository.putBlob(blobOf(text))), text.length, text);
      t.equal(hits.length, 1);
      t.equal(fake.blobs.get(digestOf(text))?.toString(), text);
    }
  }
});

t.test('what does not pass is told', async (t) => {
  const fake = await startFakeRegistry(t);
  const repository = open(t, fake.host, { patience: { idle: 50, delays: [1] } });
  const blob = blobOf('robin');
  const endings = {
    'registry/unreachable': { kind: 'silence' },
    'registry/unavailable': { kind: 'status', status: 502 },
    'registry/denied': { kind: 'status', status: 403 },
    'registry/not-found': { kind: 'status', status: 404 },
    'registry/too-large': { kind: 'status', status: 413 },
    'registry/refused': { kind: 'status', status: 405 },
  } as const;
  for (const [expected, fault] of Object.entries(endings)) {
    fake.onRequest = ({ method }) => (method === 'POST' ? fault : undefined);
    t.equal(code(await repository.putBlob(blob)), expected);
  }
  fake.onRequest = () => ({ kind: 'other-digest' });
  fake.blobs.set(digestOf('{}'), Buffer.from('{}'));
  t.equal(code(await repository.putManifest('v1', manifestOf('{}'))), 'registry/other-digest');
  t.equal(code(await open(t, '127.0.0.1:1').putBlob(blob)), 'registry/unreachable');
});

t.test("Google's registries are asked with application-default credentials", async (t) => {
  const refused = await open(t, 'europe-docker.pkg.dev.invalid').putBlob(blobOf('x'));
  t.equal(code(refused), 'registry/unreachable', 'a name that only looks like one of them');
  const { findLogin } = await import('./registry-credentials.ts');
  const google = { headers: async () => ({ authorization: 'Bearer ya29.feather' }) };
  const login = (registry: string) =>
    findLogin(registry, { env: {}, home: '/nonexistent', google });
  const expected = {
    kind: 'password',
    user: 'oauth2accesstoken',
    password: 'ya29.feather',
  } as const;
  t.same(await login('europe-west1-docker.pkg.dev'), expected);
  t.same(await login('eu.gcr.io'), expected);
  t.same(await login('gcr.io'), expected);
  for (const name of ['notgcr.io', 'not-gcr.io', 'gcr.io.example', 'docker.pkg.dev.example']) {
    t.equal(await login(name), undefined, 'no token for somebody else');
  }
  t.equal(await login('registry.example'), undefined);
  await t.rejects(
    findLogin('gcr.io', { env: {}, home: '/nonexistent', google: nobody }),
    /nobody logged in/,
  );
});

t.test('challenges', (t) => {
  t.same(parseChallenge('Basic realm="x"'), { kind: 'basic' });
  t.same(parseChallenge('Bearer realm="https://a/t",service=b,scope="repository:c:pull,push"'), {
    kind: 'bearer',
    realm: 'https://a/t',
    service: 'b',
    scope: 'repository:c:pull,push',
  });
  t.equal(parseChallenge('Bearer service="b"'), undefined);
  t.equal(parseChallenge('Negotiate'), undefined);
  t.equal(parseChallenge(undefined), undefined);
  t.end();
});
