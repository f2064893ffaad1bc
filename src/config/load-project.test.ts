import t from 'tap';
import type { Out, Stage } from '../model/pipeline.ts';
import { FULL_FILES } from './fixtures/full.ts';
import { loadFrom } from './fixtures/load.ts';
import type { Files } from './fixtures/load.ts';
import { resolveParams } from './params.ts';

async function load(files: Files, overrides: readonly string[] = []) {
  const loaded = await loadFrom(files, overrides);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return loaded.value;
}

/** Places are another test's. */
const placeless = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, inner: unknown) => (key === 'span' ? undefined : inner)));

const out = (path: string, more: Partial<Out> = {}) => ({
  path,
  role: 'artifact',
  cache: true,
  push: true,
  persist: false,
  ...more,
});

void t.test('every field arrives', async (t) => {
  const { project } = await load(FULL_FILES);
  const [prepare, train] = project.pipeline.stages;
  t.same(placeless(prepare), {
    name: 'prepare',
    cmd: ['./prepare.sh'],
    wdir: '.',
    deps: [],
    params: [],
    outs: [out('data')],
    env: [],
    tools: [],
    resources: { cpu: 1, gpu: 0, memory: 0 },
    retry: { times: 0, delayMs: 0 },
    checkpoint: false,
    effect: false,
    executor: 'local',
    frozen: false,
    alwaysChanged: false,
  });
  const expected: { readonly [field in keyof Required<Omit<Stage, 'span'>>]: unknown } = {
    name: 'train',
    cmd: ['node a.ts', 'node b.ts'],
    wdir: 'sub',
    desc: 'trains',
    deps: ['data/train', 'sub/code'],
    params: [
      { file: 'params.yaml', key: 'train.lr' },
      { file: 'params.yaml', key: 'model' },
      { file: 'sub/own.json' },
      { file: 'other.yaml', key: 'a.b' },
      { file: 'other.yaml', key: 'c' },
    ],
    outs: [
      out('sub/model'),
      out('sub/weights', {
        cache: false,
        push: false,
        persist: true,
        desc: 'weights',
        type: 'model',
        meta: { owner: 'us' },
      }),
      out('sub/metrics.json', {
        role: 'metrics',
        cache: false,
        desc: 'numbers',
        type: 'metrics',
        meta: 1,
        direction: { accuracy: 'maximize', loss: 'minimize' },
        gates: [
          { metric: 'accuracy', comparison: '>=', bound: 0.9 },
          { metric: 'test.loss', comparison: '<', bound: 0.1 },
        ],
      }),
      out('sub/other.json', { role: 'metrics', direction: { '*': 'minimize' } }),
      out('sub/curve.csv', {
        role: 'plots',
        desc: 'curve',
        type: 'plot',
        meta: null,
        plot: {
          template: 'linear',
          x: 'step',
          y: ['loss', 'val_loss'],
          x_label: 'steps',
          y_label: 'loss',
          title: 'Loss',
          header: false,
        },
      }),
    ],
    env: [
      { name: 'CUDA_VISIBLE_DEVICES', value: '0' },
      { name: 'HOME' },
      { name: 'LANG', value: 'C' },
    ],
    tools: ['node', 'npm:@tensorflow/tfjs'],
    resources: { cpu: 2, gpu: 1, memory: 1.5 * 1024 ** 3 },
    timeoutMs: 5_400_000,
    retry: { times: 2, delayMs: 500 },
    checkpoint: true,
    ttlMs: 86_400_000,
    probe: 'test -e x',
    effect: false,
    executor: 'local',
    frozen: true,
    alwaysChanged: false,
    meta: { anything: [1, null] },
  };
  t.same(placeless(train), expected);
  t.same(project.pipeline.tasks, [
    {
      name: 'predict',
      cmd: ['node predict.ts'],
      wdir: '.',
      desc: 'names a bird',
      params: [{ file: 'params.yaml', key: 'train' }],
      env: [{ name: 'HOME' }],
    },
  ]);
  t.match(train?.span, { file: 'pipeline.yaml', line: 6, column: 3, length: 5 });
  t.match(train?.outs[1]?.span, { line: 19, column: 9, length: 7 });
});

