import t from 'tap';
import { randomFrom } from '../testing/random.ts';
import { FakeProject, valueOf } from '../testing/fake-project.ts';
import { stage } from '../testing/samples.ts';
import { repro } from './repro.ts';
import { hasFailedGate, isOutOfDate, verify } from './verify.ts';

const PIPELINE = `stages:
  prepare:
    cmd: prepare
    deps: [prepare.py, raw]
    outs: [clean]
  train:
    cmd: train
    deps: [clean, train.py]
    params: [lr]
    outs: [model]
    metrics: [{m.json: {gate: {accuracy: '>= 0.5'}}}]
`;

const REPRO = {
  ...{ targets: [], overrides: [], force: false, single: false, downstream: false },
  ...{
    keepGoing: false,
    runCache: true,
    probes: true,
    ...{ trace: false, glob: false, allowMissing: false },
    nameRuns: true,
  },
  capacity: { cpu: 1, gpu: 0, memory: 0 },
};

/** Brought up to date; `lock` is what is committed then. */
async function settled(pipeline = PIPELINE): Promise<FakeProject> {
  const project = new FakeProject({
    'pipeline.yaml': pipeline,
    'params.yaml': 'lr: 1\n',
    ...{ 'prepare.py': 'p', 'train.py': 't', raw: 'robin' },
  });
  project.world.onCommand((command, { files }) => {
    if (command.env['AVIAN_STAGE'] === 'prepare') {
      files.set('clean/a', 'CLEAN');
      files.set('clean/b', 'CLEANER');
    } else {
      files.set('model', 'MODEL');
      files.set('m.json', '{"accuracy": 0.75}');
    }
    return { code: 0 };
  });
  const ports = project.context().ports;
  const raw = valueOf(await ports.workspace.commit('raw' as never)) as never;
  const { digest, size } = raw as { digest: never; size: number };
  await ports.lock.setSource('raw' as never, { digest, size });
  valueOf(await repro(REPRO, project.context()));
  return project;
}

/** A clone in CI: the lock and the files of git, no data, no cache, no lineage. */
function clone(
  project: FakeProject,
  changes: { readonly [path: string]: string } = {},
): FakeProject {
  const data = /^(raw|model|m\.json|clean\/.*)$/;
  const committed = [...project.world.files].filter(([path]) => !data.test(path));
  const other = new FakeProject({ ...Object.fromEntries(committed), ...changes });
  other.world.lock.lock = project.world.lock.lock;
  return other;
}

const check = async (project: FakeProject, targets: readonly string[] = []) =>
  valueOf(await verify({ targets, overrides: [] }, project.context()));

t.test('a clone without data is verified', async (t) => {
  const ci = clone(await settled());
  const view = await check(ci);
  t.match(view.stages, [
    { name: 'prepare', check: { kind: 'verified' }, gates: [] },
    { name: 'train', check: { kind: 'verified' }, gates: [{ state: 'unknown' }] },
  ]);
  t.notOk(isOutOfDate(view));
  t.notOk(hasFailedGate(view));
  t.same(ci.world.calls, [], 'it changes nothing');
});

t.test('code, params, declarations and the lock itself have to belong together', async (t) => {
  const project = await settled();
  for (const [changes, stale] of [
    [{ 'train.py': 'other' }, ['train']],
    [{ 'params.yaml': 'lr: 2\n' }, ['train']],
    [{ 'pipeline.yaml': PIPELINE.replace('cmd: prepare', 'cmd: prepare -f') }, ['prepare']],
    [{ 'pipeline.yaml': PIPELINE.replace('[clean, train.py]', '[train.py]') }, ['train']],
    [{ 'pipeline.yaml': `${PIPELINE}  more:\n    cmd: more\n    outs: [more]\n` }, ['more']],
    [{ 'pipeline.yaml': PIPELINE.replace('>= 0.5', '>= 0.9') }, []],
  ] as const) {
    const view = await check(clone(project, changes));
    const found = view.stages.filter((each) => each.check.kind === 'stale').map(({ name }) => name);
    t.same(found, stale, JSON.stringify(changes));
    t.equal(isOutOfDate(view), stale.length > 0);
  }
  const gone = clone(project, { 'pipeline.yaml': 'stages: {}\n' });
  t.match(await check(gone), { stages: [], undeclared: ['prepare', 'train'] });
  t.ok(isOutOfDate(await check(gone)));
});

t.test('where the run is known, what changed is named', async (t) => {
  const project = await settled();
  project.world.files.set('params.yaml', 'lr: 2\n');
  t.match((await check(project, ['train'])).stages.at(-1), {
    check: { reasons: [{ kind: 'param-changed', key: 'lr', before: 1, after: 2 }] },
  });
});

t.test('gates are held against the numbers recorded for what the lock holds', async (t) => {
  const project = await settled();
  t.match((await check(project)).stages[1]?.gates, [{ state: 'held', actual: 0.75 }]);
  project.world.files.set('pipeline.yaml', PIPELINE.replace('>= 0.5', '>= 0.9'));
  const strict = await check(project);
  t.match(strict.stages[1], { check: { kind: 'verified' }, gates: [{ state: 'failed' }] });
  t.ok(hasFailedGate(strict));
  project.world.files.set('m.json', '{"accuracy": 1}');
  t.ok(hasFailedGate(await check(project)), 'a file that is not what was recorded tells nothing');
});

t.test('a part of an out is looked up in its tree, and unchecked where that is not', async (t) => {
  const inside = PIPELINE.replace('[clean, train.py]', '[clean/a, train.py]');
  const project = await settled(inside);
  t.match((await check(project)).stages[1], { check: { kind: 'verified' } });
  project.world.files.delete('clean/a');
  t.match((await check(project)).stages[1], { check: { kind: 'verified' } }, 'from the cache');
  const view = await check(clone(project));
  t.match(view.stages[1]?.check, { kind: 'unchecked', beyond: ['clean/a'] });
  t.notOk(isOutOfDate(view), 'told, and no reason to fail for ever');
});

t.test('what branches changed apart does not pass', async (t) => {
  const project = await settled();
  const { lock } = project.context().ports;
  const train = project.world.lock.lock.stages['train']!;
  await lock.setStage(stage('train'), { ...train, conflict: [train] });
  const view = await check(clone(project));
  t.match(view.stages[1]?.check, { kind: 'stale', reasons: [{ kind: 'merge-conflict' }] });
  const raw = project.world.lock.lock.sources['raw']!;
  await lock.setSource('raw' as never, { ...raw, conflict: [raw] });
  t.match(await check(clone(project)), { contested: ['raw'] });
});

t.test('verify and repro agree on what a clone with data would run', async (t) => {
  const random = randomFrom(7);
  for (let round = 0; round < 12; round += 1) {
    const project = await settled();
    for (const file of ['train.py', 'prepare.py', 'params.yaml']) {
      if (random.chance(0.3))
        project.world.files.set(file, file === 'params.yaml' ? 'lr: 3\n' : 'new');
    }
    const view = await check(clone(project));
    const stale = view.stages.filter((each) => each.check.kind === 'stale').map(({ name }) => name);
    const before = project.world.commands.length;
    valueOf(await repro({ ...REPRO, runCache: false }, project.context()));
    const ran = project.world.commands.slice(before).map(({ env }) => env['AVIAN_STAGE']);
    t.same(ran, stale, 'the same bytes again stop what is behind, so the lock is right about it');
  }
});
