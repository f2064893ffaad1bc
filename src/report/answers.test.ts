import t from 'tap';
import type { LineageNode } from '../model/views.ts';
import type { Deployment } from '../model/deployment.ts';
import { attempt, digest, NOON, path, sampleRun, stage } from '../testing/samples.ts';
import { deploymentsJson, deploymentsText } from './deployments.ts';
import { doctorJson, doctorText } from './doctor.ts';
import { lineageJson, lineageText } from './lineage.ts';
import { logsHead, logsJson, logsText } from './logs.ts';
import { metricsDiffJson, metricsDiffText, metricsJson, metricsText } from './metrics.ts';
import { paramsDiffJson, paramsDiffText } from './params.ts';
import { pathsJson, pathsText } from './paths.ts';
import { createStyle } from './style.ts';
import { whyJson, whyText } from './why.ts';

const plain = createStyle({ colour: false, ascii: false });

const deployment: Deployment = {
  v: 1,
  name: 'birds',
  target: 'local',
  revision: 'birds-00003',
  url: 'http://127.0.0.1:8080',
  pid: 7,
  startedAt: '2026-11-23T11:00:00Z',
  image: 'sha256:ab',
  host: 'host',
};

t.test('metrics', async (t) => {
  const view = {
    files: [
      { path: path('metrics.json'), values: { accuracy: 0.9433, 'top5.n': 12 } },
      { path: path('q/metrics.json'), values: { drop: -0.0005 } },
    ],
  };
  t.equal(
    metricsText(view, plain),
    `metrics.json    accuracy  0.9433
metrics.json    top5.n        12
q/metrics.json  drop       -5e-4
`,
  );
  t.same(metricsJson(view), {
    'metrics.json': { accuracy: 0.9433, 'top5.n': 12 },
    'q/metrics.json': { drop: -0.0005 },
  });
  t.equal(metricsText({ files: [] }, plain), 'no metrics\n');
});

t.test('metrics diff', async (t) => {
  const file = path('m.json');
  const view = {
    before: 'HEAD',
    after: 'workspace',
    rows: [
      { path: file, name: 'accuracy', before: 0.9, after: 0.95, direction: 'maximize' },
      { path: file, name: 'loss', before: 0.5, after: 0.75, direction: 'minimize' },
      { path: file, name: 'images', before: 100, after: 90 },
      { path: file, name: 'f1', before: undefined, after: 0.8, direction: 'maximize' },
      { path: file, name: 'top5', before: 1, after: undefined },
    ],
  } as const;
  t.equal(
    metricsDiffText(view, plain),
    `file    metric    HEAD  workspace  change
m.json  accuracy   0.9       0.95   +0.05  better
m.json  loss       0.5       0.75   +0.25  worse
m.json  images     100         90     -10
m.json  f1           -        0.8     new
m.json  top5         1          -    gone
`,
  );
  t.match(metricsDiffJson(view), {
    v: 1,
    before: 'HEAD',
    metrics: [
      { name: 'accuracy', before: 0.9, after: 0.95, direction: 'maximize' },
      {},
      {},
      { before: null },
      { after: null },
    ],
  });
  t.equal(
    metricsDiffText({ ...view, rows: [] }, plain),
    'no metric differs between HEAD and workspace\n',
  );
});

t.test('params diff', async (t) => {
  const view = {
    before: 'HEAD',
    after: 'workspace',
    rows: [
      { key: 'train.lr', before: 0.001, after: 0.0003 },
      { key: 'model', before: undefined, after: 'small' },
    ],
  };
  t.equal(
    paramsDiffText(view, plain),
    `HEAD -> workspace
train.lr  0.001 -> 0.0003
model     none -> small
`,
  );
  t.same(paramsDiffJson(view), {
    v: 1,
    before: 'HEAD',
    after: 'workspace',
    params: [
      { key: 'train.lr', before: 0.001, after: 0.0003 },
      { key: 'model', after: 'small' },
    ],
  });
  t.match(paramsDiffText({ ...view, rows: [] }, plain), 'no param differs');
});

