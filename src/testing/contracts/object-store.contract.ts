import type { Test } from 'tap';
import { hashText } from '../../adapters/hash/blake3.ts';
import { toRef, type ArtifactRef } from '../../model/artifact.ts';
import type { AttemptId, Digest, RepoPath } from '../../model/names.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { content, type WorkspaceBed } from './workspace.contract.ts';

export interface StoreBed extends WorkspaceBed {
  readonly store: ObjectStore;
  /** A file with this text on the cache's volume, to be given away. */
  makeFile(text: string): Promise<string>;
}

const path = (text: string): RepoPath => text as RepoPath;
const attempt = '20261123T101500Z-7f3a9c' as AttemptId;
const ID = '20261125T120000Z-abcdef';

/** What every object store promises. `open` gives an empty project and cleans up after the test. */
export function objectStoreContract(t: Test, open: (t: Test) => Promise<StoreBed>): void {
  const twoTrees = async (bed: StoreBed): Promise<readonly [ArtifactRef, ArtifactRef]> => {
    await bed.write('old/one', 'egg');
    await bed.write('old/deep/two', 'chick');
    await bed.write('new/one', 'egg');
    await bed.write('new/three', 'robin');
    const commit = async (name: string) => toRef(await content(bed.workspace.commit(path(name))));
    const trees = [await commit('old'), await commit('new')] as const;
    await bed.workspace.sync();
    return trees;
  };
  const reachedFrom = async ({ store }: StoreBed, ...roots: readonly Digest[]) => {
    const reached = new Set<Digest>();
    const met = await store.reach(roots, reached);
    return { reached, ...met };
  };
  /** What only the old tree needs. */
  const onlyOld = async (bed: StoreBed, newer: ArtifactRef): Promise<Digest[]> => {
    const { reached } = await reachedFrom(bed, newer.digest);
    return [...(await bed.store.list()).keys()].filter((digest) => !reached.has(digest));
  };

  t.test('an empty cache has nothing, and gets nothing by being asked', async (t) => {
    const { store } = await open(t);
    t.equal((await store.list()).size, 0);
    t.same(await store.trash(), []);
    t.same(await store.leftovers(), []);
    const lost = `b3:${'0'.repeat(64)}` as Digest;
    t.same((await store.reach([lost], new Set())).missing, [lost]);
  });

  t.test('everything that is stored is listed, and reached from its tree', async (t) => {
    const bed = await open(t);
    const [old, newer] = await twoTrees(bed);
    const listed = await bed.store.list();
    const { reached, missing, trashed } = await reachedFrom(bed, old.digest, newer.digest);
    t.same([...reached].sort(), [...listed.keys()].sort());
    t.same([missing, trashed], [[], []]);
    t.ok((await reachedFrom(bed, old.digest)).reached.size < listed.size);
    t.same(await bed.store.sizeInWorkspace(path('old')), { files: 2, bytes: 8 });
    t.same(await bed.store.sizeInWorkspace(path('gone')), { files: 0, bytes: 0 });
  });

  t.test('the trash takes away, and undo brings back', async (t) => {
    const bed = await open(t);
    const [old, newer] = await twoTrees(bed);
    const before = [...(await bed.store.list()).keys()].sort();
    const objects = await onlyOld(bed, newer);
    await bed.store.moveToTrash(ID, 5, { objects, leftovers: [] });
    t.match(await bed.store.trash(), [{ id: ID, at: 5, objects: objects.length, leftovers: 0 }]);
    const workspace = await bed.reopen();
    t.equal(await workspace.holds(old), false);
    t.equal(await workspace.holds(newer), true);
    t.ok((await reachedFrom(bed, old.digest)).trashed.includes(old.digest));
    await bed.store.undo(ID);
    t.same([...(await bed.store.list()).keys()].sort(), before);
    t.same(await bed.store.trash(), []);
    const again = await bed.reopen();
    await bed.remove('old');
    t.match(await again.restore(path('old'), old), { ok: true });
    t.equal(await bed.read('old/deep/two'), 'chick');
  });

  t.test('what is needed again comes back alone', async (t) => {
    const bed = await open(t);
    const [old, newer] = await twoTrees(bed);
    await bed.write('lone', 'wren');
    const lone = toRef(await content(bed.workspace.commit(path('lone'))));
    const objects = await onlyOld(bed, newer);
    await bed.store.moveToTrash(ID, 5, { objects, leftovers: [] });
    const { trashed } = await reachedFrom(bed, old.digest);
    await bed.store.bringBack(trashed);
    const workspace = await bed.reopen();
    t.equal(await workspace.holds(old), true);
    t.equal(await workspace.holds(lone), false);
    t.match(await bed.store.trash(), [{ id: ID, objects: 1 }]);
  });

  t.test('undo leaves alone what was made again meanwhile', async (t) => {
    const bed = await open(t);
    const [old, newer] = await twoTrees(bed);
    const objects = await onlyOld(bed, newer);
    await bed.store.moveToTrash(ID, 5, { objects, leftovers: [] });
    const workspace = await bed.reopen();
    await workspace.commit(path('old'));
    await bed.store.undo(ID);
    t.equal(await (await bed.reopen()).holds(old), true);
    t.same(await bed.store.trash(), []);
  });

  t.test('emptied trash is gone', async (t) => {
    const bed = await open(t);
    const [old, newer] = await twoTrees(bed);
    const objects = await onlyOld(bed, newer);
    await bed.store.moveToTrash(ID, 5, { objects, leftovers: [] });
    await bed.store.empty(ID);
    t.same(await bed.store.trash(), []);
    t.ok((await reachedFrom(bed, old.digest)).missing.includes(old.digest));
    await bed.store.undo(ID);
    t.equal(await (await bed.reopen()).holds(old), false);
  });

  t.test('what failed commands left goes and comes with the rest', async (t) => {
    const bed = await open(t);
    await bed.workspace.setAside(attempt, 'train', [{ path: path('out'), persist: false }]);
    await bed.write('out', 'half');
    await bed.workspace.putBack(attempt);
    const leftovers = await bed.store.leftovers();
    t.match(leftovers, [{ kind: 'failed', place: `tmp/failed/${attempt}`, files: 1, bytes: 4 }]);
    await bed.store.moveToTrash(ID, 5, { objects: [], leftovers });
    t.same(await bed.store.leftovers(), []);
    t.match(await bed.store.trash(), [{ objects: 0, leftovers: 1 }]);
    await bed.store.undo(ID);
    t.match(await bed.store.leftovers(), [{ place: `tmp/failed/${attempt}`, bytes: 4 }]);
  });

  t.test('a file that is given becomes an object', async (t) => {
    const bed = await open(t);
    const digest = `b3:${hashText('robin')}` as Digest;
    const ref = await bed.store.adopt(await bed.makeFile('robin'), digest);
    t.same(ref, { digest, size: 5 });
    t.match(await bed.workspace.restore(path('bird'), ref), { ok: true, value: { bytes: 5 } });
    t.equal(await bed.read('bird'), 'robin');
    t.same(await bed.store.adopt(await bed.makeFile('robin'), digest), ref, 'twice is once');
  });
}
