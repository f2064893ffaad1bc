import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { createOciImageStore } from '../adapters/oci/oci-image-store.ts';
import type { Result } from '../model/result.ts';
import { buildImage, type ImagePorts } from './image.ts';
import { inspectImage } from './image-inspect.ts';

t.setTimeout(0);
const LAYERS = join(t.testdir(), 'layers');

function portsFor(layers: string, variables: { readonly [name: string]: string } = {}): ImagePorts {
  return {
    images: createOciImageStore({ layers, nodeProgram: process.execPath, arch: process.arch }),
    environment: { variable: (name) => variables[name] },
    version: '0.1.0',
    nodeVersion: process.versions.node,
    engine: () => {
      throw new Error('no engine takes part');
    },
    notify: () => undefined,
  };
}

const SERVER = `require('node:http')
  .createServer((request, response) => response.end(require('./model/name.json') + ' ' + process.getuid()))
  .listen(Number(process.env.PORT), () => console.log('ready'));`;

function project(t: Test): string {
  return t.testdir({
    service: { 'server.js': SERVER, lib: { 'a.js': '1', 'b.js': '2' } },
    model: { 'name.json': '"robin"' },
  });
}

const options = (cwd: string) => ({
  cwd,
  output: 'image',
  copy: ['service:/app', 'model:/app/model'],
  workdir: '/app',
  entrypoint: 'node server.js',
  env: ['PORT=8080'],
  expose: ['8080'],
  label: ['dev.avian.model-digest=b3:12'],
  tag: 'birds:1',
});

const value = <T>(result: Result<T, unknown>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.error, null, 1));
  return result.value;
};
const code = (result: Result<unknown, { diagnostics: readonly { code: string }[] }>): string =>
  result.ok ? 'ok' : (result.error.diagnostics[0]?.code ?? '');

t.test('the same digest twice, whatever times, modes, folders and caches say', async (t) => {
  const cwd = project(t);
  const first = value(await buildImage(options(cwd), portsFor(LAYERS)));
  t.match(first, { tag: 'birds:1', layers: [{ from: 'base node' }, {}, {}] });
  const again = value(await buildImage(options(cwd), portsFor(LAYERS)));
  t.equal(again.digest, first.digest);
  t.ok(again.layers.every(({ cached }) => cached));

  // Another checkout, other times, another umask, nothing cached but the base.
  const other = join(cwd, 'elsewhere');
  for (const path of ['service/lib', 'model']) mkdirSync(join(other, path), { recursive: true });
  for (const path of [
    'model/name.json',
    'service/lib/b.js',
    'service/lib/a.js',
    'service/server.js',
  ]) {
    copyFileSync(join(cwd, path), join(other, path));
    chmodSync(join(other, path), 0o600);
    utimesSync(join(other, path), 1e9, 1e9);
  }
  const copies = { copy: options(cwd).copy, base: 'scratch' };
  const here = value(await buildImage({ ...options(cwd), ...copies }, portsFor(LAYERS)));
  const there = value(
    await buildImage({ ...options(other), ...copies }, portsFor(join(cwd, 'empty-cache'))),
  );
  t.notOk(there.layers.some(({ cached }) => cached));
  t.equal(there.digest, here.digest);

  // A new model rebuilds only its own layer.
  writeFileSync(join(cwd, 'model/name.json'), '"wren"');
  const changed = value(await buildImage(options(cwd), portsFor(LAYERS)));
  t.same(
    changed.layers.map(({ cached }) => cached),
    [true, true, false],
  );
  t.not(changed.digest, first.digest);
  chmodSync(join(cwd, 'service/lib/a.js'), 0o755);
  const executable = value(await buildImage(options(cwd), portsFor(LAYERS)));
  t.not(executable.layers[1]?.digest, changed.layers[1]?.digest, 'the executable bit counts');
});

