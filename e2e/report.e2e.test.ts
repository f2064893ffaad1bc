import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Window } from 'happy-dom';
import t from 'tap';
import { createRig } from './rig.ts';

const PIPELINE = `stages:
  train:
    cmd: sh train.sh
    deps: [train.sh]
    params: [lr]
    plots: [loss.csv: { x: epoch, title: Loss </script> }]
    metrics: [m.json: { direction: maximize }]
plots:
  - Said: { template: confusion, x: is, y: { said.csv: said } }
`;

const TRAIN = `lr=$(sed 's/[^0-9.]//g' "$AVIAN_PARAMS")
printf 'epoch,loss\\n1,%s\\n2,0.5\\n' "$lr" > loss.csv
printf '{"accuracy":%s}' "$lr" > m.json
`;

t.test('two trainings: a page of it all, plots of both, and their table', async (t) => {
  const rig = createRig(t, {
    'pipeline.yaml': PIPELINE,
    'params.yaml': 'lr: 0.25\n',
    'train.sh': TRAIN,
    'said.csv': 'is,said\nrobin,robin\nrobin,wren\n',
  });
  t.equal((await rig.avian('init')).code, 0);
  t.equal((await rig.avian('repro')).code, 0);
  await rig.git('init', '-q');
  await rig.git('add', '-A');
  await rig.git('commit', '-qm', 'first');
  t.equal((await rig.avian('repro lr=0.75')).code, 0);

  const made = await rig.avian('report lr=0.75 -o out/page.html');
  t.equal(made.code, 0, made.stderr);
  const url = pathToFileURL(join(rig.root, 'out/page.html')).href;
  t.match(made.stdout, /^wrote out\/page\.html, [\d.]+ KiB: /);
  t.ok(made.stdout.endsWith(`${url}\n`));
  const window = new Window();
  t.teardown(() => window.happyDOM.close());
  window.document.write(rig.read('out/page.html'));
  const { document } = window;
  t.match(document.querySelector('header')?.textContent, /1 stage, everything up to date/);
  t.match(document.querySelector('#plots figcaption')?.textContent, /Loss <\/script>/);
  t.equal(document.querySelectorAll('script').length, 1);
  t.equal(document.querySelectorAll('#experiments tbody tr').length, 2);
  t.match(document.querySelector('#metrics')?.textContent, /0\.5 better than HEAD/);

  const compared = await rig.avian('plots diff --targets loss.csv --json');
  t.equal(compared.code, 0, compared.stderr);
  const { revisions, plots } = JSON.parse(compared.stdout) as {
    revisions: string[];
    plots: { series: { revision: string; points: [number, number][] }[] }[];
  };
  t.same(revisions, ['HEAD', 'workspace']);
  t.same(
    plots[0]?.series.map(({ revision, points }) => [revision, points[0]]),
    [
      ['HEAD', [1, 0.25]],
      ['workspace', [1, 0.75]],
    ],
  );
  t.notOk(existsSync(join(rig.root, 'plots.html')), '--json writes no file');
  t.equal((await rig.avian('plots diff')).code, 0);
  t.match(rig.read('plots.html'), /robin taken for wren: 1 of 2/);

  const table = await rig.avian('exp show --sort-by accuracy');
  t.match(table.stdout, /^ +run +when +lr +accuracy.*\n\* .* 0\.75 +0\.75.*\n +.* 0\.25 +0\.25/);
});

t.test('what is no page is not written over, and a plot that is not there is told', async (t) => {
  const rig = createRig(t, {
    'pipeline.yaml': 'stages: {}\nplots:\n  - gone.csv\n',
    'plots.html': 'mine',
  });
  const refused = await rig.avian('plots show');
  t.equal(refused.code, 64);
  t.match(refused.stderr, /gone\.csv: gone\.csv is not there\n.*report\/not-ours/s);
  t.equal(rig.read('plots.html'), 'mine');
  rig.write('dir/x', '');
  const blocked = await rig.avian('plots show -o dir');
  t.equal(blocked.code, 1);
  t.match(blocked.stderr, /report\/unwritable/);
  t.match(await rig.avian('plots show nonsense'), { code: 64, stderr: /plots\/unknown/ });
  t.match(await rig.avian('exp show --csv --md'), { code: 64, stderr: /exclude each other/ });
});

t.test('places in diagnostics lead from where avian was called to the file', async (t) => {
  const rig = createRig(t, { 'pipeline.yaml': 'stages:\n  a: { cmd: x, dep: [] }\n', 'sub/x': '' });
  t.match((await rig.avian('status')).stderr, /\n {2}pipeline\.yaml:2:16\n/);
  const below = await rig.avian(['-C', 'sub', 'status']);
  t.match(below.stderr, /\n {2}\.\.\/pipeline\.yaml:2:16\n/);
});
