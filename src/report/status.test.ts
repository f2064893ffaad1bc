import t from 'tap';
import type { StaleReason, Verdict } from '../model/verdict.ts';
import { digest, NOON, path, sampleRun, stage } from '../testing/samples.ts';
import { statusJson, statusText } from './status.ts';
import { createStyle } from './style.ts';
import { whyJson, whyText } from './why.ts';

const plain = createStyle({ colour: false, ascii: false });
const changed = (key: string): StaleReason => ({ kind: 'param-changed', key, before: 1, after: 2 });
const stale = (first: string, ...more: string[]): Verdict => ({
  kind: 'stale',
  reasons: [changed(first), ...more.map(changed)],
});
const waiting = (on: string): Verdict => ({ kind: 'undetermined', waitingOn: [stage(on)] });
const status = (verdicts: Readonly<Record<string, Verdict>>) => ({
  stages: Object.entries(verdicts).map(([name, verdict]) => ({ name: stage(name), verdict })),
});

t.test('status', async (t) => {
  const view = status({
    fetch: { kind: 'up-to-date', run: sampleRun() },
    stats: { kind: 'restorable', run: sampleRun(), outs: {}, reasons: [{ kind: 'forced' }] },
    train: stale('a', 'b', 'c', 'd', 'e'),
    evaluate: waiting('train'),
    report: { kind: 'frozen' },
  });
  t.equal(
    statusText(view, plain, NOON),
    `fetch     · up to date
stats     ↺ restorable  from run 3f2a91 (3 days ago, ana@host)
train     ! stale       params.a 1 -> 2
                        params.b 1 -> 2
                        params.c 1 -> 2
                        +2 more: avian why train --all
evaluate  ⋯ waits for train
report    ■ frozen
1 stale, 1 waiting, 1 restorable, 1 frozen, 1 up to date
`,
  );
  t.equal(statusText({ stages: [] }, plain, NOON), 'no stages\n');
  const contested = { stages: [], contested: [path('data/raw')] } as const;
  t.equal(
    statusText(contested, plain, NOON),
    `! data/raw  two branches changed this source: avian checkout --ours or --theirs data/raw
no stages
`,
  );
  t.same(statusJson(contested), { v: 1, stages: [], contested: ['data/raw'] });
});

const ORIGIN = {
  ...{ user: 'ana', host: 'host', startedAt: '2026-11-20T12:00:00Z', commit: '0a1b2c3d4e5f' },
};

t.test('status for machines', async (t) => {
  const view = status({
    fetch: { kind: 'up-to-date', run: sampleRun() },
    train: {
      kind: 'stale',
      reasons: [
        { kind: 'param-changed', key: 'train.lr', before: 0.001, after: 0.0003 },
        { kind: 'dep-changed', path: path('in'), before: digest('1'), after: digest('2') },
        { kind: 'param-changed', key: 'new', before: undefined, after: null },
        { kind: 'never-ran' },
      ],
    },
    evaluate: waiting('train'),
  });
  t.same(statusJson(view), {
    v: 1,
    stages: [
      {
        ...{ name: 'fetch', verdict: 'up-to-date', reasons: [], run: sampleRun().id },
        origin: ORIGIN,
      },
      {
        name: 'train',
        verdict: 'stale',
        reasons: [
          { kind: 'param-changed', key: 'train.lr', before: 0.001, after: 0.0003 },
          { kind: 'dep-changed', key: 'in', before: digest('1'), after: digest('2') },
          { kind: 'param-changed', key: 'new', after: null },
          { kind: 'never-ran' },
        ],
      },
      { name: 'evaluate', verdict: 'undetermined', reasons: [], waitingOn: ['train'] },
    ],
  });
});

t.test('why: the stage itself', async (t) => {
  const view = {
    stage: stage('train'),
    verdict: stale('train.lr'),
    chain: [],
    latest: sampleRun(),
  };
  t.equal(
    whyText(view, plain, NOON),
    `! train is stale: params.train.lr 1 -> 2
  its last run: run 3f2a91 (3 days ago, ana@host), commit 0a1b2c3d, backend wasm
`,
  );
  for (const [verdict, words] of [
    [{ kind: 'up-to-date' }, '· train is up to date: nothing that it reads has changed\n'],
    [{ kind: 'frozen' }, '■ train is frozen: it does not run, whatever changed\n'],
    [
      { kind: 'restorable', outs: {}, reasons: [changed('a')] },
      '↺ train can be restored from the outs that pipeline.lock names\n  params.a 1 -> 2\n',
    ],
    [
      { kind: 'restorable', outs: {}, run: sampleRun(), remote: 'lab', reasons: [changed('a')] },
      '↺ train can be restored from run 3f2a91 (3 days ago, ana@host) in lab\n  params.a 1 -> 2\n',
    ],
  ] as const) {
    t.equal(whyText({ stage: stage('train'), verdict, chain: [] }, plain, NOON), words);
  }
});

t.test('why: the chain to the root change, in at most five lines', async (t) => {
  const view = {
    stage: stage('evaluate'),
    verdict: waiting('quantize'),
    chain: [
      { stage: stage('quantize'), via: path('artifacts/small'), verdict: waiting('train') },
      { stage: stage('train'), via: path('artifacts/model'), verdict: stale('train.lr') },
    ],
    latest: sampleRun({
      ending: { kind: 'failed', failure: { kind: 'exited', code: 1, tail: '' } },
    }),
  };
  t.equal(
    whyText(view, plain, NOON),
    `⋯ evaluate waits for quantize, so what it will read is not known yet
  train is stale: params.train.lr 1 -> 2
  train -> artifacts/model -> quantize -> artifacts/small -> evaluate
  its last run: run 3f2a91 (3 days ago, ana@host), failed, commit 0a1b2c3d, backend wasm
`,
  );
  const many = { ...view, verdict: stale('a', 'b', 'c', 'd', 'e', 'f') };
  const short = whyText(many, plain, NOON);
  t.equal(short.trimEnd().split('\n').length, 5, short);
  t.match(short, /\+5 more: avian why evaluate --all/);
  const all = whyText(many, plain, NOON, true);
  for (const key of 'abcdef') t.match(all, `params.${key} 1 -> 2`);
  t.notMatch(all, /more/);
});

t.test('why for machines', async (t) => {
  t.same(
    whyJson({
      stage: stage('evaluate'),
      verdict: waiting('train'),
      chain: [{ stage: stage('train'), via: path('m'), verdict: stale('lr') }],
    }),
    {
      v: 1,
      stage: 'evaluate',
      verdict: 'undetermined',
      reasons: [],
      waitingOn: ['train'],
      chain: [
        {
          stage: 'train',
          via: 'm',
          verdict: 'stale',
          reasons: [{ kind: 'param-changed', key: 'lr', before: 1, after: 2 }],
        },
      ],
      latest: null,
    },
  );
  const run = sampleRun();
  const restorable = { kind: 'restorable', run, outs: {}, remote: 'lab' } as const;
  t.match(
    whyJson({
      ...{ stage: stage('train'), chain: [], latest: run },
      verdict: { ...restorable, reasons: [{ kind: 'never-ran' }] },
    }),
    { run: run.id, origin: ORIGIN, remote: 'lab', latest: run.id, latestOrigin: ORIGIN },
    'who ran it, where and with which code',
  );
});
