import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { runProgram } from '../vision/testing/run-program.ts';
import { disc } from '../vision/testing/tiny-data.ts';
import { saveTinyModel } from '../vision/testing/tiny-model.ts';
import { startService } from './testing/start-service.ts';

const dir = mkdtempSync(join(tmpdir(), 'aviansight-bundle-'));
t.teardown(() => {
  rmSync(dir, { recursive: true });
});
const at = (name: string): string => join(dir, name);

await t.test('the same digest twice, and no path of this machine inside', async (t) => {
  const digests = [];
  for (const out of ['one', 'two']) {
    const { code, stderr } = await runProgram('serve/bundle.ts', ['--out', at(out)]);
    t.equal(code, 0, stderr);
    digests.push(/sha256:[0-9a-f]{64}/.exec(stderr)?.[0]);
    t.match(stderr, /MiB {2}in \d+ files/);
  }
  t.match(digests[0], /sha256/);
  t.equal(digests[0], digests[1]);
  for (const name of ['server.js', 'inference-worker.js']) {
    t.notMatch(readFileSync(at(`one/${name}`), 'utf8'), process.cwd());
  }
});

await t.test(
  'native packages come with what they need on this platform, and nothing else does',
  (t) => {
    const packages = readdirSync(at('one/node_modules')).flatMap((name) =>
      name.startsWith('@')
        ? readdirSync(at(`one/node_modules/${name}`)).map((scoped) => `${name}/${scoped}`)
        : [name],
    );
    const native = packages.filter((name) => name.startsWith('@img/sharp-'));
    t.equal(native.length, 2);
    t.ok(native.every((name) => name.endsWith(`${process.platform}-${process.arch}`)));
    t.same(packages.filter((name) => !native.includes(name)).sort(), [
      '@cornerstonejs/codec-libjpeg-turbo-8bit',
      '@img/colour',
      'detect-libc',
      'onnxruntime-common',
      'onnxruntime-node',
      'semver',
      'sharp',
    ]);
    const binaries = readdirSync(at('one/node_modules/onnxruntime-node/bin/napi-v6'));
    t.same(binaries, [process.platform]);
    t.end();
  },
);

await t.test('the folder runs with nothing but Node, and names a bird', async (t) => {
  await saveTinyModel(at('model'));
  const env = { MODEL_DIR: at('model'), REVISION: 'bundled', DRAIN_DELAY_MS: '0' };
  const service = await startService(t, env, { script: 'server.js', cwd: at('one') });
  const form = new FormData();
  form.append('bird_image', new Blob([Uint8Array.from(await disc(1, 1).toBuffer())]), 'a.jpg');
  const response = await fetch(`${service.url}/infer_image`, { method: 'POST', body: form });
  t.equal(response.status, 200);
  t.match(await response.json(), { species: String, revision: 'bundled' });
  t.match(await (await fetch(service.url)).text(), /Which bird is this/);
  t.ok((await fetch(`${service.url}/docs`)).ok);
  service.child.kill('SIGTERM');
  t.equal(await service.exit, 0);
});
