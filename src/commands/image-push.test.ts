import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createOciImageStore } from '../adapters/oci/oci-image-store.ts';
import { openRegistries } from '../adapters/registry/registry.ts';
import type { Problem } from '../model/diagnostic.ts';
import type { JsonObject } from '../model/json.ts';
import type { Result } from '../model/result.ts';
import { startFakeRegistry } from '../testing/fake-registry.ts';
import { buildImage } from './image.ts';
import { pushImage, type PushPorts } from './image-push.ts';

const value = <T>(result: Result<T, unknown>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
};
const code = (result: Result<unknown, Problem>): string =>
  result.ok ? 'ok' : (result.error.diagnostics[0]?.code ?? '');

/** A folder with an image in `image`, and how to push it. */
async function rig(t: Test) {
  const cwd = t.testdir({ service: { 'server.js': 'serve()' }, model: { weights: 'w1' } });
  const images = createOciImageStore({
    layers: join(cwd, 'layers'),
    nodeProgram: process.execPath,
    arch: process.arch,
  });
  const build = async () =>
    value(
      await buildImage(
        {
          ...{ cwd, output: 'image', base: 'scratch', tag: 'birds' },
          ...{ copy: ['service:/app'], model: 'model:/app/model', label: ['team=birds'] },
        },
        {
          images,
          environment: { variable: () => undefined },
          version: '0.1.0',
          nodeVersion: process.versions.node,
          engine: () => {
            throw new Error('no engine takes part');
          },
          notify: () => undefined,
        },
      ),
    );
  let sent = 0;
  const ports: PushPorts = {
    images,
    openRepository: openRegistries({
      env: {},
      home: cwd,
      patience: { idle: 5000, delays: [1] },
    }),
    signal: new AbortController().signal,
    onSent: (bytes) => void (sent += bytes),
  };
  const push = (reference: string) =>
    pushImage({ directory: 'image', reference, plainHttp: false, cwd }, ports);
  return { cwd, build, push, sent: () => sent };
}

t.test('an image and its bill are there before a tag names them', async (t) => {
  const { cwd, build, push, sent } = await rig(t);
  const { digest } = await build();
  const fake = await startFakeRegistry(t);
  const pushed = value(await push(`${fake.host}/team/birds:v1`));
  t.match(pushed, {
    reference: `${fake.host}/team/birds@${digest}`,
    registry: fake.host,
    repository: 'team/birds',
    tag: 'v1',
    digest,
    labels: { team: 'birds' },
  });
  t.equal(pushed.sent, fake.received);
  t.equal(sent(), fake.received);
  const [bill = ''] = pushed.attached;
  const puts = fake.requests.filter((request) => /PUT .*manifests/.test(request));
  const fallback = digest.replace(':', '-');
  t.same(
    puts.map((request) => request.split('/manifests/')[1]),
    [digest, bill, fallback, 'v1'],
  );
  t.same(
    fake.manifests.get('v1'),
    readFileSync(join(cwd, 'image/blobs/sha256', digest.slice(7))),
    'byte for byte',
  );
  t.match(JSON.parse(fake.manifests.get(fallback)?.toString() ?? ''), {
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [{ digest: bill, artifactType: 'application/vnd.cyclonedx+json' }],
  });

  fake.requests.length = 0;
  t.match(value(await push(`${fake.host}/team/birds`)), { sent: 0, digest });
  t.notOk(
    fake.requests.some((request) => /POST|manifests\/v1/.test(request)),
    'without a tag none moves, and nothing travels twice',
  );
});

t.test('a new model sends its own layer', async (t) => {
  const { cwd, build, push } = await rig(t);
  await build();
  const fake = await startFakeRegistry(t);
  await push(`${fake.host}/team/birds`);
  writeFileSync(join(cwd, 'model/weights'), 'w2');
  const { layers } = await build();
  const before = fake.blobs.size;
  value(await push(`${fake.host}/team/birds`));
  t.ok(fake.blobs.has(layers[1]?.digest ?? ''));
  // The layer, the configuration and the bill.
  t.equal(fake.blobs.size, before + 3);
});

t.test('what others attached stays, and a registry that lists by itself gets no tag', async (t) => {
  const { build, push } = await rig(t);
  const { digest } = await build();
  const fake = await startFakeRegistry(t);
  const tag = digest.replace(':', '-');
  const signature = { mediaType: 'x/y', digest: `sha256:${'1'.repeat(64)}`, size: 1 };
  fake.manifests.set(tag, Buffer.from(JSON.stringify({ manifests: [signature] })));
  value(await push(`${fake.host}/birds`));
  value(await push(`${fake.host}/birds`));
  const index = JSON.parse(fake.manifests.get(tag)?.toString() ?? '') as {
    manifests: JsonObject[];
  };
  t.match(index.manifests, [signature, { artifactType: /cyclonedx/ }]);
  t.equal(index.manifests.length, 2, 'once');
  fake.manifests.set(tag, Buffer.from('no index'));
  t.equal(code(await push(`${fake.host}/birds`)), 'registry/bad-referrers');

  const modern = await startFakeRegistry(t);
  modern.listsReferrers = true;
  value(await push(`${modern.host}/birds`));
  t.notOk(modern.manifests.has(tag));
});

t.test('a push that is cut anywhere leaves no tag, and the next one ends it', async (t) => {
  const { build, push } = await rig(t);
  await build();
  const whole = await startFakeRegistry(t);
  value(await push(`${whole.host}/birds:v1`));
  for (let at = 1; at <= whole.requests.length; at += 1) {
    const fake = await startFakeRegistry(t);
    fake.onRequest = ({ count }) => (count >= at ? { kind: 'reset' } : undefined);
    t.equal(code(await push(`${fake.host}/birds:v1`)), 'registry/unreachable', `request ${at}`);
    t.notOk(fake.manifests.has('v1'));
    fake.onRequest = () => undefined;
    value(await push(`${fake.host}/birds:v1`));
    t.same([...fake.manifests.keys()].toSorted(), [...whole.manifests.keys()].toSorted());
  }
});

t.test('what cannot be pushed is refused before anything is sent', async (t) => {
  const { cwd, build, push } = await rig(t);
  t.equal(code(await push('registry.example/birds')), 'image/no-layout');
  const { layers } = await build();
  for (const reference of [
    'birds',
    'team/birds',
    'registry.example/Birds',
    'registry.example/birds:v 1',
    `registry.example/birds@sha256:${'0'.repeat(64)}`,
    'registry.example/',
    'registry.example/a//b',
    '/birds',
  ]) {
    t.equal(code(await push(reference)), 'image/bad-reference', reference);
  }
  const fake = await startFakeRegistry(t);
  const blob = join(cwd, 'image/blobs/sha256', layers[0]?.digest.slice(7) ?? '');
  const bytes = readFileSync(blob);
  bytes.writeUInt8(bytes.readUInt8(40) ^ 1, 40);
  writeFileSync(blob, bytes);
  t.equal(code(await push(`${fake.host}/birds:v1`)), 'registry/bad-digest');
  t.equal(fake.manifests.size, 0, 'a damaged layer becomes no image');
});
