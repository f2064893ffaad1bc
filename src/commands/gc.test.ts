import t from 'tap';
import { toRef, type ArtifactRef } from '../model/artifact.ts';
import type { Digest, RepoPath, StageName } from '../model/names.ts';
import type { RunRecord } from '../model/run.ts';
import { content } from '../testing/contracts/workspace.contract.ts';
import { deployment, runRecord } from '../testing/contracts/run-log.contract.ts';
import { spaceContext, unwrap, withLocks } from '../testing/fake-context.ts';
import { FakeWorld } from '../testing/fakes.ts';
import { gc, undoGc, type GcOptions } from './gc.ts';

const DAY = 86_400_000;
const DEFAULTS: GcOptions = {
  ...{ dry: false, force: false, emptyTrash: false },
  ...{ keepRuns: 0, olderThanMs: 14 * DAY },
};
const FORCE = { ...DEFAULTS, force: true };

/** A world a year after its objects came in, and hands to fill its cache. */
function setUp(locks: string[] = []) {
  const world = new FakeWorld({});
  world.clock.tick(365 * DAY);
  const context = spaceContext(world, withLocks(locks));
  const commit = async (path: string, text: string): Promise<ArtifactRef> => {
    world.files.set(path, text);
    return toRef(await content(world.workspace.commit(path as RepoPath)));
  };
  /** A run of `stage` so many days ago that wrote `text` to its out. */
  const ran = async (
    stage: string,
    daysAgo: number,
    text: string,
    deps: RunRecord['input']['deps'] = [],
  ) => {
    const ref = await commit(`out/${stage}`, text);
    const record = runRecord(stage, 0);
    await world.runs.record({
      ...record,
      outs: { [`out/${stage}`]: ref },
      input: { ...record.input, deps },
      startedAt: new Date(world.clock.now() - daysAgo * DAY).toISOString(),
    });
    return ref;
  };
  const holds = (ref: ArtifactRef): boolean => world.workspace.objects.has(ref.digest);
  return { world, context, commit, ran, holds, locks };
}

t.test('without a remote nothing goes, and it says what --force would free', async (t) => {
  const { context, ran, holds } = setUp();
  const old = await ran('train', 100, 'weights');
  const view = unwrap(await gc(DEFAULTS, context));
  t.ok(holds(old));
  t.match(view, {
    unneeded: [{ stage: 'train', objects: 1, bytes: 7 }],
    moved: { objects: 0, bytes: 0, id: undefined },
    held: { why: 'no-remote', objects: 1, bytes: 7 },
  });
  t.same(await context.store.trash(), []);
});

t.test('--force takes what nothing needs, and undo brings it back', async (t) => {
  const { context, ran, holds, world } = setUp();
  const old = await ran('train', 100, 'weights');
  const recent = await ran('train', 3, 'newer weights');
  const view = unwrap(await gc(FORCE, context));
  t.notOk(holds(old));
  t.ok(holds(recent), 'a run of the last fortnight');
  t.match(view, { moved: { objects: 1, bytes: 7, id: String }, held: undefined });
  t.same(
    world.calls.filter((call) => /^(?:un)?lock$/.test(call)),
    ['lock', 'unlock'],
  );
  const back = unwrap(await undoGc(undefined, context));
  t.match(back, { id: view.moved.id, objects: 1 });
  t.ok(holds(old));
  t.match(await undoGc(undefined, context), {
    error: { kind: 'usage', diagnostics: [{ code: 'gc/not-in-trash' }] },
  });
});

t.test('--dry takes no lock, changes nothing, and says what would go', async (t) => {
  const { context, ran, holds, world } = setUp();
  const old = await ran('train', 100, 'weights');
  const before = world.calls.length;
  const view = unwrap(await gc({ ...FORCE, dry: true }, context));
  t.ok(holds(old));
  t.same(world.calls.slice(before), []);
  t.match(view, { dry: true, moved: { objects: 1, bytes: 7, id: undefined } });
});

