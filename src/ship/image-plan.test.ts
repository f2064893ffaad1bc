import t from 'tap';
import { planImage, splitWords } from './image-plan.ts';

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
        copies: [
          { source: 'artifacts/service', destination: '/app' },
          { source: 'c:/odd', destination: '/app/model' },
        ],
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

t.test('words are split as a shell would, without expansion', (t) => {
  const never = (): undefined => t.fail('refused') as unknown as undefined;
  t.same(splitWords(`a  'b "c"' d\\ e "" f"g"'h' $HOME`, never), [
    'a',
    'b "c"',
    'd e',
    '',
    'fgh',
    '$HOME',
  ]);
  t.end();
});
