import type { Test } from 'tap';
import type { RepoPath } from '../../model/names.ts';
import type { Revisions } from '../../ports/revisions.ts';

/** Puts the project behind a port into a state of git's; each call adds to what is there. */
export interface RevisionsRig {
  readonly revisions: Revisions;
  /** Makes it a repository. */
  readonly init: () => Promise<void>;
  readonly write: (path: string, text: string) => Promise<void>;
  /** Commits everything; returns the commit. */
  readonly commit: () => Promise<string>;
  /** Leaves a merge of two branches, each of which made `path` hold its text, open. */
  readonly openMerge: (
    path: string,
    sides: { readonly base?: string; readonly ours: string; readonly theirs: string },
  ) => Promise<void>;
}

/** What every `Revisions` promises. */
export function revisionsContract(t: Test, open: (t: Test) => RevisionsRig): void {
  t.test('outside of a repository every answer is no', async (t) => {
    const { revisions } = open(t);
    t.same(await revisions.standing(), { kind: 'no-repository' });
    t.equal(await revisions.commitOf('HEAD'), undefined);
    t.equal(await revisions.fileAt('HEAD', 'a'), undefined);
    t.equal(await revisions.unmerged('a'), undefined);
    t.equal(await revisions.prefix(), undefined);
    t.same(await revisions.addable(['a' as RepoPath]), []);
    t.equal(await revisions.markMerged('a'), false);
    t.equal(await revisions.setSetting('merge.x.driver', 'x'), false);
  });

  t.test('files and commits of earlier revisions', async (t) => {
    const { revisions, init, write, commit } = open(t);
    await init();
    t.same(await revisions.standing(), { kind: 'repository' });
    t.equal(await revisions.commitOf('HEAD'), undefined, 'there is no commit yet');
    await write('a', 'one\n');
    const first = await commit();
    await write('a', 'two\n\n');
    await write('b', '');
    const second = await commit();
    await write('a', 'three');
    t.equal(await revisions.commitOf('HEAD'), second);
    t.equal(await revisions.commitOf(first), first);
    t.equal(await revisions.fileAt(first, 'a'), 'one\n');
    t.equal(await revisions.fileAt('HEAD', 'a'), 'two\n\n');
    t.equal(await revisions.fileAt('HEAD', 'b'), '');
    t.equal(await revisions.fileAt(first, 'b'), undefined);
    for (const strange of ['nothing', '--help', 'HEAD:a', '', 'a b']) {
      t.equal(await revisions.commitOf(strange), undefined, strange);
      t.equal(await revisions.fileAt(strange, 'a'), undefined, strange);
    }
  });

  t.test('every version that was committed, wherever it lay, each once', async (t) => {
    const { revisions, init, write, commit } = open(t);
    const versions = async (): Promise<string[]> => {
      const texts: string[] = [];
      for await (const text of revisions.everyVersion('birds.lock')) texts.push(text);
      return texts.sort();
    };
    t.same(await versions(), []);
    await init();
    t.same(await versions(), []);
    for (const text of ['one', 'two', 'one']) {
      await write('birds.lock', text);
      await write('eggs/birds.lock', 'three');
      await write('other', text);
      await commit();
    }
    t.same(await versions(), ['one', 'three', 'two']);
  });

  t.test('the commits that changed a file, newest first', async (t) => {
    const { revisions, init, write, commit } = open(t);
    t.same(await revisions.commitsOf('nest/birds.lock', 9), []);
    await init();
    t.same(await revisions.commitsOf('nest/birds.lock', 9), []);
    await write('nest/birds.lock', 'one');
    const first = await commit();
    await write('other', 'x');
    await commit();
    await write('nest/birds.lock', 'two');
    const last = await commit();
    const ids = async (most: number) =>
      (await revisions.commitsOf('nest/birds.lock', most)).map(({ id }) => id);
    t.same(await ids(9), [last, first]);
    t.same(await ids(1), [last]);
    t.ok((await revisions.commitsOf('nest/birds.lock', 1))[0]?.subject);
    t.same(await revisions.commitsOf('--all', 9), [], 'a path, and nothing else');
  });

  t.test('settings come back', async (t) => {
    const { revisions, init } = open(t);
    await init();
    t.equal(await revisions.prefix(), '');
    t.equal(await revisions.setting('merge.x.driver'), undefined);
    const value = 'PATH="a b:$PATH" x %O';
    t.equal(await revisions.setSetting('merge.x.driver', value), true);
    t.equal(await revisions.setting('merge.x.driver'), value);
  });

  t.test('the versions of a file that could not be merged, until it is said to be', async (t) => {
    const { revisions, init, openMerge } = open(t);
    await init();
    await openMerge('a', { base: '0\n', ours: '1\n', theirs: '2\n' });
    t.same(await revisions.unmerged('a'), { base: '0\n', ours: '1\n', theirs: '2\n' });
    t.equal(await revisions.unmerged('b'), undefined);
    t.equal(await revisions.markMerged('a'), true);
    t.equal(await revisions.unmerged('a'), undefined);
  });

  t.test('a file that both sides added has no base', async (t) => {
    const { revisions, init, openMerge } = open(t);
    await init();
    await openMerge('a', { ours: '1\n', theirs: '2\n' });
    t.same(await revisions.unmerged('a'), { ours: '1\n', theirs: '2\n' });
  });
}