void t.test('configuration, other files, overrides, and which files it came from', async (t) => {
  const loaded = await load(FULL_FILES, ['train.lr=1', '+x=y']);
  const { project, filesRead } = loaded;
  t.same(project.config, { train: { lr: 1 }, model: { width: 8 }, x: 'y' });
  t.same(project.paramFiles, {
    'sub/own.json': { x: 1 },
    'other.yaml': { a: { b: 2 }, c: [3], d: 4 },
  });
  t.same(project.overrides, ['train.lr=1', '+x=y']);
  t.same([...filesRead].sort(), [
    'conf/x/y.yaml',
    'other.yaml',
    'params.yaml',
    'pipeline.yaml',
    'sub/own.json',
  ]);
  t.same(JSON.parse(JSON.stringify(project)), project, 'plain JSON');
  const [, train] = project.pipeline.stages;
  t.match(train && resolveParams(train, project), {
    ok: true,
    value: {
      values: {
        'train.lr': 1,
        model: { width: 8 },
        'sub/own.json': { x: 1 },
        'other.yaml:a.b': 2,
        'other.yaml:c': [3],
      },
    },
  });
});

void t.test('the smallest pipeline', async (t) => {
  const { project, filesRead } = await load({ 'pipeline.yaml': 'stages: {}' });
  t.same(project, {
    pipeline: { stages: [], tasks: [] },
    config: {},
    paramFiles: {},
    overrides: [],
  });
  t.same(filesRead, ['pipeline.yaml', 'params.yaml'], 'one that is not there counts');
});

void t.test('short forms', async (t) => {
  const { project } = await load({
    'pipeline.yaml': `stages:
  a: { cmd: x, timeout: 1.5, ttl: 60, retry: 3, env: [A, B, A], resources: { memory: 500MB } }
  b:
    cmd: x
    params: [p.q, p.q, { params.yaml: [r] }]
    plots: [p.png, q.csv: {}]
  c: { cmd: x, params: [{ params.yaml: [r] }, { params.yaml: }, p.q] }
`,
    'params.yaml': 'p: {q: 1}\nr: 2\n',
  });
  const [a, b, c] = project.pipeline.stages;
  t.match(a, { timeoutMs: 1500, ttlMs: 60_000, retry: { times: 3, delayMs: 0 } });
  t.same(a?.env, [{ name: 'A' }, { name: 'B' }]);
  t.equal(a?.resources.memory, 500e6);
  t.same(b?.params, [
    { file: 'params.yaml', key: 'p.q' },
    { file: 'params.yaml', key: 'r' },
  ]);
  t.notOk(b?.outs.some((o) => 'plot' in o));
  t.same(c?.params, [{ file: 'params.yaml' }], 'what is selected whole needs no keys, as in DVC');
});

void t.test('anchors, merges and JSON', async (t) => {
  const { project } = await load({
    'pipeline.yaml': `stages:
  a: &a
    cmd: x
    deps: &deps [d]
  b:
    <<: *a
    cmd: y
  c: { cmd: z, deps: *deps }
`,
  });
  t.same(
    project.pipeline.stages.map(({ cmd, deps }) => [cmd, deps]),
    [
      [['x'], ['d']],
      [['y'], ['d']],
      [['z'], ['d']],
    ],
  );
  const json = await load({ 'pipeline.yaml': '{"stages": {"a": {"cmd": "x"}}}' });
  t.equal(json.project.pipeline.stages[0]?.name, 'a');
});

void t.test('a value that has to be given concerns the stages that select it', async (t) => {
  const files = {
    'pipeline.yaml':
      'stages:\n  a: {cmd: x, params: [b]}\ntasks:\n  t: {cmd: x, params: [photo]}\n',
    'params.yaml': 'photo: ???\nb: 1\n',
  };
  const { project } = await load(files);
  const [task] = project.pipeline.tasks;
  t.match(task && resolveParams(task, project), {
    ok: false,
    error: [{ code: 'params/mandatory', hint: /`photo=VALUE`/ }],
  });
  const given = await load(files, ['photo=x.jpg']);
  t.match(task && resolveParams(task, given.project), {
    ok: true,
    value: { file: { photo: 'x.jpg' } },
  });
});

