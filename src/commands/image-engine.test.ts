import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createImageEngine } from '../adapters/image-engine/image-engine.ts';
import { createOciImageStore } from '../adapters/oci/oci-image-store.ts';
import type { Problem } from '../model/diagnostic.ts';
import type { Result } from '../model/result.ts';
import { ENGINES, type ImageOptions } from '../ship/image-plan.ts';
import { engineEnvironment, lacking } from '../testing/engines.ts';
import { buildImage, type ImagePorts } from './image.ts';
import { inspectImage } from './image-inspect.ts';

t.setTimeout(0);

const value = <T>(result: Result<T, unknown>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.error, null, 1));
  return result.value;
};
const first = (result: Result<unknown, Problem>) =>
  result.ok ? undefined : result.error.diagnostics[0];

const DOCKERFILE = `ARG BASE=nowhere.invalid/absent
FROM \${BASE} AS service
COPY service /app
FROM service AS never
COPY absent /absent
FROM service
COPY --chown=7:8 model /app/model
WORKDIR /app
ENV MODE=image
USER 65532
HEALTHCHECK --interval=10s CMD ["./check"]
ENTRYPOINT ["./server"]
`;

/** A project, and builds in it; `env` is what engines are started with. */
function rig(t: Test, env: NodeJS.ProcessEnv) {
  const cwd = t.testdir({
    service: { server: '#!/bin/sh\n', lib: { a: 'a' } },
    model: { weights: 'w1' },
    Dockerfile: DOCKERFILE,
    tmp: {},
  });
  chmodSync(join(cwd, 'service/server'), 0o755);
  const lines: string[] = [];
  const ports: ImagePorts = {
    images: createOciImageStore({
      layers: join(cwd, 'layers'),
      nodeProgram: process.execPath,
      arch: process.arch,
    }),
    environment: { variable: () => undefined },
    engine: (engine) =>
      createImageEngine({
        ...{ engine, env, temporary: join(cwd, 'tmp') },
        onLine: (line) => void lines.push(line),
        signal: new AbortController().signal,
      }),
    version: '0.1.0',
    nodeVersion: process.versions.node,
    notify: () => undefined,
  };
  const build = (options: Partial<ImageOptions>) =>
    buildImage(
      { cwd, output: 'image', copy: [], base: 'scratch', label: ['a=b'], ...options },
      ports,
    );
  const planned = {
    copy: ['service:/app', 'service/lib/a:/etc/a'],
    model: 'model:/app/model',
    workdir: '/app',
    entrypoint: './server',
    env: ['MODE=$image "x"'],
    expose: ['8080'],
    health: { cmd: './check', interval: '10s' },
  };
  return { cwd, ports, build, lines, planned };
}

for (const engine of ENGINES) {
  t.test(`${engine} makes the image that no engine makes`, { skip: lacking(engine) }, async (t) => {
    const { cwd, build, ports, planned } = rig(t, engineEnvironment(t));
    const ours = value(await build(planned));
    const theirs = value(await build({ ...planned, builder: engine }));
    t.equal(theirs.digest, ours.digest, 'to the digest');
    t.ok(theirs.layers.every(({ cached }) => cached));
    t.same(readdirSync(join(cwd, 'tmp')), [], 'nothing left behind');

    writeFileSync(join(cwd, 'model/weights'), 'w2');
    const changed = value(await build({ ...planned, builder: engine }));
    t.same(
      changed.layers.map(({ cached }) => cached),
      [true, true, false],
      "a new model makes its own layer's anew",
    );

    const recipe = { builder: engine, file: 'Dockerfile', context: '.' };
    const built = value(await build({ ...recipe, model: 'model:/app/model' }));
    t.equal(value(await build(recipe)).digest, built.digest, 'the same digest twice');
    const found = value(await inspectImage({ cwd, directory: 'image' }, ports));
    t.match(found.config, {
      created: '1970-01-01T00:00:00Z',
      config: {
        User: '65532',
        WorkingDir: '/app',
        Entrypoint: ['./server'],
        Healthcheck: { Test: ['CMD', './check'], Interval: 10e9 },
        Labels: { a: 'b' },
      },
    });
    t.same(found.annotations['a'], 'b');
    t.same(
      found.layers.map(({ entries }) =>
        entries.filter(({ kind }) => kind === 'file').map(({ path }) => path),
      ),
      [['app/lib/a', 'app/server'], ['app/model/weights']],
    );
    t.equal(first(await build({ ...recipe, target: 'never' }))?.code, 'image/engine-failed');
    // On top of another layout, which the engine is handed.
    value(await build({ ...planned, output: 'base' }));
    const top = { copy: ['model:/more'], base: 'oci:base' };
    t.equal(value(await build({ ...top, builder: engine })).digest, value(await build(top)).digest);
  });
}

t.test('engines that are not there, or fail, are told', async (t) => {
  const bin = t.testdir({});
  const { build, planned, lines, cwd } = rig(t, { PATH: `${bin}:/usr/bin:/bin` });
  const say = (script: string): void => {
    writeFileSync(join(bin, 'docker'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, 'docker'), 0o755);
  };
  say('echo "step 1" >&2; echo "COPY: no space left" >&2; exit 3');
  t.match(first(await build({ ...planned, builder: 'docker' })), {
    code: 'image/engine-failed',
    message: 'docker ended with 3: step 1 | COPY: no space left',
  });
  t.same(lines, ['step 1', 'COPY: no space left']);
  say('echo "Cannot connect to the Docker daemon at unix:///x" >&2; exit 1');
  t.match(first(await build({ ...planned, builder: 'docker' })), { code: 'image/engine-down' });
  say(
    '[ "$1" = build ] && { while [ "$1" != --iidfile ]; do shift; done; echo id > "$2"; }; exit 0',
  );
  t.match(first(await build({ ...planned, builder: 'docker' })), { code: 'image/engine-archive' });
  say(`case $1 in
    build) while [ "$1" != --iidfile ]; do shift; done; echo id > "$2";;
    save) cd ${cwd}/model && tar -cf "$3" weights;;
  esac`);
  t.match(first(await build({ ...planned, builder: 'docker' })), { code: 'image/engine-archive' });
  const nowhere = rig(t, { PATH: bin });
  t.match(first(await nowhere.build({ ...planned, builder: 'podman' })), {
    code: 'image/no-engine',
    hint: /--builder oci/,
  });
  t.same(readdirSync(join(cwd, 'tmp')), []);
  t.ok(readFileSync(join(cwd, 'Dockerfile')).length > 0);
});