t.test('what is inside', async (t) => {
  const cwd = project(t);
  const built = value(await buildImage(options(cwd), portsFor(LAYERS)));
  const found = value(await inspectImage({ cwd, directory: 'image' }, portsFor(LAYERS)));
  t.equal(found.digest, built.digest);
  t.match(found, {
    tag: 'birds:1',
    annotations: { 'dev.avian.model-digest': 'b3:12' },
    config: {
      os: 'linux',
      created: '1970-01-01T00:00:00Z',
      config: {
        User: '65532:65532',
        WorkingDir: '/app',
        Entrypoint: ['node', 'server.js'],
        Env: [/^NODE_VERSION=\d/, /^PATH=/, 'PORT=8080'],
        ExposedPorts: { '8080/tcp': {} },
        Labels: { 'dev.avian.model-digest': 'b3:12' },
        StopSignal: 'SIGTERM',
      },
    },
  });
  const [base, service, model] = found.layers;
  t.same(
    service?.entries.map(({ path }) => path),
    ['app', 'app/lib', 'app/lib/a.js', 'app/lib/b.js', 'app/server.js'],
  );
  t.same(model?.entries, [
    { path: 'app', kind: 'directory', size: 0, mode: 0o755 },
    { path: 'app/model', kind: 'directory', size: 0, mode: 0o755 },
    { path: 'app/model/name.json', kind: 'file', size: 7, mode: 0o644 },
  ]);
  const paths = base?.entries.map(({ path }) => path) ?? [];
  for (const path of ['usr/local/bin/node', 'etc/passwd', 'tmp', 'home/nonroot']) {
    t.ok(paths.includes(path), path);
  }
  t.equal(base?.entries.find(({ path }) => path === 'tmp')?.mode, 0o1777);
  t.equal(base?.createdBy, 'avian image build --base node');
  t.notOk(
    readFileSync(join(cwd, 'image/index.json'), 'utf8').includes(cwd),
    'no path of this machine',
  );

  t.equal(
    code(await inspectImage({ cwd, directory: 'none' }, portsFor(LAYERS))),
    'image/no-layout',
  );
  t.match(await inspectImage({ cwd, directory: 'image', tag: 'birds:2' }, portsFor(LAYERS)), {
    error: { diagnostics: [{ code: 'image/not-found', hint: 'it has: birds:1' }] },
  });
  const blob = join(cwd, 'image/blobs/sha256', service?.digest.slice(7) ?? '');
  writeFileSync(blob, readFileSync(blob).subarray(0, 60));
  t.equal(code(await inspectImage({ cwd, directory: 'image' }, portsFor(LAYERS))), 'image/corrupt');
  writeFileSync(join(cwd, 'image/blobs/sha256', built.digest.slice(7)), '{}');
  t.equal(code(await inspectImage({ cwd, directory: 'image' }, portsFor(LAYERS))), 'image/corrupt');
});

t.test('a health check, the model last, and the bill of materials attached', async (t) => {
  const cwd = project(t);
  mkdirSync(join(cwd, 'service/node_modules/@img/colour'), { recursive: true });
  writeFileSync(
    join(cwd, 'service/node_modules/@img/colour/package.json'),
    '{"name":"@img/colour","version":"1.1.0","license":"MIT"}',
  );
  writeFileSync(
    join(cwd, 'service/bundle.cdx.json'),
    '{"bomFormat":"CycloneDX","components":[{"type":"library","name":"a","purl":"pkg:npm/a@1"}]}',
  );
  const request = {
    ...options(cwd),
    base: 'scratch',
    copy: ['service:/app'],
    model: 'model:/app/model',
    health: { cmd: 'node -e "check()"', interval: '1m30s', timeout: '500ms', retries: '3' },
  };
  const built = value(await buildImage(request, portsFor(LAYERS)));
  t.same(
    built.layers.map(({ from }) => from),
    ['service', 'model'],
  );
  t.equal(built.ownSize, built.size, 'scratch weighs nothing');
  const found = value(await inspectImage({ cwd, directory: 'image' }, portsFor(LAYERS)));
  t.equal(found.digest, built.digest, 'the image is found beside what is attached to it');
  t.match(found.config, {
    config: {
      Healthcheck: {
        Test: ['CMD', 'node', '-e', 'check()'],
        Interval: 90e9,
        Timeout: 0.5e9,
        Retries: 3,
      },
    },
  });
  t.match(found.bill, {
    metadata: { component: { name: 'birds:1', version: built.digest } },
    components: [
      { type: 'machine-learning-model', name: '/app/model' },
      { purl: 'pkg:npm/%40img/colour@1.1.0', licenses: [{ expression: 'MIT' }] },
      { purl: 'pkg:npm/a@1' },
    ],
  });
  const index = JSON.parse(readFileSync(join(cwd, 'image/index.json'), 'utf8')) as {
    manifests: { artifactType?: string; digest: string }[];
  };
  t.match(index.manifests, [
    { digest: built.digest },
    { artifactType: 'application/vnd.cyclonedx+json' },
  ]);
  const attached = join(cwd, 'image/blobs/sha256', index.manifests[1]?.digest.slice(7) ?? '');
  t.match(JSON.parse(readFileSync(attached, 'utf8')), { subject: { digest: built.digest } });

  writeFileSync(attached, '{}');
  t.equal(code(await inspectImage({ cwd, directory: 'image' }, portsFor(LAYERS))), 'image/corrupt');
  t.same(value(await buildImage(request, portsFor(LAYERS))).digest, built.digest);
  t.match(readFileSync(attached, 'utf8'), 'subject', 'the same bill twice');
});

