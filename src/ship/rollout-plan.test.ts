import t from 'tap';
import type { CloudService, Split } from '../model/cloud-service.ts';
import type { Deployment } from '../model/deployment.ts';
import type { Problem } from '../model/diagnostic.ts';
import type { Result } from '../model/result.ts';
import { locate } from './cloud-location.ts';
import { differences, planCloudRun } from './cloud-plan.ts';
import { rollbackTarget } from './roll-back.ts';
import {
  decideRollout,
  nextRevisionName,
  planRollout,
  shifted,
  splitInWords,
  stableRevision,
  tagged,
  trafficTraps,
  untagged,
} from './rollout-plan.ts';

const value = <T>(result: Result<T, Problem>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
};
const IMAGE = `host/birds@sha256:${'ab'.repeat(32)}`;
const plan = value(planCloudRun({ name: 'birds' }, IMAGE));
const rollout = value(planRollout('birds', {}));

const serving = (more: Partial<CloudService> = {}): CloudService => ({
  ...{ resource: 'projects/p/locations/l/services/birds', name: 'birds', url: 'https://birds' },
  ...{ updatedAt: '2026-11-23T11:00:00.000Z', newest: 'birds-00002', newestReady: 'birds-00002' },
  template: { revision: 'birds-00002', recipe: plan.recipe },
  split: { percents: { 'birds-00002': 100 }, tags: {} },
  ...{ tagUrls: {}, followsNewest: false, ingress: 'all', access: undefined, previous: undefined },
  condition: { kind: 'ready' },
  ...more,
});

t.test('what one look says is left to do', (t) => {
  t.same(decideRollout(undefined, plan, rollout), { kind: 'create', revision: 'birds-00001' });
  t.same(decideRollout(serving(), plan, rollout), { kind: 'keep', revision: 'birds-00002' });
  const other = value(planCloudRun({ name: 'birds', memory: '1Gi', env: ['A=secret'] }, IMAGE));
  t.same(decideRollout(serving(), other, rollout), {
    ...{ kind: 'new-revision', revision: 'birds-00003' },
    why: ['memory 512Mi -> 1024Mi', 'env () -> (A)'],
  });
  t.match(decideRollout(serving({ newestReady: 'birds-00001' }), plan, rollout), {
    ...{ kind: 'new-revision', why: ['birds-00002 is not ready'] },
  });
  const canary = { percents: { 'birds-00001': 95, 'birds-00002': 5 }, tags: {} };
  t.match(decideRollout(serving({ split: canary }), plan, rollout), { kind: 'promote' });
  const open = value(planCloudRun({ name: 'birds', allowUnauthenticated: true }, IMAGE));
  t.match(decideRollout(serving(), open, rollout), { kind: 'promote' });
  t.match(decideRollout(serving({ access: 'public' }), open, rollout), { kind: 'keep' });
  const quiet = { traffic: false, tag: 'next' };
  const waits = { percents: { 'birds-00001': 100 }, tags: { next: 'birds-00002' } };
  t.match(decideRollout(serving({ split: waits }), plan, quiet), { kind: 'keep' });
  t.match(decideRollout(serving({ split: waits }), plan, rollout), { kind: 'promote' });
  t.end();
});

t.test('names and accounts that Cloud Run makes are no difference', (t) => {
  t.equal(nextRevisionName('birds', ['birds-00009-xyz', undefined, 'birds-00003']), 'birds-00010');
  t.equal(nextRevisionName('birds', ['something']), 'birds-00001');
  const filled = { ...plan.recipe, serviceAccount: '12-compute@developer.gserviceaccount.com' };
  t.same(differences(filled, plan.recipe), []);
  t.same(differences(plan.recipe, { ...plan.recipe, serviceAccount: 'a@b.c' }), [
    'service account default -> a@b.c',
  ]);
  t.match(
    decideRollout(serving({ template: { revision: undefined, recipe: filled } }), plan, rollout),
    {
      kind: 'keep',
    },
  );
  t.end();
});

