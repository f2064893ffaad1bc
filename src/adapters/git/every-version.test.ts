import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { everyVersion } from './every-version.ts';

interface Repository {
  readonly root: string;
  readonly git: (...words: string[]) => string;
  readonly write: (path: string, text: string) => void;
  /** Writes, adds and commits. */
  readonly commit: (path: string, text: string) => void;
}

function repository(t: Test): Repository {
  const root = mkdtempSync(join(tmpdir(), 'avian-git-'));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const git = (...words: string[]): string => {
    const who = ['-c', 'user.name=Robin', '-c', 'user.email=robin@example.org'];
    return execFileSync('git', [...who, ...words], { cwd: root, encoding: 'utf8', stdio: 'pipe' });
  };
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  git('init', '-q', '-b', 'main');
  return {
    ...{ root, git, write },
    commit(path, text) {
      write(path, text);
      git('add', '-A');
      git('commit', '-qm', 'a change');
    },
  };
}

async function versions(root: string): Promise<string[]> {
  const texts: string[] = [];
  for await (const text of everyVersion('pipeline.lock', { cwd: root, env: process.env }))
    texts.push(text);
  return texts.sort();
}

t.test('branches, tags, remotes, every stash, the index and other work trees', async (t) => {
  const { root, git, write, commit } = repository(t);
  commit('pipeline.lock', 'first');
  commit('other.txt', 'no lock');
  git('checkout', '-qb', 'topic');
  commit('pipeline.lock', 'topic');
  git('checkout', '-q', 'main');
  git('checkout', '-q', '--detach');
  commit('pipeline.lock', 'tagged');
  git('tag', 'v1');
  commit('pipeline.lock', 'remote');
  git('update-ref', 'refs/remotes/origin/main', 'HEAD');
  commit('pipeline.lock', 'lost');
  git('checkout', '-q', 'main');
  for (const text of ['stash one', 'stash two']) {
    write('pipeline.lock', text);
    git('stash', '-q');
  }
  const other = `${root}-other`;
  t.teardown(() => rmSync(other, { recursive: true, force: true }));
  git('worktree', 'add', '-q', '--detach', other);
  writeFileSync(join(other, 'pipeline.lock'), 'detached elsewhere');
  execFileSync(
    'git',
    ['-c', 'user.name=R', '-c', 'user.email=r@example.org', 'commit', '-qam', 'x'],
    { cwd: other },
  );
  write('pipeline.lock', 'staged');
  git('add', '-A');
  write('pipeline.lock', 'not even staged');
  t.same(await versions(root), [
    ...['detached elsewhere', 'first', 'remote', 'staged'],
    ...['stash one', 'stash two', 'tagged', 'topic'],
  ]);
});

t.test('what a merge threw away, and what a merge alone has', async (t) => {
  const { root, git, write, commit } = repository(t);
  commit('pipeline.lock', 'base');
  git('checkout', '-qb', 'topic');
  commit('pipeline.lock', 'theirs');
  git('checkout', '-q', 'main');
  commit('pipeline.lock', 'ours');
  git('merge', '-q', '-s', 'ours', '--no-edit', 'topic');
  git('checkout', '-qb', 'again');
  commit('pipeline.lock', 'one side');
  git('checkout', '-q', 'main');
  commit('pipeline.lock', 'other side');
  t.throws(() => git('merge', '-q', '--no-edit', 'again'));
  write('pipeline.lock', 'resolved by hand');
  git('add', '-A');
  git('commit', '-qm', 'merged');
  t.same(await versions(root), [
    ...['base', 'one side', 'other side', 'ours', 'resolved by hand', 'theirs'],
  ]);
});

t.test('a project in a folder, also where it lay before', async (t) => {
  const { root, git, commit } = repository(t);
  commit('birds/pipeline.lock', 'before');
  git('mv', 'birds', 'projects');
  commit('projects/pipeline.lock', 'after');
  t.same(await versions(join(root, 'projects')), ['after', 'before']);
});

t.test('without a repository, or without commits, there are none', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'avian-git-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  t.same(await versions(folder), []);
  const { root, write } = repository(t);
  write('pipeline.lock', 'never committed');
  t.same(await versions(root), []);
});

t.test('a repository that cannot be read whole is a problem, not an answer', async (t) => {
  const { root, git, commit } = repository(t);
  commit('pipeline.lock', 'first');
  const blob = git('rev-parse', 'HEAD:pipeline.lock').trim();
  rmSync(join(root, '.git/objects', blob.slice(0, 2), blob.slice(2)));
  await t.rejects(versions(root), /git\/unreadable/);
  writeFileSync(join(root, '.git/HEAD'), 'nonsense');
  await t.rejects(versions(root), /git\/unreadable/);
});

t.test('texts larger than a pipe holds come whole', async (t) => {
  const { root, commit } = repository(t);
  const texts = ['a', 'b', 'c'].map((letter) => letter.repeat(300_000));
  for (const text of texts) {
    commit('pipeline.lock', text.slice(0, 1000));
    commit('pipeline.lock', text);
  }
  const found = await versions(root);
  t.ok(texts.every((text) => found.includes(text)));
  t.equal(found.length, 6);
});
