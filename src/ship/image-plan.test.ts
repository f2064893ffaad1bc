import t from 'tap';
import { planImage } from './image-plan.ts';
import { splitWords } from './image-words.ts';

const codes = (options: Partial<Parameters<typeof planImage>[0]>): readonly string[] => {
  const planned = planImage({ output: 'out', copy: ['dist:/app'], ...options });
  return planned.ok ? [] : planned.error.diagnostics.map(({ code }) => code);
};

t.test('a full request', (t) => {
  t.same(
    planImage({
      output: 'artifacts/image',
      copy: ['artifacts/service:/app/', 'c:/odd:/app/./model'],
      workdir: '/app',
      entrypoint: 'node server.js --title "two words"',
      env: ['A=1', 'B=x=y', 'C='],
      expose: ['8080', '53/udp'],
      label: ['dev.avian.model-digest=b3:00'],
      tag: 'aviansight:1',
    }),
    {
      ok: true,
      value: {
        output: 'artifacts/image',
        builder: 'oci',
        recipe: undefined,
        copies: [
          { source: 'artifacts/service', destination: '/app' },
          { source: 'c:/odd', destination: '/app/model' },
        ],
        model: undefined,
        base: { kind: 'node' },
        user: 65532,
        workdir: '/app',
        entrypoint: ['node', 'server.js', '--title', 'two words'],
        env: [
          ['A', '1'],
          ['B', 'x=y'],
          ['C', ''],
        ],
        ports: ['8080/tcp', '53/udp'],
        labels: [['dev.avian.model-digest', 'b3:00']],
        tag: 'aviansight:1',
        allowMissing: [],
        healthcheck: undefined,
      },
    },
  );
  t.match(planImage({ output: 'o', copy: [], base: 'oci:base' }), {
    value: { base: { kind: 'layout', directory: 'base' } },
  });
  t.end();
});

t.test('every problem at once, each with its code', (t) => {
  t.same(
    codes({
      output: '',
      copy: ['dist', 'dist:app', 'x:/a/../b', ':/app'],
      workdir: 'app',
      entrypoint: 'node "server',
      env: ['=1'],
      expose: ['0', '65536', 'http'],
      label: ['plain'],
      user: 'root',
      base: 'alpine',
      tag: ' ',
    }).toSorted(),
    [
      'image/bad-base',
      'image/bad-copy',
      'image/bad-copy',
      'image/bad-copy',
      'image/bad-entrypoint',
      'image/bad-pair',
      'image/bad-pair',
      'image/bad-port',
      'image/bad-port',
      'image/bad-port',
      'image/bad-tag',
      'image/bad-user',
      'image/no-output',
      'image/not-absolute',
      'image/not-absolute',
    ],
  );
  t.same(codes({ copy: [] }), ['image/empty']);
  t.same(codes({ entrypoint: '  ' }), ['image/bad-entrypoint']);
  const refused = planImage({ output: 'o', copy: ['dist:app'] });
  t.equal(!refused.ok && refused.error.diagnostics[0]?.hint, 'write `dist:/app`');
  t.end();
});

t.test('health checks as docker run takes them', (t) => {
  const planned = planImage({
    output: 'o',
    copy: ['dist:/app'],
    health: { cmd: 'curl -f x', startPeriod: '1h0.5s', retries: '4' },
  });
  t.match(planned, {
    value: {
      healthcheck: { Test: ['CMD', 'curl', '-f', 'x'], StartPeriod: 3_600_500_000_000, Retries: 4 },
    },
  });
  t.same(codes({ health: { interval: '10s' } }), ['image/no-health-cmd']);
  t.same(codes({ health: { cmd: 'x', interval: '10', timeout: 's', retries: '0' } }), [
    'image/bad-duration',
    'image/bad-duration',
    'image/bad-count',
  ]);
  t.end();
});

t.test('a Dockerfile, an engine and its bases', (t) => {
  t.match(planImage({ output: 'o', copy: [], builder: 'docker', file: 'a.dockerfile' }), {
    value: { builder: 'docker', base: undefined, recipe: { file: 'a.dockerfile', context: '.' } },
  });
  const base = { builder: 'buildah', base: 'registry.example:5000/node:24@sha256:00' };
  t.match(planImage({ output: 'o', copy: ['dist:/app'], ...base }), {
    value: { base: { kind: 'reference', name: base.base } },
  });
  t.same(codes({ builder: 'kaniko' }), ['image/bad-builder']);
  t.same(codes({ copy: [], file: 'a.dockerfile' }), ['image/needs-engine']);
  for (const stray of [{ target: 'serve' }, { network: 'host' }, { buildArg: ['A=1'] }]) {
    t.same(codes({ ...stray, builder: 'docker' }), ['image/no-file']);
  }
  t.same(codes({ file: 'a.dockerfile', builder: 'docker' }), ['image/file-and-options']);
  const fetched = planImage({ output: 'o', copy: ['dist:/app'], base: 'node:24-slim' });
  t.match(!fetched.ok && fetched.error.diagnostics[0]?.hint, /skopeo copy docker:\/\/node:24-slim/);
  t.end();
});

t.test('words are split as a shell would, without expansion', (t) => {
  const never = (): undefined => t.fail('refused') as unknown as undefined;
  t.same(splitWords('--entrypoint', `a  'b "c"' d\\ e "" f"g"'h' $HOME`, never), [
    'a',
    'b "c"',
    'd e',
    '',
    'fgh',
    '$HOME',
  ]);
  t.end();
});