t.test('an image on top of another layout', async (t) => {
  const cwd = project(t);
  const ports = portsFor(LAYERS);
  const scratch = { ...options(cwd), base: 'scratch', output: 'base', copy: ['service:/app'] };
  value(await buildImage({ ...scratch, env: ['A=1', 'B=2'] }, ports));
  const { entrypoint: _, workdir: __, ...rest } = options(cwd);
  const top = { ...rest, base: 'oci:base', copy: ['model:/app/model'], env: ['B=3'] };
  value(await buildImage(top, portsFor(join(cwd, 'other-cache'))));
  const found = value(await inspectImage({ cwd, directory: 'image' }, ports));
  t.equal(found.layers.length, 2);
  t.match(found.config['config'], {
    Env: ['A=1', 'B=3', /^PATH=/],
    Entrypoint: ['node', 'server.js'],
    WorkingDir: '/app',
  });
  t.equal(code(await buildImage({ ...top, base: 'oci:none' }, ports)), 'image/no-layout');
});

t.test('SOURCE_DATE_EPOCH dates everything', async (t) => {
  const cwd = project(t);
  const ports = portsFor(LAYERS, { SOURCE_DATE_EPOCH: '1700000000' });
  value(await buildImage({ ...options(cwd), base: 'scratch' }, ports));
  const found = value(await inspectImage({ cwd, directory: 'image' }, ports));
  t.equal(found.config['created'], '2023-11-14T22:13:20Z');
  const list = execFileSync(
    'tar',
    ['--utc', '-tvzf', join(cwd, 'image/blobs/sha256', found.layers[0]?.digest.slice(7) ?? '')],
    { encoding: 'utf8' },
  );
  t.ok(list.split('\n').every((line) => line === '' || line.includes('2023-11-14 22:13')));
  const bad = portsFor(LAYERS, { SOURCE_DATE_EPOCH: 'today' });
  t.equal(code(await buildImage(options(cwd), bad)), 'image/bad-epoch');
});

t.test('what cannot go in is named', async (t) => {
  const cwd = project(t);
  const ports = portsFor(LAYERS);
  const build = (copy: string, more = {}) =>
    buildImage({ ...options(cwd), base: 'scratch', copy: [copy], ...more }, ports);
  t.equal(code(await build('absent:/app')), 'image/source-missing');
  t.equal(code(await build('service:app')), 'image/not-absolute');
  t.equal(code(await build('/dev/null:/app')), 'image/source-refused');
  symlinkSync('../model', join(cwd, 'service/out'));
  const leaving = await build('service:/app');
  t.match(
    !leaving.ok && leaving.error.diagnostics[0]?.message,
    /service\/out.*outside what is copied/,
  );
  rmSync(join(cwd, 'service/out'));
  symlinkSync('/etc/passwd', join(cwd, 'service/out'));
  t.equal(code(await build('service:/app')), 'image/source-refused');
  rmSync(join(cwd, 'service/out'));
  symlinkSync('lib/a.js', join(cwd, 'service/inside'));
  t.equal(code(await build('service:/app')), 'ok');
  execFileSync('mkfifo', [join(cwd, 'service/pipe')]);
  t.equal(code(await build('service:/app')), 'image/source-refused');

  mkdirSync(join(cwd, 'mine'));
  writeFileSync(join(cwd, 'mine/thesis.tex'), 'years of work');
  t.equal(code(await build('model:/m', { output: 'mine' })), 'image/output-occupied');
  t.same(readdirSync(join(cwd, 'mine')), ['thesis.tex']);
  t.notOk(
    readdirSync(cwd).some((name) => name.startsWith('.avian-image')),
    'nothing left behind',
  );
});