void t.test(
  'templates take the configuration as composed, and remember the files they read',
  async (t) => {
    const files = {
      'pipeline.yaml': `vars: [vars.yaml]
stages:
  fetch:
    matrix: { year: '\${years}' }
    wdir: raw
    vars: [own.json]
    cmd: fetch \${item.year} \${size} \${own}
    outs: ['\${item.year}.csv', 'extra/\${item.year}']
  join:
    cmd: cat \${years}
    deps: ['fetch@*', 'fetch@*6', j]
    timeout: \${wait}
`,
      'params.yaml': 'defaults:\n  - data: plates\nyears: [2025, 2026]\n',
      'conf/data/plates.yaml': '# @package _global_\nsize: 64\n',
      'conf/data/folder.yaml': '# @package _global_\nsize: 224\n',
      'vars.yaml': 'wait: 90s\n',
      'raw/own.json': '{"own": "a b"}',
    };
    const { project, filesRead } = await load(
      { ...files, 'pipeline.yaml': files['pipeline.yaml'].replace(", 'fetch@*6'", '') },
      ['data=folder', 'years=[2026,2027]'],
    );
    const [first, second, join] = project.pipeline.stages;
    t.same([first?.name, second?.name], ['fetch@2026', 'fetch@2027']);
    t.same(first?.cmd, ["fetch 2026 224 'a b'"]);
    t.same(
      second?.outs.map(({ path }) => path),
      ['raw/2027.csv', 'raw/extra/2027'],
    );
    t.same(join?.cmd, ['cat 2026 2027']);
    t.same(join?.deps, ['raw/2026.csv', 'raw/extra/2026', 'raw/2027.csv', 'raw/extra/2027', 'j']);
    t.equal(join?.timeoutMs, 90_000);
    t.ok(
      ['vars.yaml', 'raw/own.json', 'conf/data/folder.yaml'].every((f) => filesRead.includes(f)),
    );
    t.match(second?.span, { line: 3, column: 3, length: 5 });
    t.match(second?.outs[1]?.span, { line: 8, column: 32 });

    const twice = await loadFrom(files);
    t.match(!twice.ok && twice.error.diagnostics[0], {
      code: 'pipeline/duplicate-dep',
      span: { line: 11, column: 23 },
      also: [{ span: { line: 11, column: 12 } }],
    });
  },
);

void t.test('a broken params.yaml is told, and not every template that needs it', async (t) => {
  const loaded = await loadFrom({
    'pipeline.yaml': "stages:\n  s: { cmd: 'x ${lr}', deps: ['${data}'], outs: [../x] }\n",
    'params.yaml': 'lr: [\n',
  });
  t.same(!loaded.ok && loaded.error.diagnostics.map(({ code }) => code), [
    'pipeline/outside-project',
    'yaml/syntax',
  ]);
});

void t.test('problems of every file in one go, in order of their places', async (t) => {
  const loaded = await loadFrom(
    {
      'pipeline.yaml': 'stages:\n  a: {cmd: x, params: [{o.yaml: [p]}], outs: [../x]}\n  b: {}\n',
      'params.yaml': 'defaults: [data: x]\na: [\n',
      'o.yaml': 'q: 1\n',
    },
    ['='],
  );
  t.same(
    !loaded.ok && loaded.error.diagnostics.map(({ code, span }) => [code, span?.file, span?.line]),
    [
      ['override/bad-syntax', undefined, undefined],
      ['params/missing-key', 'pipeline.yaml', 2],
      ['pipeline/outside-project', 'pipeline.yaml', 2],
      ['pipeline/missing-key', 'pipeline.yaml', 3],
      ['yaml/syntax', 'params.yaml', 3],
    ],
  );
});