t.test('each root keeps what it names', async (t) => {
  const { context, commit, ran, holds, world, locks } = setUp();
  const locked = await ran('train', 100, 'of the workspace');
  await world.lock.setStage('train' as StageName, {
    fingerprint: `f1:${'0'.repeat(64)}` as never,
    outs: { 'out/train': locked },
  });
  const committed = await ran('train', 101, 'of a commit');
  locks.push(`<<<<<<< ours\n{"digest": "${committed.digest}"}\n=======\n`);
  const raw = await commit('data', 'raw');
  await world.lock.setSource('data' as RepoPath, raw);
  const rawBefore = await commit('data2', 'raw of before');
  await world.lock.setSource('data2' as RepoPath, rawBefore);
  await world.lock.setSource('data2' as RepoPath, undefined);
  const rawRead = await commit('data3', 'read by a run');
  const prepared = await ran('prepare', 100, 'clean', [
    { path: 'data3' as RepoPath, digest: rawRead.digest },
  ]);
  const image = await ran('image', 99, 'image', [
    { path: 'out/prepare' as RepoPath, digest: prepared.digest },
  ]);
  await world.runs.recordDeployment({ ...deployment('birds', 1, 1), artifact: image.digest });
  const garbage = await ran('train', 102, 'of nothing');
  const view = unwrap(await gc(FORCE, context));
  t.same(
    view.kept.map(({ by, objects }) => [by, objects]),
    [
      ['workspace', 2],
      ['commits', 1],
      ['sources', 2],
      ['deployments', 2],
      ['recent-runs', 0],
      ['recent', 0],
    ],
  );
  for (const ref of [locked, committed, raw, rawBefore, rawRead, prepared, image]) t.ok(holds(ref));
  t.notOk(holds(garbage));
});

t.test('an old version of a generated dep is no raw data', async (t) => {
  const { context, ran, holds } = setUp();
  const clean = await ran('prepare', 100, 'clean');
  const model = await ran('train', 100, 'model', [
    { path: 'out/prepare' as RepoPath, digest: clean.digest },
  ]);
  unwrap(await gc(FORCE, context));
  t.same([holds(clean), holds(model)], [false, false]);
});

t.test('--keep-runs keeps the newest of each stage, --older-than the young ones', async (t) => {
  const { context, ran, holds } = setUp();
  const refs = [];
  for (const days of [50, 40, 30, 20]) refs.push(await ran('train', days, `${days} days`));
  const other = await ran('other', 60, 'other');
  unwrap(await gc({ ...FORCE, keepRuns: 1, olderThanMs: 35 * DAY }, context));
  t.same(refs.map(holds), [false, false, true, true]);
  t.ok(holds(other));
  unwrap(await gc({ ...FORCE, olderThanMs: 0 }, context));
  t.same([...refs, other].map(holds), [false, false, false, false, false]);
});

t.test('what no run explains stays while it is young', async (t) => {
  const { context, commit, holds, world } = setUp();
  const [young, old] = [await commit('a', 'young'), await commit('b', 'old')];
  context.store.ages.set(young.digest, world.clock.now() - 3 * DAY);
  const view = unwrap(await gc(FORCE, context));
  t.same([holds(young), holds(old)], [true, false]);
  t.match(view.unneeded, [{ stage: undefined, objects: 1 }]);
});

t.test('with a remote only what it holds goes', async (t) => {
  const { context, ran, holds } = setUp();
  const [there, here] = [await ran('train', 100, 'there'), await ran('train', 99, 'here')];
  const copies = {
    verified: () =>
      Promise.resolve({ kind: 'verified' as const, digests: new Set<Digest>([there.digest]) }),
  };
  const view = unwrap(await gc(DEFAULTS, { ...context, copies }));
  t.same([holds(there), holds(here)], [false, true]);
  t.match(view, { moved: { objects: 1 }, held: { why: 'no-copy', objects: 1, bytes: 4 } });
});

