import t from 'tap';
import type { Test } from 'tap';
import { toRef } from '../model/artifact.ts';
import type { Problem } from '../model/diagnostic.ts';
import type { Result } from '../model/result.ts';
import { FakeProject, valueOf } from '../testing/fake-project.ts';
import { path } from '../testing/samples.ts';
import { freeze } from './freeze.ts';
import { move } from './move.ts';
import { remove } from './remove.ts';
import { repro } from './repro.ts';
import { status } from './status.ts';

const PIPELINE = `# birds
stages:
  prepare:
    cmd: prepare   # data/raw is read
    deps: [data/raw]
    outs: [clean]

  # the model
  train:
    cmd: train clean
    deps: [clean]
    outs: ["model"]
  each:
    foreach: [a]
    do: {cmd: x, outs: ['o/\${item}']}
`;

const REPRO = {
  ...{ targets: ['train'], overrides: [], force: false, single: false, downstream: false },
  ...{ keepGoing: false, runCache: true, probes: true, nameRuns: true },
  ...{ trace: false, glob: false, allowMissing: false },
  capacity: { cpu: 1, gpu: 0, memory: 0 },
};

/** A source, two stages that ran, and one that stands for several. */
async function settled(): Promise<FakeProject> {
  const project = new FakeProject({
    'pipeline.yaml': PIPELINE,
    'data/raw': 'robin',
    'data/.gitignore': '/raw\n/other\n',
    '.gitignore': '/clean\n/model\n',
  });
  project.world.onCommand((command, { files }) => {
    files.set(command.env['AVIAN_STAGE'] === 'prepare' ? 'clean' : 'model', 'made');
    return { code: 0 };
  });
  const { workspace, lock } = project.context().ports;
  const raw = valueOf(await workspace.commit(path('data/raw')));
  await lock.setSource(path('data/raw'), toRef(raw!));
  valueOf(await repro(REPRO, project.context()));
  project.world.calls.length = 0;
  return project;
}

const verdicts = async (project: FakeProject): Promise<{ readonly [name: string]: string }> => {
  const view = valueOf(
    await status({ targets: [], overrides: [], probes: true }, project.context()),
  );
  return Object.fromEntries(view.stages.map(({ name, verdict }) => [name, verdict.kind]));
};

const text = (project: FakeProject, file = 'pipeline.yaml'): string =>
  project.world.files.get(file) ?? '';

const picture = (project: FakeProject) => ({
  files: Object.fromEntries([...project.world.files].sort()),
  lock: project.world.lock.lock,
});

type Command = (project: FakeProject) => Promise<Result<unknown, Problem>>;

/**
 * Stops a command at each of its changes, checks that no content was lost, gives the same command
 * again, and expects what an undisturbed one leaves.
 */
async function survivesKills(t: Test, command: Command): Promise<void> {
  const whole = await settled();
  valueOf(await command(whole));
  const steps = whole.world.calls.length;
  t.ok(steps > 0, `${steps} steps`);
  for (let kill = 0; kill < steps; kill += 1) {
    const project = await settled();
    let step = -1;
    project.world.failOn(() => ((step += 1) >= kill ? new Error('killed') : undefined));
    await t.rejects(command(project), /killed/);
    project.world.failOn(() => undefined);
    const told = `killed before ${whole.world.calls[kill]}`;
    const contents = [...project.world.files.values()];
    for (const content of ['robin', 'made']) {
      const isCached = [...project.world.workspace.objects.values()].some((object) =>
        [...object.values()].some((file) => file.text === content),
      );
      t.ok(contents.includes(content) || isCached, `${told}: ${content} is somewhere`);
    }
    const again = await command(project);
    // Only when all was done but the end of the process may there be nothing left to do.
    if (!again.ok)
      t.equal(kill, steps - 1, `${told}: ${again.error.diagnostics[0]?.message ?? ''}`);
    t.same(picture(project), picture(whole), told);
  }
}

t.test('freeze and unfreeze write one line and take it away', async (t) => {
  const project = await settled();
  valueOf(await freeze({ targets: ['train', 'clean'], frozen: true }, project.context()));
  t.equal(
    text(project),
    PIPELINE.replace('outs: [clean]\n', 'outs: [clean]\n    frozen: true\n').replace(
      'outs: ["model"]\n',
      'outs: ["model"]\n    frozen: true\n',
    ),
  );
  t.match(await verdicts(project), { prepare: 'frozen', train: 'frozen' });
  const view = valueOf(await freeze({ targets: ['train'], frozen: true }, project.context()));
  t.same(view.stages, [{ name: 'train', done: 'unchanged' }]);
  valueOf(await freeze({ targets: ['prepare', 'train'], frozen: false }, project.context()));
  t.equal(text(project), PIPELINE);
  const refused = await freeze({ targets: ['train', 'each@a'], frozen: true }, project.context());
  t.match(refused, { error: { diagnostics: [{ code: 'edit/generated' }] } });
  t.equal(text(project), PIPELINE, 'all of them or none');
});