t.test('a flipped byte in the layer cache becomes no part of an image', async (t) => {
  const cwd = project(t);
  const cache = join(cwd, 'cache');
  const scratch = { ...options(cwd), base: 'scratch' };
  const first = value(await buildImage(scratch, portsFor(cache)));
  const blob = join(cache, `${first.layers[0]?.digest.slice(7)}.gz`);
  const bytes = readFileSync(blob);
  bytes.writeUInt8(bytes.readUInt8(40) ^ 1, 40);
  writeFileSync(blob, bytes);
  t.equal(code(await buildImage(scratch, portsFor(cache))), 'image/corrupt');
  t.equal(value(await buildImage(scratch, portsFor(cache))).digest, first.digest, 'packed again');
});

t.test('the base layer holds all that Node needs', async (t) => {
  const cwd = project(t);
  const ports = portsFor(LAYERS);
  value(await buildImage(options(cwd), ports));
  const root = join(cwd, 'root');
  value(await ports.images.unpack(value(await ports.images.read(join(cwd, 'image'))), root));
  t.match(await ports.images.unpack(value(await ports.images.read(join(cwd, 'image'))), root), {
    ok: false,
  });
  const script = 'process.stdout.write(process.version + " " + require("/app/model/name.json"))';
  try {
    // tap has every Node that a test starts load its own modules, which are not in the image.
    const settings = ['-u', 'NODE_OPTIONS', `PATH=${process.env['PATH']}:/usr/sbin:/sbin`];
    const words = ['chroot', root, '/usr/local/bin/node', '-e', script];
    const out = execFileSync('env', [...settings, ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    t.equal(out, `${process.version} robin`);
  } catch (cause) {
    const text = String((cause as { stderr?: string }).stderr ?? cause);
    if (!/not permitted|ENOENT|cannot change root/.test(text)) throw cause;
    t.comment('skipped: chroot needs root');
  }
});

const podman = ((): string | false => {
  try {
    execFileSync('podman', ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'needs podman: apt-get install -y --no-install-recommends podman runc conmon netavark skopeo';
  }
})();

t.test('podman runs the image', { skip: podman }, async (t) => {
  // Short: podman's sockets lie in here.
  const storage = mkdtempSync(join(tmpdir(), 'avian-podman-'));
  const podmanArgs = (...args: string[]): string[] => [
    ...['--root', join(storage, 'root'), '--runroot', join(storage, 'run')],
    ...['--storage-driver', 'vfs', '--runtime', 'runc', '--cgroup-manager', 'cgroupfs'],
    ...args,
  ];
  const run = (...args: string[]): string =>
    execFileSync('podman', podmanArgs(...args), {
      cwd: t.testdirName,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  t.teardown(() => {
    execFileSync('podman', podmanArgs('rm', '--all', '--force', '--time', '1'), {
      stdio: 'ignore',
    });
    rmSync(storage, { recursive: true, force: true });
  });
  const cwd = project(t);
  value(await buildImage({ ...options(cwd), tag: 'v1' }, portsFor(LAYERS)));
  const pulled = run('pull', '--quiet', 'oci:image:v1').trim();
  const port = String(20_000 + (process.pid % 10_000));
  const limits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'];
  const args = ['run', '--detach', '--network', 'host', ...limits, '--env', `PORT=${port}`, pulled];
  const container = run(...args).trim();
  let answer = '';
  for (let tries = 0; answer === '' && tries < 500; tries += 1) {
    answer = await fetch(`http://127.0.0.1:${port}/`).then(
      (response) => response.text(),
      () => '',
    );
    if (answer === '') await sleep(20);
  }
  t.equal(answer, 'robin 65532', `as the non-root user; ${run('logs', container)}`);
});
