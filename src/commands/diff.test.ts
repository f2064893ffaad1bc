import t from 'tap';
import { toRef } from '../model/artifact.ts';
import { EMPTY_LOCK } from '../model/lock.ts';
import { FakeProject, valueOf } from '../testing/fake-project.ts';
import { path } from '../testing/samples.ts';
import { diff } from './diff.ts';
import { repro } from './repro.ts';

const PIPELINE = `stages:
  train:
    cmd: train
    deps: [raw, train.py]
    outs: [model]
`;

const REPRO = {
  ...{ targets: [], overrides: [], force: false, single: false, downstream: false },
  ...{ keepGoing: false, runCache: true, probes: true, nameRuns: true },
  ...{ trace: false, glob: false, allowMissing: false },
  capacity: { cpu: 1, gpu: 0, memory: 0 },
};

/** A project that ran, committed as HEAD. */
async function committed(): Promise<FakeProject> {
  const project = new FakeProject({
    ...{ 'pipeline.yaml': PIPELINE, 'train.py': 'v1', 'raw/a': 'robin', 'raw/b': 'wren' },
  });
  project.world.onCommand((_, { files }) => {
    files.set('model', `${files.get('train.py')} of ${files.get('raw/a')}`);
    return { code: 0 };
  });
  await bringUp(project);
  return project;
}

async function bringUp(project: FakeProject): Promise<string> {
  const { workspace, lock } = project.context().ports;
  for (const source of ['raw', 'moved']) {
    const content = valueOf(await workspace.commit(path(source)));
    await lock.setSource(path(source), content && toRef(content));
  }
  valueOf(await repro(REPRO, project.context()));
  const { files } = project.world;
  return project.revisions.commit(
    new Map([...files, ['pipeline.lock', JSON.stringify(project.world.lock.lock)]]),
  );
}

const between = async (
  project: FakeProject,
  revisions: readonly string[] = [],
  targets: readonly string[] = [],
) => valueOf(await diff({ revisions, targets }, project.context()));

t.test('nothing, then everything that a person did to the workspace', async (t) => {
  const project = await committed();
  t.same((await between(project)).changes, []);
  const { files } = project.world;
  files.set('raw/a', 'ROBIN');
  files.set('raw/c', 'tit');
  files.delete('raw/b');
  files.set('train.py', 'v2');
  files.delete('model');
  const view = await between(project);
  t.match(view, { before: 'HEAD', after: 'workspace', unknown: [] });
  t.match(view.changes, [
    { kind: 'deleted', role: 'out', path: 'model' },
    {
      kind: 'modified',
      role: 'source',
      path: 'raw',
      files: [
        { path: 'a', kind: 'modified' },
        { path: 'b', kind: 'removed' },
        { path: 'c', kind: 'added' },
      ],
    },
    { kind: 'modified', role: 'dep', path: 'train.py' },
  ]);
  const some = await between(project, [], ['raw/a', 'train.py']);
  t.same(
    some.changes.map((change) => change.path),
    ['raw', 'train.py'],
  );
});

t.test('between two revisions, a rename is seen by content', async (t) => {
  const project = await committed();
  const { files } = project.world;
  const first = project.revisions.commits[0]!.id;
  for (const name of ['a', 'b']) {
    files.set(`moved/${name}`, files.get(`raw/${name}`)!);
    files.delete(`raw/${name}`);
  }
  files.set('pipeline.yaml', PIPELINE.replace('raw', 'moved'));
  files.set('train.py', 'v3');
  const second = await bringUp(project);
  const view = await between(project, [first, second]);
  t.match(view.changes, [
    { kind: 'modified', role: 'out', path: 'model' },
    { kind: 'renamed', role: 'source', from: 'raw', path: 'moved' },
    { kind: 'modified', role: 'dep', path: 'train.py' },
  ]);
  const back = await between(project, [second, first]);
  t.match(back.changes[1], { kind: 'renamed', from: 'moved', path: 'raw' });
});

t.test('what cannot be known is said, not guessed', async (t) => {
  const project = await committed();
  project.world.files.set('raw/a', 'ROBIN');
  project.world.files.set('train.py', 'v2');
  project.world.runs.runs.length = 0;
  project.world.workspace.objects.clear();
  const view = await between(project);
  t.same(view.unknown, ['train']);
  t.match(view.changes, [{ kind: 'modified', path: 'raw' }]);
  t.notOk('files' in view.changes[0]!, 'the tree is nowhere');
});

t.test(
  'a revision without a lock had no data; one that is none is refused, as is a place without git',
  async (t) => {
    const project = await committed();
    const { revisions, world } = project;
    const bare = revisions.commit(new Map([['pipeline.yaml', PIPELINE]]));
    t.match((await between(project, [bare])).changes, [
      { kind: 'added', path: 'model' },
      { kind: 'added', path: 'raw' },
      { kind: 'added', role: 'dep', path: 'train.py' },
    ]);
    t.match(await diff({ revisions: ['nope'], targets: [] }, project.context()), {
      error: { diagnostics: [{ code: 'usage/unknown-revision' }] },
    });
    t.match(await diff({ revisions: [], targets: ['../x'] }, project.context()), {
      error: { diagnostics: [{ code: 'usage/bad-path' }] },
    });
    revisions.state = { kind: 'no-repository' };
    t.match(await diff({ revisions: [], targets: [] }, project.context()), {
      error: { diagnostics: [{ code: 'diff/no-git', hint: /avian status/ }] },
    });
    world.lock.lock = EMPTY_LOCK;
  },
);
