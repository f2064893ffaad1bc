import type { Test } from 'tap';
import { toRef, type Artifact, type ArtifactRef } from '../../model/artifact.ts';
import type { AttemptId, RepoPath } from '../../model/names.ts';
import type { Result } from '../../model/result.ts';
import type { Workspace, WorkspaceProblem } from '../../ports/workspace.ts';

/** A project for one test: its workspace, and the other hand on its files. */
export interface WorkspaceBed {
  readonly workspace: Workspace;
  write(path: string, text: string): Promise<void>;
  /** Undefined when it is not a file. */
  read(path: string): Promise<string | undefined>;
  /** A file or a directory, or nothing. */
  remove(path: string): Promise<void>;
  /** Loses everything in the object cache. */
  loseObjects(): Promise<void>;
  /** The workspace of the next invocation, after this process was killed. */
  reopen(): Promise<Workspace>;
}

const path = (text: string): RepoPath => text as RepoPath;
const attempt = '20261123T101500Z-7f3a9c' as AttemptId;

/** What every workspace promises. `open` gives an empty project and cleans up after the test. */
export function workspaceContract(t: Test, open: (t: Test) => Promise<WorkspaceBed>): void {
  const held = async (bed: WorkspaceBed, name: string): Promise<ArtifactRef> =>
    toRef(await content(bed.workspace.commit(path(name))));

  t.test('nothing has no digest', async (t) => {
    const { workspace } = await open(t);
    t.same(await workspace.digest(path('gone')), { ok: true, value: undefined });
    t.same(await workspace.commit(path('gone')), { ok: true, value: undefined });
    t.equal(await workspace.readText(path('gone')), undefined);
  });

  t.test('a digest is of the content, wherever it lies', async (t) => {
    const bed = await open(t);
    await bed.write('a.txt', 'robin');
    await bed.write('b/c.txt', 'robin');
    await bed.write('nest/one', 'egg');
    await bed.write('nest/deep/two', 'chick');
    await bed.write('copy/deep/two', 'chick');
    await bed.write('copy/one', 'egg');
    const digest = (name: string) => content(bed.workspace.digest(path(name)));
    t.match(await digest('a.txt'), { kind: 'blob', size: 5, executable: false });
    t.same(await digest('a.txt'), await digest('b/c.txt'));
    t.match(await digest('nest'), { kind: 'tree', size: 8, files: 2 });
    t.same(await digest('nest'), await digest('copy'));
  });

  t.test('a change of one byte, of a name, or of one more file is another digest', async (t) => {
    const bed = await open(t);
    await bed.write('nest/one', 'egg');
    const digest = async () => (await content(bed.workspace.digest(path('nest')))).digest;
    const seen = [await digest()];
    await bed.write('nest/one', 'EGG');
    seen.push(await digest());
    await bed.write('nest/two', 'EGG');
    seen.push(await digest());
    await bed.remove('nest/one');
    seen.push(await digest());
    t.equal(new Set(seen).size, 4);
    await bed.write('nest/one', 'egg');
    await bed.remove('nest/two');
    t.equal(await digest(), seen[0]);
  });

  t.test('a digest alone keeps nothing; a commit does', async (t) => {
    const bed = await open(t);
    await bed.write('nest/one', 'egg');
    const found = toRef(await content(bed.workspace.digest(path('nest'))));
    t.equal(await bed.workspace.holds(found), false);
    t.same(await held(bed, 'nest'), found);
    t.equal(await bed.workspace.holds(found), true);
    t.equal(await bed.read('nest/one'), 'egg');
  });

  t.test('what was committed comes back', async (t) => {
    const bed = await open(t);
    await bed.write('nest/one', 'egg');
    await bed.write('nest/deep/two', 'chick');
    await bed.write('a.txt', 'robin');
    const [nest, file] = [await held(bed, 'nest'), await held(bed, 'a.txt')];
    await bed.workspace.sync();
    await bed.remove('nest');
    await bed.remove('a.txt');
    t.same(await bed.workspace.restore(path('nest'), nest), { ok: true, value: { bytes: 8 } });
    t.same(await bed.workspace.restore(path('b/a.txt'), file), { ok: true, value: { bytes: 5 } });
    t.equal(await bed.read('nest/deep/two'), 'chick');
    t.equal(await bed.read('b/a.txt'), 'robin');
    t.same(toRef(await content(bed.workspace.digest(path('nest')))), nest);
  });

  t.test('a restore leaves exactly the artifact, and keeps what is nowhere else', async (t) => {
    const bed = await open(t);
    await bed.write('nest/one', 'egg');
    const first = await held(bed, 'nest');
    await bed.write('nest/two', 'chick');
    const second = await held(bed, 'nest');
    const back = await bed.workspace.restore(path('nest'), first);
    t.match(back, { ok: true, value: { kept: undefined } });
    t.equal(await bed.read('nest/two'), undefined);
    t.equal(await bed.read('nest/one'), 'egg');
    await bed.write('nest/precious', 'never committed');
    const over = await bed.workspace.restore(path('nest'), second);
    t.ok(over.ok && over.value.kept !== undefined, 'kept, and named');
    t.equal(await bed.read('nest/precious'), undefined);
    t.equal(await bed.read('nest/two'), 'chick');
  });

  t.test('a missing object is named, and the workspace stays as it is', async (t) => {
    const bed = await open(t);
    await bed.write('nest/one', 'egg');
    const lost = await held(bed, 'nest');
    await bed.write('nest/one', 'chick');
    await bed.loseObjects();
    const workspace = await bed.reopen();
    t.equal(await workspace.holds(lost), false);
    t.match(await workspace.restore(path('nest'), lost), {
      ok: false,
      error: { kind: 'object-missing' },
    });
    t.equal(await bed.read('nest/one'), 'chick');
  });

  t.test('a comparison names files, also of what was only digested', async (t) => {
    const bed = await open(t);
    await bed.write('nest/same', 'robin');
    await bed.write('nest/changed', 'egg');
    await bed.write('nest/deep/gone', 'egg');
    const before = await held(bed, 'nest');
    await bed.write('nest/changed', 'chick');
    await bed.remove('nest/deep/gone');
    await bed.write('nest/new/file', 'chick');
    const after = toRef(await content(bed.workspace.digest(path('nest'))));
    const changes = await bed.workspace.compare(before, after, 10);
    t.same(
      changes?.filter((change) => change.path !== 'deep'),
      [
        { path: 'changed', kind: 'modified' },
        { path: 'deep/gone', kind: 'removed' },
        { path: 'new/file', kind: 'added' },
      ],
    );
    t.equal((await bed.workspace.compare(before, after, 1))?.length, 1);
    t.same(await bed.workspace.compare(before, before, 10), []);
    t.same(await bed.workspace.compare({ tree: before.digest }, after, 10), changes);
  });

  t.test('a comparison believes no reference that gives another size', async (t) => {
    const bed = await open(t);
    await bed.write('nest/one', 'egg');
    await bed.write('file', 'egg');
    const before = await held(bed, 'nest');
    const file = await held(bed, 'file');
    await bed.write('nest/one', 'chick');
    const after = await held(bed, 'nest');
    t.same(await bed.workspace.compare(before, after, 10), [{ path: 'one', kind: 'modified' }]);
    for (const wrong of [{ size: 0 }, { files: 0 }]) {
      t.equal(await bed.workspace.compare({ ...before, ...wrong }, after, 10), undefined);
      t.equal(await bed.workspace.compare(before, { ...after, ...wrong }, 10), undefined);
    }
    t.equal(await bed.workspace.compare({ tree: file.digest }, after, 10), undefined);
  });

  t.test('a comparison with a tree that is nowhere is undefined', async (t) => {
    const bed = await open(t);
    await bed.write('nest/one', 'egg');
    const before = await held(bed, 'nest');
    await bed.write('nest/one', 'chick');
    const after = await held(bed, 'nest');
    await bed.loseObjects();
    const workspace = await bed.reopen();
    t.equal(await workspace.compare(before, after, 10), undefined);
  });

  t.test('a tree is asked for what lies inside it', async (t) => {
    const bed = await open(t);
    await bed.write('nest/one', 'egg');
    await bed.write('nest/deep/two', 'egg');
    const tree = await held(bed, 'nest');
    const one = await content(bed.workspace.digest(path('nest/one')));
    t.same(await bed.workspace.entryOf(tree, 'one'), one);
    t.same(await bed.workspace.entryOf(tree, 'deep/two'), one);
    t.match(await bed.workspace.entryOf(tree, 'deep'), { kind: 'tree', files: 1 });
    for (const none of ['three', 'one/two', 'dee', 'deep/']) {
      t.equal(await bed.workspace.entryOf(tree, none), undefined, none);
    }
    await bed.loseObjects();
    const workspace = await bed.reopen();
    t.equal(await workspace.entryOf(tree, 'one'), undefined);
  });

  t.test('only what the cache has is discarded', async (t) => {
    const bed = await open(t);
    await bed.write('nest/one', 'egg');
    const egg = await held(bed, 'nest');
    await bed.write('nest/one', 'chick');
    t.same(await bed.workspace.discard(path('nest'), egg), { ok: true, value: false });
    t.equal(await bed.read('nest/one'), 'chick');
    const chick = toRef(await content(bed.workspace.digest(path('nest'))));
    t.same(await bed.workspace.discard(path('nest'), chick), { ok: true, value: false });
    await held(bed, 'nest');
    t.same(await bed.workspace.discard(path('nest'), chick), { ok: true, value: true });
    t.equal(await bed.read('nest/one'), undefined);
    t.same(await bed.workspace.discard(path('nest'), chick), { ok: true, value: false });
    t.match(await bed.workspace.restore(path('nest'), chick), { ok: true });
  });

  t.test('a path is moved, never over another', async (t) => {
    const bed = await open(t);
    await bed.write('nest/one', 'egg');
    await bed.write('other', 'hawk');
    t.match(await bed.workspace.move(path('nest'), path('other')), {
      ok: false,
      error: { kind: 'refused', path: 'other' },
    });
    t.match(await bed.workspace.move(path('nest'), path('tree/top/nest')), { ok: true });
    t.equal(await bed.read('tree/top/nest/one'), 'egg');
    t.equal(await bed.read('nest/one'), undefined);
    t.equal(await bed.read('other'), 'hawk');
    t.match(await bed.workspace.move(path('nest'), path('x')), { ok: false });
  });

  t.test('outs go aside for a command, and away when it succeeds', async (t) => {
    const bed = await open(t);
    await bed.write('out', 'old');
    await bed.write('kept', 'grows');
    const outs = [
      { path: path('out'), persist: false },
      { path: path('kept'), persist: true },
      { path: path('first'), persist: false },
    ];
    t.match(await bed.workspace.setAside(attempt, 'train', outs), { ok: true });
    t.equal(await bed.read('out'), undefined);
    t.equal(await bed.read('kept'), 'grows');
    t.match(await bed.workspace.interruptions(), [{ stage: 'train' }]);
    await bed.write('out', 'new');
    await bed.workspace.discardAside(attempt);
    t.equal(await bed.read('out'), 'new');
    t.same(await bed.workspace.interruptions(), []);
    t.same(await bed.workspace.recover(), []);
  });

  t.test('old outs come back when it fails, and partial ones are kept', async (t) => {
    const bed = await open(t);
    await bed.write('out/one', 'old');
    await bed.write('kept', 'grows');
    const outs = [
      { path: path('out'), persist: false },
      { path: path('kept'), persist: true },
      { path: path('first'), persist: false },
    ];
    await bed.workspace.setAside(attempt, 'train', outs);
    await bed.write('out/half', 'partial');
    await bed.write('kept', 'grown');
    await bed.write('first', 'partial');
    t.match(await bed.workspace.putBack(attempt), attempt);
    t.equal(await bed.read('out/one'), 'old');
    t.equal(await bed.read('out/half'), undefined);
    t.equal(await bed.read('kept'), 'grows');
    t.equal(await bed.read('first'), undefined);
  });

  t.test('a first failure leaves its partial outs and no journal', async (t) => {
    const bed = await open(t);
    await bed.workspace.setAside(attempt, 'train', [{ path: path('first'), persist: false }]);
    await bed.write('first', 'partial');
    t.match(await bed.workspace.putBack(attempt), attempt);
    t.equal(await bed.read('first'), undefined);
    t.same(await bed.workspace.recover(), []);
  });

  t.test('with nothing partial there is no folder to name', async (t) => {
    const bed = await open(t);
    await bed.write('out', 'old');
    await bed.workspace.setAside(attempt, 'train', [{ path: path('out'), persist: false }]);
    t.equal(await bed.workspace.putBack(attempt), undefined);
    t.equal(await bed.read('out'), 'old');
  });

  t.test('what a kill left open is undone by the next invocation', async (t) => {
    const bed = await open(t);
    await bed.write('out', 'old');
    await bed.workspace.setAside(attempt, 'train', [{ path: path('out'), persist: false }]);
    await bed.write('out', 'half');
    const workspace = await bed.reopen();
    t.match(await workspace.interruptions(), [{ stage: 'train' }]);
    const recovered = await workspace.recover();
    t.match(recovered, [{ stage: 'train', at: /^\d{4}-\d\d-\d\dT/ }]);
    t.equal(await bed.read('out'), 'old');
    t.same(await workspace.recover(), []);
  });

  t.test('text is read as it is', async (t) => {
    const bed = await open(t);
    await bed.write('metrics.json', '{"accuracy": 0.5}\n');
    t.equal(await bed.workspace.readText(path('metrics.json')), '{"accuracy": 0.5}\n');
  });
}

/** The artifact of a call that has to find one. */
export async function content(
  call: Promise<Result<Artifact | undefined, WorkspaceProblem>>,
): Promise<Artifact> {
  const result = await call;
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  if (result.value === undefined) throw new Error('nothing is there');
  return result.value;
}
