import t from 'tap';
import type { Drawing } from '../model/plot.ts';
import { valueOf } from '../testing/fake-project.ts';
import { lookContext, measuredProject, tryOut } from '../testing/measured-project.ts';
import { plotsDiff, plotsShow } from './plots.ts';

const NOTHING = { targets: [], as: {} };

t.test('declared plots of stages and of the top level, from the workspace', async (t) => {
  const project = measuredProject();
  await tryOut(project);
  const view = valueOf(await plotsShow(NOTHING, lookContext(project)));
  t.same(view.revisions, ['workspace']);
  t.match(view.plots, [
    { id: 'loss.csv', stage: 'train', notes: [], drawing: { kind: 'lines' } },
    { id: 'Confusion', notes: [], drawing: { kind: 'confusion', classes: ['robin', 'wren'] } },
    {
      id: 'Samples',
      notes: [],
      drawing: {
        kind: 'pictures',
        pictures: [
          { name: 'shots/1.png', type: 'image/png', facts: [{ name: 'is', value: 'robin' }] },
        ],
      },
    },
  ]);
});

t.test('before anything ran every plot says what is not there', async (t) => {
  const view = valueOf(await plotsShow(NOTHING, lookContext(measuredProject())));
  t.same(
    view.plots.map(({ drawing, notes }) => [drawing.kind, ...notes]),
    [
      ['nothing', 'loss.csv is not there'],
      ['nothing', 'evaluation/predictions.csv is not there'],
      ['nothing', 'evaluation/samples.csv is not there'],
    ],
  );
});

t.test('diff draws HEAD from the cache beside the workspace', async (t) => {
  const project = measuredProject();
  await tryOut(project, 'lr: 0.1\nseed: 1\n', true);
  await tryOut(project, 'lr: 0.4\nseed: 1\n');
  const view = valueOf(
    await plotsDiff({ revisions: [], targets: ['train', 'Samples'], as: {} }, lookContext(project)),
  );
  t.same(view.revisions, ['HEAD', 'workspace']);
  const [loss, samples] = view.plots;
  t.same(
    (loss?.drawing as Extract<Drawing, { kind: 'lines' }>).series.map(
      ({ revision, name, points }) => [revision, name, points[0]?.y],
    ),
    [
      ['HEAD', 'loss', 0.1],
      ['HEAD', 'val', 0.2],
      ['workspace', 'loss', 0.4],
      ['workspace', 'val', 0.8],
    ],
  );
  t.match(samples?.drawing, { pictures: [{ revision: 'HEAD' }, { revision: 'workspace' }] });
});

t.test('what the cache lost is told, and the rest is drawn', async (t) => {
  const project = measuredProject();
  await tryOut(project, undefined, true);
  project.world.workspace.objects.clear();
  const view = valueOf(
    await plotsDiff(
      { ...NOTHING, revisions: ['HEAD'], targets: ['loss.csv'] },
      lookContext(project),
    ),
  );
  t.match(view.plots, [
    {
      drawing: { series: [{ revision: 'workspace' }, { revision: 'workspace' }] },
      notes: ['loss.csv is not in the cache as it was then; `avian fetch` may bring it (HEAD)'],
    },
  ]);
});

t.test('a run by its id, and files that git has', async (t) => {
  const project = measuredProject();
  project.world.files.set('notes.csv', 'day,birds\n1,5\n');
  await tryOut(project, 'lr: 0.1\nseed: 1\n', true);
  await tryOut(project, 'lr: 0.4\nseed: 1\n');
  project.world.files.set('notes.csv', 'day,birds\n1,7\n');
  const context = lookContext(project);
  const [, run] = await context.ports.runs.history('train' as never, 9);
  const ofRun = valueOf(
    await plotsDiff({ ...NOTHING, revisions: [run?.id ?? ''], targets: ['train'] }, context),
  );
  t.match(ofRun.plots, [{ drawing: { series: [{ points: [{ y: 0.1 }] }] } }]);
  const notes = valueOf(
    await plotsDiff({ ...NOTHING, revisions: [], targets: ['notes.csv'] }, context),
  );
  t.match(notes.plots, [
    { drawing: { series: [{ points: [{ y: 5 }] }, { points: [{ y: 7 }] }] }, notes: [] },
  ]);
});

t.test('drawn otherwise than declared', async (t) => {
  const project = measuredProject();
  await tryOut(project);
  const as = { template: 'table', y: ['val'], x: 'epoch', title: 'Validation' };
  t.match(valueOf(await plotsShow({ targets: ['loss.csv'], as }, lookContext(project))).plots, [
    { title: 'Validation', drawing: { kind: 'table', tables: [{ columns: ['epoch', 'val'] }] } },
  ]);
});

t.test('a stage means the plots of all that it writes', async (t) => {
  const project = measuredProject();
  await tryOut(project);
  const of = async (...targets: string[]) =>
    valueOf(await plotsShow({ targets, as: {} }, lookContext(project))).plots.map(({ id }) => id);
  t.same(await of('evaluate'), ['Confusion', 'Samples']);
  t.same(await of('train', 'evaluation/samples.csv'), ['loss.csv', 'Samples']);
  t.same(await of('evaluation'), ['Confusion', 'Samples'], 'as does a folder');
});

t.test('targets and revisions that are none', async (t) => {
  const project = measuredProject();
  const context = lookContext(project);
  const refused = async (targets: string[], revisions: string[] = ['workspace']) => {
    const view = await plotsDiff({ ...NOTHING, targets, revisions }, context);
    return view.ok ? undefined : view.error.diagnostics[0];
  };
  t.match(await refused(['Confusio']), { code: 'plots/unknown', hint: /`Confusion`/ });
  t.match(await refused([], ['nope']), { code: 'usage/unknown-revision' });
  const bare = measuredProject('stages: {}\n');
  t.match(await plotsShow(NOTHING, lookContext(bare)), {
    ok: false,
    error: { diagnostics: [{ code: 'plots/none' }] },
  });
});

t.test('pictures: of a folder, too many, none, and a path that leaves the project', async (t) => {
  const pipeline = `stages: {}
plots:
  - shots
  - Named: { template: images, y: { named.csv: [] } }
`;
  const project = measuredProject(pipeline);
  const { files } = project.world;
  files.set('named.csv', 'picture\n../../etc/passwd.png\nshots/00.png\nshots/no.png\n');
  for (let index = 0; index < 60; index++) {
    files.set(`shots/${String(index).padStart(2, '0')}.png`, 'x');
  }
  const png = (await import('../testing/measured-project.ts')).PNG;
  for (const name of files.keys()) if (name.endsWith('.png')) files.set(name, png);
  files.set('shots/99.png', 'no picture at all');
  const { plots } = valueOf(await plotsShow(NOTHING, lookContext(project)));
  t.match(plots, [
    { drawing: { kind: 'pictures', leftOut: 13 } },
    {
      drawing: { kind: 'pictures', pictures: [{ name: 'shots/00.png' }] },
      notes: [
        'named.csv names `../../etc/passwd.png`, which is no file of the project',
        'named.csv names `shots/no.png`, which is no file of the project',
      ],
    },
  ]);
});