t.test('trash is removed for good after a week, but not what is needed again', async (t) => {
  const { context, ran, holds, world, locks } = setUp();
  const [old, again] = [await ran('train', 100, 'old'), await ran('train', 99, 'again')];
  unwrap(await gc(FORCE, context));
  t.same([holds(old), holds(again)], [false, false]);
  world.clock.tick(6 * DAY);
  t.match(unwrap(await gc(DEFAULTS, context)), { emptied: { ids: [] } });
  locks.push(again.digest);
  world.clock.tick(2 * DAY);
  const view = unwrap(await gc(DEFAULTS, context));
  t.match(view, { broughtBack: 1, emptied: { ids: [String], bytes: 3 }, trash: { ids: [] } });
  t.same([holds(old), holds(again)], [false, true]);
});

t.test('--empty-trash removes at once, this gc included', async (t) => {
  const { context, ran } = setUp();
  await ran('train', 100, 'old');
  const view = unwrap(await gc({ ...FORCE, emptyTrash: true }, context));
  t.match(view, { moved: { bytes: 3 }, emptied: { bytes: 3 }, trash: { ids: [] } });
});

t.test('what failed stages left goes by force and age, too', async (t) => {
  const { context, world } = setUp();
  const attempt = '20261123T101500Z-7f3a9c' as never;
  world.workspace.failed.set(attempt, new Map([['out', 'half']]));
  t.match(unwrap(await gc(DEFAULTS, context)), {
    leftovers: [{ kind: 'failed', count: 1, bytes: 4 }],
    held: { bytes: 4 },
  });
  t.ok(world.workspace.failed.has(attempt));
  unwrap(await gc(FORCE, context));
  t.notOk(world.workspace.failed.has(attempt));
  unwrap(await undoGc(undefined, context));
  t.ok(world.workspace.failed.has(attempt));
});

t.test('a needed tree with wrong bytes stops it: nobody knows what it named', async (t) => {
  const { context, ran, holds, locks } = setUp();
  const [old, bad] = [await ran('train', 100, 'old'), await ran('train', 99, 'bad')];
  locks.push(bad.digest);
  context.store.corrupt.add(bad.digest);
  t.match(await gc(FORCE, context), {
    error: { kind: 'corruption', diagnostics: [{ code: 'gc/corrupt-tree' }] },
  });
  t.ok(holds(old));
});

t.test('a lock that cannot be read stops it', async (t) => {
  const { context, ran, holds, world } = setUp();
  const old = await ran('train', 100, 'old');
  world.lock.problem = { kind: 'pipeline', diagnostics: [] };
  t.match(await gc(FORCE, context), { ok: false });
  t.ok(holds(old));
});

t.test('remotes that do not answer are no copies, and why is told', async (t) => {
  const { context, ran, holds } = setUp();
  const old = await ran('train', 100, 'weights');
  const copies = {
    verified: () => Promise.resolve({ kind: 'unreachable' as const, cause: 'no way' }),
  };
  const view = unwrap(await gc(DEFAULTS, { ...context, copies }));
  t.ok(holds(old));
  t.match(view.held, { why: 'unreachable', cause: 'no way', objects: 1 });
});

t.test('nobody is asked for copies of nothing', async (t) => {
  const { context, ran } = setUp();
  await ran('train', 1, 'weights');
  const copies = { verified: () => Promise.reject(new Error('it was asked')) };
  t.equal(unwrap(await gc(DEFAULTS, { ...context, copies })).held, undefined);
});

t.test('parts of downloads that nobody goes on with go without force, by age', async (t) => {
  const { context, world } = setUp();
  const { store } = context;
  const old = {
    kind: 'partial',
    place: 'tmp/downloads/a.part',
    files: 1,
    bytes: 5,
    at: 0,
  } as const;
  const young = { ...old, place: 'tmp/incoming/b', at: world.clock.now() };
  store.leftovers = () => Promise.resolve([old, young]);
  const view = unwrap(await gc(DEFAULTS, context));
  t.match(view, { leftovers: [{ kind: 'partial', count: 1, bytes: 5 }], moved: { bytes: 5 } });
  t.ok(view.moved.id);
  t.equal(view.held, undefined);
});