t.test('lineage', async (t) => {
  const birds: LineageNode = {
    kind: 'artifact',
    path: path('artifacts/birds'),
    digest: digest('12ab34'),
    size: 3_000_000,
    files: 840,
    links: [],
  };
  const fetched: LineageNode = {
    kind: 'run',
    run: sampleRun({
      stage: stage('fetch'),
      metrics: {},
      provenance: { ...sampleRun().provenance, dirty: true, facts: {} },
    }),
    links: [],
  };
  const root: LineageNode = {
    kind: 'artifact',
    path: path('artifacts/model'),
    digest: digest('88c01d'),
    links: [
      {
        kind: 'run',
        run: sampleRun(),
        links: [
          { ...birds, links: [fetched] },
          { ...birds, path: path('artifacts/stats.json'), links: [{ ...fetched, repeated: true }] },
        ],
      },
    ],
  };
  t.equal(
    lineageText({ direction: 'up', root }, plain, NOON),
    `artifacts/model 88c01d
╰─ train: run 3f2a91 (3 days ago, ana@host)
   │  commit 0a1b2c3d, backend wasm
   │  train.lr=0.0003, train.epochs=8
   │  accuracy 0.9433
   ├─ artifacts/birds 12ab34 (840 files, 2.9 MiB)
   │  ╰─ fetch: run 3f2a91 (3 days ago, ana@host)
   │        commit 0a1b2c3d with changes
   │        train.lr=0.0003, train.epochs=8
   ╰─ artifacts/stats.json 12ab34 (840 files, 2.9 MiB)
      ╰─ fetch: run 3f2a91 (3 days ago, ana@host) (shown above)
`,
  );
  t.equal(
    lineageText(
      { direction: 'down', root: { kind: 'deployment', deployment, links: [] } },
      plain,
      NOON,
    ),
    'deployment birds-00003 http://127.0.0.1:8080\n',
  );
  const gates = [{ gate: 'm.json: accuracy >= 0.9', actual: '0.81', passed: false }];
  const live = { ...deployment, gates, override: 'ticket 12' };
  t.equal(
    lineageText(
      { direction: 'up', root: { kind: 'deployment', deployment: live, links: [root] } },
      plain,
      NOON,
    )
      .split('\n')
      .slice(0, 6)
      .join('\n'),
    `deployment birds-00003 http://127.0.0.1:8080
│  on local since 2026-11-23T11:00:00Z, deployed from host
│  image sha256:ab
│  gate m.json: accuracy >= 0.9 did not hold (0.81)
│  overridden: ticket 12
╰─ artifacts/model 88c01d`,
  );
  t.match(lineageJson({ direction: 'up', root }), {
    v: 1,
    direction: 'up',
    root: {
      kind: 'artifact',
      path: 'artifacts/model',
      links: [
        {
          kind: 'run',
          stage: 'train',
          params: { 'train.lr': 0.0003 },
          links: [{ size: 3_000_000, files: 840 }, { links: [{ repeated: true, links: [] }] }],
        },
      ],
    },
  });
  t.match(lineageJson({ direction: 'down', root: { kind: 'deployment', deployment, links: [] } }), {
    root: { kind: 'deployment', revision: 'birds-00003', url: 'http://127.0.0.1:8080' },
  });
});

t.test('logs', async (t) => {
  const view = {
    stage: stage('train'),
    attempt: attempt(),
    run: sampleRun().id,
    startedAt: '2026-11-20T12:00:00Z',
    durationMs: 130_000,
    ending: { kind: 'failed', failure: { kind: 'exited', code: 1, tail: '' } },
    chunks: [
      { stream: 'stdout', chunk: 'epoch 1 10%\repoch 1 100%\nepo' },
      { stream: 'stderr', chunk: '\x1b[33mwarned\x1b[0m\n' },
      { stream: 'stdout', chunk: 'ch 2' },
    ],
  } as const;
  t.equal(
    logsHead(view, plain),
    'train: attempt 20261123T101500Z-7f3a9c, run 3f2a91, 2026-11-20T12:00:00Z, 2m 10s, exit 1\n',
  );
  t.equal(logsText(view), 'epoch 1 100%\nwarned\nepoch 2\n');
  t.match(logsJson(view), { v: 1, stage: 'train', ending: 'failed', chunks: view.chunks });
  t.match(logsJson({ stage: stage('a'), attempt: attempt(), chunks: [] }), { run: null });
});

