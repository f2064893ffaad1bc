import t from 'tap';
import type { VerifyView } from '../model/views.ts';
import { path, stage } from '../testing/samples.ts';
import { createStyle } from './style.ts';
import { verifyJson, verifyText } from './verify.ts';

const plain = createStyle({ colour: false, ascii: false });
const gate = { metric: 'accuracy', comparison: '>=', bound: 0.9 } as const;

const VIEW: VerifyView = {
  stages: [
    { name: stage('fetch'), check: { kind: 'verified' }, gates: [] },
    {
      name: stage('train'),
      check: {
        kind: 'stale',
        reasons: [
          { kind: 'param-changed', key: 'lr', before: 1, after: 2 },
          { kind: 'locked-run-unknown' },
        ],
      },
      gates: [],
    },
    {
      name: stage('evaluate'),
      check: { kind: 'verified' },
      gates: [{ path: path('m.json'), gate, state: 'failed', actual: 0.89 }],
    },
    {
      name: stage('ship'),
      check: { kind: 'unchecked', beyond: [path('model/a')] },
      gates: [{ path: path('n.json'), gate, state: 'unknown' }],
    },
  ],
  contested: [path('raw')],
  undeclared: [stage('old')],
};

t.test('verify, for people', (t) => {
  t.equal(
    verifyText(VIEW, plain),
    `fetch     ✓ verified
train     ! stale      params.lr 1 -> 2
                       pipeline.lock was made from other inputs, by a run that is not known here
evaluate  ✓ verified
          ✗ gate       accuracy is 0.89, must be >= 0.9 (m.json)
ship      ⋯ unchecked  model/a lies in data that is not here
          ⋯ gate       accuracy >= 0.9 (n.json is not here)
raw       ! stale      two branches changed this source
old       ! stale      is in pipeline.lock, not in pipeline.yaml
1 gate failed, 3 stale, 1 unchecked, 1 gate unchecked, 2 verified
`,
  );
  t.equal(verifyText({ stages: [], contested: [], undeclared: [] }, plain), 'no stages\n');
  t.end();
});

t.test('verify, for machines', (t) => {
  t.match(verifyJson(VIEW), {
    v: 1,
    stages: [
      { name: 'fetch', state: 'verified', reasons: [], gates: [] },
      { state: 'stale', reasons: [{ kind: 'param-changed' }, { kind: 'locked-run-unknown' }] },
      {
        gates: [{ path: 'm.json', metric: 'accuracy', bound: 0.9, state: 'failed', actual: 0.89 }],
      },
      { state: 'unchecked', beyond: ['model/a'] },
    ],
    contested: ['raw'],
    undeclared: ['old'],
  });
  t.end();
});