t.test('a removed stage leaves its files, or the cache has them', async (t) => {
  const project = await settled();
  const kept = valueOf(await remove({ target: 'prepare', outs: false }, project.context()));
  t.match(kept, { files: [{ path: 'clean', done: 'kept' }], readers: ['train'] });
  t.equal(text(project), PIPELINE.replace(/ {2}prepare:[^]*?clean\]\n/, ''));
  t.notOk(project.world.lock.lock.stages['prepare']);

  project.world.files.set('model', 'edited by hand');
  const edited = valueOf(await remove({ target: 'train', outs: true }, project.context()));
  t.match(edited, { files: [{ path: 'model', done: 'not-in-cache' }] });
  t.equal(text(project, 'model'), 'edited by hand');

  const other = await settled();
  const gone = valueOf(await remove({ target: 'train', outs: true }, other.context()));
  t.match(gone, { files: [{ path: 'model', done: 'deleted' }], readers: [] });
  t.notOk(other.world.files.has('model'));
});

t.test('a removed source is pinned and hidden no more', async (t) => {
  const project = await settled();
  const view = valueOf(await remove({ target: 'data/raw', outs: true }, project.context()));
  t.match(view, { kind: 'source', files: [{ done: 'deleted' }], readers: ['prepare'] });
  t.same(project.world.lock.lock.sources, {});
  t.equal(text(project, 'data/.gitignore'), '/other\n');
  t.match(await remove({ target: 'dat/raw', outs: true }, project.context()), {
    error: { diagnostics: [{ code: 'remove/unknown-target' }] },
  });
  t.match(await remove({ target: 'each@a', outs: false }, project.context()), {
    error: { diagnostics: [{ code: 'edit/generated' }] },
  });
  const group = valueOf(await remove({ target: 'each', outs: false }, project.context()));
  t.match(group, { kind: 'stage', name: 'each' });
  t.notMatch(text(project), /each/);
});

t.test('a renamed stage is as up to date as before', async (t) => {
  const project = await settled();
  const view = valueOf(await move({ from: 'train', to: 'fit' }, project.context()));
  t.match(view, { kind: 'stage', runs: [] });
  t.equal(text(project), PIPELINE.replace('  train:', '  fit:'));
  t.match(await verdicts(project), { prepare: 'up-to-date', fit: 'up-to-date' });
  t.match(await move({ from: 'fit', to: 'prepare' }, project.context()), {
    error: { diagnostics: [{ code: 'move/exists' }] },
  });
});

t.test('a moved out takes its content along, and says who runs', async (t) => {
  const project = await settled();
  const view = valueOf(await move({ from: 'clean', to: 'data/clean' }, project.context()));
  t.same(view, {
    ...{ kind: 'out', from: 'clean', to: 'data/clean' },
    ...{ runs: ['prepare', 'train'], mentions: ['train'] },
  });
  t.equal(
    text(project),
    PIPELINE.replace('outs: [clean]', 'outs: [data/clean]').replace(
      'deps: [clean]',
      'deps: [data/clean]',
    ),
  );
  t.equal(text(project, 'data/clean'), 'made');
  t.same(
    [text(project, '.gitignore'), text(project, 'data/.gitignore')],
    ['/model\n', '/raw\n/other\n/clean\n'],
  );
  const found = await verdicts(project);
  t.match(found, { prepare: 'stale' }, 'as announced');
});

t.test('a moved source is read where it lies now', async (t) => {
  const project = await settled();
  const view = valueOf(await move({ from: 'data/raw', to: 'raw' }, project.context()));
  t.match(view, { kind: 'source', runs: ['prepare'], mentions: [] });
  t.match(project.world.lock.lock.sources, { raw: {} });
  t.equal(text(project, 'raw'), 'robin');
  t.equal(text(project, '.gitignore'), '/clean\n/model\n/raw\n');
});

t.test('a move that would meet something else is refused, and nothing is touched', async (t) => {
  const project = await settled();
  const before = picture(project);
  for (const [from, to, code] of [
    ['nothing', 'x', 'move/unknown-target'],
    ['clean', 'model', 'move/exists'],
    ['clean', 'data/raw', 'move/exists'],
    ['clean', '../x', 'move/outside'],
    ['clean', 'clean/x', 'move/inside'],
    ['clean', 'cache/x', 'edit/invalid'],
    ['o/a', 'o/b', 'move/templated'],
    ['train', 'no way', 'move/bad-name'],
  ] as const) {
    const refused = await move({ from, to }, project.context());
    t.match(refused, { ok: false, error: { diagnostics: [{ code }] } }, `${from} to ${to}`);
    t.same(picture(project), before);
  }
});

t.test('killed at any step, nothing is lost and the same command goes on', async (t) => {
  const commands: { readonly [name: string]: Command } = {
    'remove a stage': (p) => remove({ target: 'train', outs: true }, p.context()),
    'remove a source': (p) => remove({ target: 'data/raw', outs: true }, p.context()),
    'rename a stage': (p) => move({ from: 'train', to: 'fit' }, p.context()),
    'move an out': (p) => move({ from: 'clean', to: 'data/clean' }, p.context()),
    'move a source': (p) => move({ from: 'data/raw', to: 'raw' }, p.context()),
    freeze: (p) => freeze({ targets: ['train'], frozen: true }, p.context()),
  };
  for (const [name, command] of Object.entries(commands)) {
    await t.test(name, (t) => survivesKills(t, command));
  }
});
