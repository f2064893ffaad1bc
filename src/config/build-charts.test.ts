import t from 'tap';
import { loadProject } from './load-project.ts';

const load = (plots: string) =>
  loadProject({
    read: (path) => (path === 'pipeline.yaml' ? `stages: {}\nplots:\n${plots}` : undefined),
    list: () => [],
    overrides: [],
  });

const charts = async (plots: string) => {
  const loaded = await load(plots);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return loaded.value.project.pipeline.plots;
};

const faults = async (plots: string) => {
  const loaded = await load(plots);
  return loaded.ok
    ? []
    : loaded.error.diagnostics.map(
        ({ code, message, span }) => `${code} ${span?.line}: ${message}`,
      );
};

t.test('a path, a path with its fields, and names whose y or x says which files', async (t) => {
  t.same(
    await charts(`
  - loss.csv
  - dir/log.tsv: { x: epoch, y: [loss, val], title: Loss, header: false }
  - ROC:
      template: simple
      x: fpr
      y: { train.json: tpr, test.json: [tpr, fnr] }
      x_label: false positives
      y_label: true positives
  - Paired: { x: { a.csv: n, b.csv: m }, y: { a.csv: p, b.csv: q } }
  - Beside: { x: { axis.csv: n }, y: { a.csv: [] } }
`),
    [
      { id: 'loss.csv', sources: [{ file: 'loss.csv', y: [] }], header: true },
      {
        id: 'dir/log.tsv',
        sources: [{ file: 'dir/log.tsv', x: { field: 'epoch' }, y: ['loss', 'val'] }],
        ...{ title: 'Loss', header: false },
      },
      {
        id: 'ROC',
        sources: [
          { file: 'train.json', x: { field: 'fpr' }, y: ['tpr'] },
          { file: 'test.json', x: { field: 'fpr' }, y: ['tpr', 'fnr'] },
        ],
        ...{
          template: 'simple',
          xLabel: 'false positives',
          yLabel: 'true positives',
          header: true,
        },
      },
      {
        id: 'Paired',
        sources: [
          { file: 'a.csv', x: { field: 'n' }, y: ['p'] },
          { file: 'b.csv', x: { field: 'm' }, y: ['q'] },
        ],
        header: true,
      },
      {
        id: 'Beside',
        sources: [{ file: 'a.csv', x: { file: 'axis.csv', field: 'n' }, y: [] }],
        header: true,
      },
    ],
  );
});

t.test('what is wrong is told with its place', async (t) => {
  t.same(await faults('  - Odd: { x: { a.csv: n, b.csv: m }, y: { c.csv: p } }\n'), [
    'pipeline/bad-chart 3: `x` of the chart `Odd` names several files, and none of them is `c.csv`',
  ]);
  t.match(await faults('  - ../secret.csv\n'), [/^pipeline\/outside-project 3: /]);
  t.match(await faults('  - a.csv: { y: { /etc/passwd: x } }\n'), [
    /^pipeline\/outside-project 3: /,
  ]);
  t.match(await faults('  - a.csv: { labels: x }\n'), [
    /^pipeline\/unknown-key 3: `plots\[0\]\.a\.csv` has no key `labels`$/,
  ]);
  t.match(await faults('  - a.csv: { x: 3 }\n'), [
    /^pipeline\/wrong-type 3: `plots\[0\]\.a\.csv\.x`/,
  ]);
  t.match(await faults('  a.csv: {}\n'), [/^pipeline\/wrong-type 3: `plots` has to be a list/]);
});

t.test('a pipeline without charts says nothing of them', async (t) => {
  const loaded = await loadProject({
    ...{ list: () => [], overrides: [] },
    read: (path) => (path === 'pipeline.yaml' ? 'stages: {}\n' : undefined),
  });
  t.notOk(loaded.ok && 'plots' in loaded.value.project.pipeline);
});
