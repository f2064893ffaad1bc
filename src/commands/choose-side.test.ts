import t from 'tap';
import { toRef, type ArtifactRef } from '../model/artifact.ts';
import { FakeProject, valueOf } from '../testing/fake-project.ts';
import { path } from '../testing/samples.ts';
import { checkout } from './checkout.ts';
import { chooseSide } from './choose-side.ts';
import { status } from './status.ts';

const STATUS = { targets: [], overrides: [], probes: true };

/** A source that holds `ours`, while another branch has `theirs`; both are in the cache. */
async function contested(): Promise<FakeProject> {
  const project = new FakeProject({ 'pipeline.yaml': 'stages: {}\n' });
  const { workspace, lock } = project.context().ports;
  const refs: ArtifactRef[] = [];
  for (const text of ['third', 'theirs', 'ours']) {
    project.world.files.set('raw', text);
    refs.push(toRef(valueOf(await workspace.commit(path('raw')))!));
  }
  await lock.setSource(path('raw'), { ...refs[2]!, conflict: [refs[1]!] });
  return project;
}

t.test('a source that branches changed apart is told, and is whatever is chosen', async (t) => {
  const project = await contested();
  t.match(valueOf(await status(STATUS, project.context())), { contested: ['raw'] });
  valueOf(await checkout({ targets: [] }, project.context()));
  t.match(project.world.events, [{ diagnostic: { code: 'lock/branches-differ' } }]);
  t.equal(project.world.files.get('raw'), 'ours');

  valueOf(await chooseSide({ side: 'theirs', targets: ['raw'] }, project.context()));
  t.equal(project.world.files.get('raw'), 'theirs');
  t.notOk(project.world.lock.lock.sources['raw']?.conflict);
  t.same(valueOf(await status(STATUS, project.context())).contested, undefined);
});

t.test('killed at any step, the conflict is still told or is settled whole', async (t) => {
  for (const step of ['workspace.restore raw', 'lock.setSource raw', 'lock.flush']) {
    const project = await contested();
    project.world.failOn((call) => (call === step ? new Error('killed') : undefined));
    const choice = { side: 'theirs', targets: [] } as const;
    await t.rejects(chooseSide(choice, project.context()), /killed/);
    project.world.failOn(() => undefined);
    const again = await chooseSide(choice, project.context());
    t.ok(again.ok || again.error.diagnostics[0]?.code === 'checkout/no-conflict', step);
    t.equal(project.world.files.get('raw'), 'theirs', step);
    t.notOk(project.world.lock.lock.sources['raw']?.conflict, step);
  }
});

t.test('--theirs is one side, not one of several', async (t) => {
  const project = await contested();
  const entry = project.world.lock.lock.sources['raw']!;
  const [theirs] = entry.conflict!;
  await project
    .context()
    .ports.lock.setSource(path('raw'), { ...entry, conflict: [theirs, theirs] });
  const refused = await chooseSide({ side: 'theirs', targets: [] }, project.context());
  t.match(refused, { ok: false, error: { diagnostics: [{ code: 'checkout/many-sides' }] } });
  valueOf(await chooseSide({ side: 'ours', targets: [] }, project.context()));
  t.equal(project.world.files.get('raw'), 'ours');
  const none = await chooseSide({ side: 'ours', targets: ['other'] }, project.context());
  t.match(none, { ok: false, error: { diagnostics: [{ code: 'checkout/no-conflict' }] } });
});
