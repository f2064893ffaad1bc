import type { Test } from 'tap';
import type { ArtifactRef } from '../../model/artifact.ts';
import type { LockedStage, PipelineLock } from '../../model/lock.ts';
import type { Digest, Fingerprint, RepoPath, StageName } from '../../model/names.ts';
import type { LockStore } from '../../ports/lock-store.ts';

const digest = (digit: string): Digest => `b3:${digit.repeat(64)}` as Digest;
export const stage = (name: string): StageName => name as StageName;
export const path = (name: string): RepoPath => name as RepoPath;

export const tree: ArtifactRef = { digest: digest('a'), size: 12, files: 3 };
export const program: ArtifactRef = { digest: digest('b'), size: 1, executable: true };

export const locked = (digit: string, outs: { [path: string]: ArtifactRef }): LockedStage => ({
  fingerprint: `f1:${digit.repeat(64)}` as Fingerprint,
  outs,
});

/** What every lock store promises. `open` gives stores that share one project, as invocations do. */
export function lockStoreContract(t: Test, project: (t: Test) => () => LockStore): void {
  t.test('without a lock nothing is locked', async (t) => {
    const read = await project(t)().read();
    t.same(read, { ok: true, value: { version: 1, sources: {}, stages: {} } });
  });

  t.test('what is set is read, at once and by the next invocation', async (t) => {
    const open = project(t);
    const store = open();
    await store.setStage(stage('train'), locked('1', { 'model/a': tree, run: program }));
    await store.setStage(stage('10'), locked('2', {}));
    await store.setSource(path('data/raw'), tree);
    const expected = {
      ok: true,
      value: {
        version: 1,
        sources: { 'data/raw': tree },
        stages: { train: locked('1', { 'model/a': tree, run: program }), 10: locked('2', {}) },
      },
    };
    t.strictSame(await store.read(), expected);
    t.strictSame(await open().read(), expected);
    await store.flush();
    t.strictSame(await open().read(), expected);
  });

  t.test('a whole lock takes the place of whatever lay there', async (t) => {
    const open = project(t);
    const store = open();
    await store.setStage(stage('train'), locked('1', { a: tree }));
    const whole: PipelineLock = {
      version: 1,
      sources: { raw: { ...tree, conflict: [program] } },
      stages: { fetch: { ...locked('2', {}), conflict: [locked('3', { b: tree })] } },
    };
    await store.replace(whole);
    t.strictSame(await store.read(), { ok: true, value: whole });
    t.strictSame(await open().read(), { ok: true, value: whole });
    t.strictSame(store.parse(store.format(whole)), { ok: true, value: whole });
    await store.setStage(stage('fetch'), locked('4', {}));
    await store.flush();
    t.strictSame(await open().read(), {
      ok: true,
      value: { ...whole, stages: { fetch: locked('4', {}) } },
    });
    t.equal(await store.conflictSides(), undefined);
  });

  t.test('a later value takes the place of an earlier one; a source can go', async (t) => {
    const open = project(t);
    const store = open();
    await store.setStage(stage('train'), locked('1', { a: tree }));
    await store.flush();
    await store.setStage(stage('train'), locked('2', { b: tree }));
    await store.setSource(path('raw'), tree);
    await store.setSource(path('raw'), undefined);
    await store.setSource(path('never'), undefined);
    await store.setStage(stage('gone'), locked('3', {}));
    await store.flush();
    await store.setStage(stage('gone'), undefined);
    await store.setStage(stage('never'), undefined);
    await store.flush();
    const read = await open().read();
    t.strictSame(read, {
      ok: true,
      value: { version: 1, sources: {}, stages: { train: locked('2', { b: tree }) } },
    });
  });

  t.test('every source that was ever pinned is remembered, committed or not', async (t) => {
    const open = project(t);
    const store = open();
    t.same(await store.everySource(), []);
    await store.setSource(path('raw'), tree);
    await store.setSource(path('raw'), program);
    await store.setSource(path('again'), tree);
    await store.setSource(path('raw'), undefined);
    await store.flush();
    t.same(await open().everySource(), [tree.digest, program.digest]);
  });
}
