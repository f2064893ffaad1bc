import t from 'tap';
import { FakeProject, valueOf } from '../testing/fake-project.ts';
import { commit, isRefused, type CommitOptions } from './commit.ts';
import { logs } from './logs.ts';
import { status } from './status.ts';

const PIPELINE = `stages:
  prepare:
    cmd: prepare
    deps: [raw]
    outs: [clean]
  train:
    cmd: train
    deps: [clean]
    params: [lr]
    outs: [model]
    metrics: [{m.json: {gate: {accuracy: '>= 0.5'}}}]
`;

/** Everything is there, made by hand: nothing ever ran. */
const byHand = (): FakeProject =>
  new FakeProject({
    'pipeline.yaml': PIPELINE,
    'params.yaml': 'lr: 1\n',
    ...{ raw: 'robin', clean: 'ROBIN', model: 'M', 'm.json': '{"accuracy": 0.75}' },
  });

const doing = async (project: FakeProject, options: Partial<CommitOptions> = {}) =>
  commit({ targets: [], overrides: [], force: false, ...options }, project.context());

const verdicts = async (project: FakeProject): Promise<readonly string[]> => {
  const options = { targets: [], overrides: [], probes: true };
  return valueOf(await status(options, project.context())).stages.map((each) => each.verdict.kind);
};

t.test('outs made by hand become the result of a run that says so', async (t) => {
  const project = byHand();
  const view = valueOf(await doing(project));
  t.match(view.stages, [
    { name: 'prepare', kind: 'adopted', run: String },
    { name: 'train', kind: 'adopted', run: String },
  ]);
  t.same(await verdicts(project), ['up-to-date', 'up-to-date']);
  t.match(project.world.runs.runs.at(-1), {
    stage: 'train',
    adopted: 'commit',
    metrics: { 'm.json': { accuracy: 0.75 } },
    input: { params: { lr: 1 } },
  });
  t.match(valueOf(await logs({ stage: 'train' }, project.context())), { adopted: 'commit' });
  project.world.files.delete('model');
  t.same(await verdicts(project), ['up-to-date', 'restorable'], 'the cache has it');
  t.equal(project.world.commands.length, 0);
});

t.test('outs edited after a run are taken; changed inputs have to be vouched for', async (t) => {
  const project = byHand();
  valueOf(await doing(project));
  project.world.files.set('clean', 'edited');
  const refused = valueOf(await doing(project));
  t.match(refused.stages, [
    { name: 'train', kind: 'changed', reasons: [{ kind: 'dep-changed', path: 'clean' }] },
  ]);
  t.ok(isRefused(refused));
  t.same(await verdicts(project), ['restorable', 'up-to-date'], 'nothing was stored');

  valueOf(await doing(project, { targets: ['prepare'] }));
  const forced = valueOf(await doing(project, { targets: ['train'], force: true }));
  t.match(forced.stages, [{ kind: 'adopted' }]);
  t.same(await verdicts(project), ['up-to-date', 'up-to-date']);
  const again = valueOf(await doing(project));
  t.match(again.stages, [{ kind: 'unchanged' }, { kind: 'unchanged' }]);
});

t.test('what is not there is left alone, or refused where it was named', async (t) => {
  const project = byHand();
  project.world.files.delete('model');
  t.match(valueOf(await doing(project)).stages, [
    { kind: 'adopted' },
    { kind: 'left', missing: ['out model does not exist'] },
  ]);
  const named = valueOf(await doing(project, { targets: ['train'] }));
  t.match(named.stages, [{ name: 'train', kind: 'incomplete' }]);
  t.ok(isRefused(named));
});

t.test('a gate that does not hold is no result, forced or not', async (t) => {
  const project = byHand();
  project.world.files.set('m.json', '{"accuracy": 0.25}');
  const view = valueOf(await doing(project, { force: true }));
  t.match(view.stages[1], { kind: 'failed', failure: { kind: 'gate-failed' } });
  t.notOk(project.world.lock.lock.stages['train']);
  t.equal(project.world.runs.runs.length, 1);
});

t.test('sources are taken as they lie there', async (t) => {
  const project = byHand();
  const { workspace, lock } = project.context().ports;
  const raw = valueOf(await workspace.commit('raw' as never)) as unknown as { digest: never };
  await lock.setSource('raw' as never, { digest: raw.digest, size: 5 });
  project.world.files.set('raw', 'wren');
  const view = valueOf(await doing(project, { targets: ['raw'] }));
  t.match(view, { stages: [], sources: [{ path: 'raw', done: 'added', size: 4 }] });
  t.equal(project.world.lock.lock.sources['raw']?.size, 4);
});

t.test('killed at any step, a lock entry is a promise that was kept', async (t) => {
  const whole = byHand();
  valueOf(await doing(whole));
  for (const step of new Set(whole.world.calls)) {
    const project = byHand();
    project.world.failOn((call) => (call === step ? new Error('killed') : undefined));
    await t.rejects(doing(project), /killed/, step);
    project.world.failOn(() => undefined);
    for (const [name, entry] of Object.entries(project.world.lock.lock.stages)) {
      const runs = await project.world.runs.find(entry.fingerprint);
      t.ok(runs.length > 0, `${step}: ${name} has its record`);
      for (const ref of Object.values(entry.outs)) {
        t.ok(await project.world.workspace.holds(ref), `${step}: ${name} has its objects`);
      }
    }
    valueOf(await doing(project));
    t.same(await verdicts(project), ['up-to-date', 'up-to-date'], `${step}: and can go on`);
    t.equal(project.world.files.get('model'), 'M');
  }
});

t.test('while a run is cut off its outs are nobody to adopt; an effect never is', async (t) => {
  const project = byHand();
  const { workspace } = project.context().ports;
  const outs = [{ path: 'model' as never, persist: false }];
  await workspace.setAside('20261123T101500Z-7f3a9c' as never, 'train', outs);
  project.world.files.set('model', 'by hand');
  t.match(await doing(project), {
    ok: false,
    error: { diagnostics: [{ code: 'commit/interrupted' }] },
  });
  t.equal(project.world.files.get('model'), 'by hand', 'where a person left it');

  const effect = new FakeProject({
    'pipeline.yaml': 'stages:\n  ship: {cmd: ship, effect: true}\n',
  });
  t.match(await doing(effect, { targets: ['ship'] }), {
    error: { diagnostics: [{ code: 'commit/effect' }] },
  });
});
