import type { Test } from 'tap';
import { toRef, type ArtifactRef } from '../../model/artifact.ts';
import type { Digest, RepoPath } from '../../model/names.ts';
import type { ContentFiles, Contents } from '../../ports/contents.ts';
import { content, type WorkspaceBed } from './workspace.contract.ts';

export interface ContentsBed extends WorkspaceBed {
  readonly contents: Contents;
}

const path = (text: string): RepoPath => text as RepoPath;

/** What every `Contents` promises. `open` gives an empty project and cleans up after the test. */
export function contentsContract(t: Test, open: (t: Test) => Promise<ContentsBed>): void {
  const texts = async (found: ContentFiles | undefined) =>
    found && {
      more: found.more,
      files: await Promise.all(
        found.files.map(async ({ below, size, read }) => {
          const bytes = await read();
          return [below, size, bytes && new TextDecoder().decode(bytes)];
        }),
      ),
    };
  const kept = async (bed: ContentsBed, name: string): Promise<ArtifactRef> => {
    const ref = toRef(await content(bed.workspace.commit(path(name))));
    await bed.workspace.sync();
    return ref;
  };

  t.test('nothing is nothing', async (t) => {
    const { contents } = await open(t);
    t.equal(await contents.inWorkspace(path('gone'), 9), undefined);
    const lost = `b3:${'0'.repeat(64)}` as Digest;
    t.equal(await contents.inCache({ digest: lost, size: 3 }, 9), undefined);
    t.equal(await contents.inCache({ digest: lost, size: 3, files: 1 }, 9), undefined);
  });

  t.test('a file is itself, in the workspace and in the cache', async (t) => {
    const bed = await open(t);
    await bed.write('nest/egg.txt', 'robin');
    const expected = { more: 0, files: [['', 5, 'robin']] };
    t.same(await texts(await bed.contents.inWorkspace(path('nest/egg.txt'), 9)), expected);
    const ref = await kept(bed, 'nest/egg.txt');
    await bed.write('nest/egg.txt', 'changed since');
    t.same(await texts(await bed.contents.inCache(ref, 9)), expected, 'as it was');
  });

  t.test('a folder is its files, sorted, as many as asked for', async (t) => {
    const bed = await open(t);
    for (const name of ['b', 'a/two', 'a/one', 'c']) await bed.write(`nest/${name}`, name);
    const ref = await kept(bed, 'nest');
    for (const found of [
      await bed.contents.inWorkspace(path('nest'), 3),
      await bed.contents.inCache(ref, 3),
    ]) {
      t.same(await texts(found), {
        more: 1,
        files: [
          ['a/one', 5, 'a/one'],
          ['a/two', 5, 'a/two'],
          ['b', 1, 'b'],
        ],
      });
    }
  });

  t.test('what is lost between listing and reading is undefined', async (t) => {
    const bed = await open(t);
    await bed.write('egg', 'robin');
    const ref = await kept(bed, 'egg');
    await bed.loseObjects();
    t.equal(await bed.contents.inCache(ref, 9), undefined);
  });
}