t.test('splits always add up to 100', (t) => {
  const split: Split = { percents: { a: 60, b: 40 }, tags: { old: 'b' } };
  t.equal(stableRevision(split), 'a');
  t.equal(stableRevision(split, 'a'), 'b');
  t.equal(stableRevision({ percents: { a: 100 }, tags: {} }, 'a'), undefined);
  t.same(tagged(split, 'c', 'next'), { ...split, tags: { old: 'b', next: 'c' } });
  t.same(shifted(split, 'c', 5, 'a'), { percents: { a: 95, c: 5 }, tags: { old: 'b' } });
  t.same(shifted(split, 'c', 100, 'a').percents, { c: 100 });
  t.same(untagged(split, 'old').tags, {});
  t.equal(splitInWords(split), '60 % a, 40 % b');
  t.end();
});

t.test('the sticky split is told in words', (t) => {
  t.match(trafficTraps(serving()), [/^traffic is pinned to revisions by name/]);
  t.same(trafficTraps(serving({ followsNewest: true })), []);
  const split = { percents: { 'birds-00001': 90, 'birds-00002': 10 }, tags: {} };
  t.match(trafficTraps(serving({ split })), [
    /^traffic is split \(90 % birds-00001, 10 % birds-00002\) and stays so, whatever is deployed later/,
    /pinned/,
  ]);
  t.end();
});

t.test('back is to who served, never just to the number before', (t) => {
  const revision = (n: number, ready = true) => ({
    ...{ revision: `birds-0000${n}`, image: IMAGE, createdAt: '', ready },
  });
  const all = [revision(4), revision(3), revision(2, false), revision(1)];
  const record = (n: number, traffic?: number): Deployment => ({
    ...{ v: 1, name: 'birds', target: 'cloud-run', revision: `birds-0000${n}`, url: '' },
    ...{ startedAt: '', image: '', host: '' },
    ...(traffic !== undefined && { traffic }),
  });
  const at = (percents: Split['percents'], previous?: string) => ({
    ...{ name: 'birds', split: { percents, tags: {} }, previous },
  });
  const four = { 'birds-00004': 100 };
  const target = (...words: Parameters<typeof rollbackTarget>): string => {
    const found = rollbackTarget(...words);
    return found.ok ? found.value : (found.error.diagnostics[0]?.code ?? '');
  };
  t.equal(target(at(four, 'birds-00001'), all, [], undefined), 'birds-00001');
  t.equal(target(at(four, 'birds-00002'), all, [], undefined), 'deploy/no-earlier-revision');
  // 3 was deployed without traffic, so it never served.
  const records = [record(4), record(3, 0), record(1)];
  t.equal(target(at(four), all, records, undefined), 'birds-00001');
  t.equal(
    target(at({ 'birds-00001': 100 }), all, [record(1), ...records], undefined),
    'deploy/no-earlier-revision',
  );
  t.equal(target(at({ 'birds-00003': 90, 'birds-00004': 10 }), all, [], undefined), 'birds-00003');
  t.equal(target(at(four), all, [], 'birds-00003'), 'birds-00003');
  t.equal(target(at(four), all, [], 'birds-00002'), 'rollout/unknown-revision');
  t.equal(target(at(four), all, [], 'birds-00004'), 'rollout/already-live');
  t.end();
});

t.test('where: as typed, else the environment, else where it was last', (t) => {
  const resource = 'projects/aviary/locations/europe-west1/services/birds';
  const latest = { resource } as Deployment;
  const none = (): undefined => undefined;
  t.same(value(locate({}, none, latest)), {
    ...{ project: 'aviary', region: 'europe-west1', endpoint: undefined },
  });
  const variable = (name: string): string | undefined =>
    ({ CLOUDSDK_CORE_PROJECT: 'other-one', CLOUDSDK_RUN_REGION: 'us-east4' })[name];
  t.match(value(locate({}, variable, latest)), { project: 'other-one', region: 'us-east4' });
  t.match(value(locate({ project: 'typed-1' }, variable, latest)), { project: 'typed-1' });
  t.match(locate({}, none, undefined), {
    error: { diagnostics: [{ code: 'deploy/no-project' }, { code: 'deploy/no-region' }] },
  });
  t.end();
});
