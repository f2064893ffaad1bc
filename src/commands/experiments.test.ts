import t from 'tap';
import { valueOf } from '../testing/fake-project.ts';
import { lookContext, measuredProject, tryOut } from '../testing/measured-project.ts';
import { valueIn } from '../model/experiment.ts';
import { experiments, type ExperimentsOptions } from './experiments.ts';

const shown = async (
  project: ReturnType<typeof measuredProject>,
  options: Partial<ExperimentsOptions> = {},
) => valueOf(await experiments({ all: false, ...options }, lookContext(project)));

t.test('nothing ran: no experiments, and columns of nothing', async (t) => {
  const project = measuredProject();
  t.same(await shown(project), { experiments: [], columns: [], leftOut: 0 });
});

t.test('one row a training, with what was measured of it; what differs has a column', async (t) => {
  const project = measuredProject();
  await tryOut(project, 'lr: 0.1\nseed: 1\n', true);
  await tryOut(project, 'lr: 0.4\nseed: 1\n');
  const view = await shown(project);
  t.same(
    view.columns.map(({ label }) => label),
    ['lr', 'evaluate.json:accuracy', 'train.json:accuracy'],
    'the seed is the same, bytes and params have neither direction nor gate',
  );
  t.same(
    view.experiments.map((each) => view.columns.map((column) => valueIn(column, each))),
    [
      [0.4, 0.3, 0.6],
      [0.1, 0.45, 0.9],
    ],
    'newest first',
  );
  t.same(
    view.experiments.map(({ runs }) => runs.map(({ stage }) => stage)),
    [
      ['prepare', 'train', 'evaluate', 'quantize'],
      ['prepare', 'train', 'evaluate', 'quantize'],
    ],
  );
  t.same(
    view.experiments.map(({ isCurrent, commits }) => [isCurrent, commits.length]),
    [
      [true, 0],
      [false, 1],
    ],
  );
  t.match(view.experiments[0]?.metrics, { 'quantize.json': { bytes: 60 } });
});

t.test(
  'going back is no new experiment; another evaluation of the same model is one',
  async (t) => {
    const project = measuredProject();
    await tryOut(project, 'lr: 0.1\nseed: 1\n');
    await tryOut(project, 'lr: 0.4\nseed: 1\n');
    await tryOut(project, 'lr: 0.1\nseed: 1\n');
    const back = await shown(project);
    t.equal(back.experiments.length, 2);
    t.same(
      back.experiments.map(({ isCurrent }) => isCurrent),
      [false, true],
    );
    project.world.files.set('evaluate.py', 'v2');
    await tryOut(project);
    t.equal((await shown(project)).experiments.length, 3);
  },
);

t.test('all columns, and an order', async (t) => {
  const project = measuredProject();
  for (const lr of [0.3, 0.1, 0.2]) await tryOut(project, `lr: ${lr}\nseed: 1\n`);
  const order = async (options: Partial<ExperimentsOptions>) =>
    (await shown(project, options)).experiments.map(({ params }) => params['lr']);
  t.same(
    (await shown(project, { all: true })).columns.map(({ label }) => label),
    ['lr', 'seed', 'evaluate.json:accuracy', 'bytes', 'train.json:accuracy', 'params'],
  );
  t.same(await order({}), [0.2, 0.1, 0.3]);
  t.same(await order({ order: 'asc' }), [0.3, 0.1, 0.2]);
  t.same(await order({ sortBy: 'lr' }), [0.1, 0.2, 0.3]);
  t.same(await order({ sortBy: 'lr', order: 'desc' }), [0.3, 0.2, 0.1]);
  t.same(await order({ sortBy: 'train.json:accuracy' }), [0.1, 0.2, 0.3], 'the best first');
  const unknown = await experiments({ all: false, sortBy: 'byte' }, lookContext(project));
  t.match(unknown, {
    ok: false,
    error: { diagnostics: [{ code: 'exp/unknown-column', hint: 'did you mean "bytes"?' }] },
  });
});

t.test('metrics that nobody judged: those that differ; of one experiment, all', async (t) => {
  const pipeline = `stages:
  train:
    cmd: train
    params: [lr]
    outs: [model, loss.csv]
    metrics: [train.json]
`;
  const project = measuredProject(pipeline);
  await tryOut(project);
  const labels = async () => (await shown(project)).columns.map(({ label }) => label);
  t.same(await labels(), ['accuracy', 'params']);
  await tryOut(project, 'lr: 0.4\n');
  t.same(await labels(), ['lr', 'accuracy']);
});
