import t from 'tap';
import type { Column, Experiment, ExperimentsView } from '../model/experiment.ts';
import type { RunId } from '../model/names.ts';
import { NOON, path, stage } from '../testing/samples.ts';
import {
  experimentsCsv,
  experimentsJson,
  experimentsMarkdown,
  experimentsText,
} from './experiments.ts';
import { createStyle } from './style.ts';

const style = createStyle({ colour: false, ascii: false });
const id = (start: string): RunId => start.padEnd(64, '0') as RunId;

const columns: readonly Column[] = [
  { kind: 'param', key: 'train.lr', label: 'train.lr' },
  { kind: 'param', key: 'model', label: 'model' },
  {
    ...{ kind: 'metric', path: path('m.json'), name: 'accuracy', label: 'accuracy' },
    direction: 'maximize',
  },
];

const experiment = (start: string, changes: Partial<Experiment> = {}): Experiment => ({
  id: id(start),
  runs: [{ stage: stage('train'), id: id(start) }],
  startedAt: '2026-11-23T10:00:00Z',
  durationMs: 60_000,
  isCurrent: false,
  commits: [],
  overrides: [],
  params: { 'train.lr': 0.003, model: 'small' },
  metrics: { 'm.json': { accuracy: 0.9433333 } },
  ...changes,
});

const view = (changes: Partial<ExperimentsView> = {}): ExperimentsView => ({
  experiments: [
    experiment('3f2a91', {
      isCurrent: true,
      overrides: ['train.lr=0.003'],
      commits: [{ id: '0a1b2c3d4e5f', subject: 'birds' }],
    }),
    experiment('88c01d', { params: { model: '=cmd|"/c calc"' }, metrics: {} }),
  ],
  columns,
  leftOut: 0,
  ...changes,
});

t.test('a table: what the workspace has is marked, what is not known is a dash', async (t) => {
  t.equal(
    experimentsText(view(), style, NOON),
    `
   run     when         train.lr  model           accuracy  changed by      commit
*  3f2a91  2 hours ago  0.003     small           0.943333  train.lr=0.003  0a1b2c3
   88c01d  2 hours ago  -         =cmd|"/c calc"         -
`.slice(1),
  );
  t.match(experimentsText(view({ leftOut: 3 }), style, NOON), /\n3 older experiments not shown\n$/);
  t.match(experimentsText(view({ experiments: [] }), style, NOON), /^no experiments yet/);
});

t.test('CSV has whole values, and no formula that a spreadsheet would run', async (t) => {
  t.equal(
    experimentsCsv(view()),
    `
current,run,started,train.lr,model,accuracy,overrides,commits
true,${id('3f2a91')},2026-11-23T10:00:00Z,0.003,small,0.9433333,train.lr=0.003,0a1b2c3d4e5f
false,${id('88c01d')},2026-11-23T10:00:00Z,,"'=cmd|""/c calc""",,,
`.slice(1),
  );
  t.match(
    experimentsCsv(view({ experiments: [experiment('aa', { params: { 'train.lr': -2 } })] })),
    /,-2,/,
    'a negative number is none',
  );
});

t.test('Markdown stays a table whatever the values hold', async (t) => {
  const params = { 'train.lr': 1, model: 'a|b\n<script>_x_ my_model' };
  const text = experimentsMarkdown(
    view({ experiments: [experiment('aa', { params })] }),
    style,
    NOON,
  );
  const [head = '', rule, row = ''] = text.split('\n');
  const bars = (line: string) => line.replaceAll('\\|', '').split('|').length;
  t.equal(bars(head), bars(row));
  t.match(rule, /^\| --- .*---: /);
  t.match(row, /a\\\|b \\<script\\>\\_x\\_ my_model/);
});

t.test('JSON holds everything, whatever has a column', async (t) => {
  const json = JSON.parse(JSON.stringify(experimentsJson(view({ columns: [] })))) as object;
  t.match(json, {
    v: 1,
    columns: [],
    experiments: [
      {
        ...{ run: id('3f2a91'), current: true, duration_ms: 60_000 },
        params: { 'train.lr': 0.003 },
        metrics: { 'm.json': { accuracy: 0.9433333 } },
        commits: [{ commit: '0a1b2c3d4e5f', subject: 'birds' }],
      },
      { current: false },
    ],
    left_out: 0,
  });
});