t.test('a run whose outs were adopted says so wherever it is named', async (t) => {
  const run = sampleRun({ adopted: 'commit' });
  const { stage: name, attempt: id, startedAt } = run;
  const logs = { stage: name, attempt: id, startedAt, durationMs: 0, adopted: 'commit' } as const;
  t.equal(
    logsHead({ ...logs, chunks: [] }, plain),
    'train: attempt 20261123T101500Z-7f3a9c, 2026-11-20T12:00:00Z, adopted by commit: no command ran\n',
  );
  t.match(logsJson({ ...logs, chunks: [] }), { adopted: 'commit', chunks: [] });
  const up = { direction: 'up', root: { kind: 'run', run, links: [] } } as const;
  t.match(lineageText(up, plain, NOON), /^train: run 3f2a91 \(adopted by commit, 3 days ago, ana@/);
  t.match(lineageJson(up), { root: { adopted: 'commit' } });
  const verdict = { kind: 'up-to-date', run } as const;
  const why = { stage: name, verdict, chain: [], latest: run };
  t.match(whyText(why, plain, NOON), /its last run: run 3f2a91 \(adopted by commit, /);
  t.match(whyJson(why), { adopted: 'commit' });
});

t.test('doctor', async (t) => {
  const view = {
    checks: [
      { name: 'node', state: 'ok', detail: '24.21.0' },
      {
        name: 'cache',
        state: 'warning',
        detail: 'copies files',
        hint: 'put it on the same volume',
      },
      { name: 'lock', state: 'failed', detail: 'cannot be read' },
    ],
  } as const;
  t.equal(
    doctorText(view, plain),
    `✓ ok       node   24.21.0
! warning  cache  copies files
                  hint: put it on the same volume
✗ failed   lock   cannot be read
`,
  );
  t.same(doctorJson(view), { v: 1, checks: view.checks });
});

t.test('paths', async (t) => {
  const view = {
    paths: [
      { path: path('raw'), done: 'added', digest: digest('3f2a91'), size: 2048, files: 3 },
      { path: path('artifacts/model'), done: 'restored', kept: 'cache/v1/tmp/replaced/1' },
      { path: path('old'), done: 'removed' },
      { path: path('same'), done: 'unchanged' },
    ],
  } as const;
  t.equal(
    pathsText(view, plain),
    `✓ added      raw              3f2a91  3 files, 2.0 KiB
↺ restored   artifacts/model
             what lay there is now in cache/v1/tmp/replaced/1
✗ removed    old
· unchanged  same
`,
  );
  t.same(pathsJson(view), { v: 1, paths: view.paths });
  t.equal(pathsText({ paths: [] }, plain), 'nothing to do\n');
});

t.test('deployments', async (t) => {
  const view = {
    deployments: [
      { deployment, state: 'serving' },
      { deployment: { ...deployment, revision: 'birds-00002' }, state: 'dead' },
    ],
  } as const;
  t.equal(
    deploymentsText(view, plain, NOON),
    `✓ serving  birds-00003  http://127.0.0.1:8080  since 1 hour ago
✗ dead     birds-00002  http://127.0.0.1:8080  since 1 hour ago
`,
  );
  t.match(deploymentsJson(view), {
    v: 1,
    deployments: [{ state: 'serving', pid: 7 }, { state: 'dead' }],
  });
  t.equal(deploymentsText({ deployments: [] }, plain, NOON), 'no deployments\n');
});
