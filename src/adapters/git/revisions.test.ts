import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import type { Test } from 'tap';
import type { RepoPath } from '../../model/names.ts';
import {
  revisionsContract,
  type RevisionsRig,
} from '../../testing/contracts/revisions.contract.ts';
import { openRevisions } from './revisions.ts';

const execute = promisify(execFile);

function rig(t: Test): RevisionsRig & { readonly root: string } {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'avian-git-')));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const git = async (...words: string[]): Promise<string> => {
    const who = ['-c', 'user.name=Robin', '-c', 'user.email=robin@example.org'];
    return (await execute('git', [...who, ...words], { cwd: root })).stdout.trim();
  };
  const self: RevisionsRig & { readonly root: string } = {
    root,
    revisions: openRevisions({ root, env: process.env }),
    init: async () => {
      await git('init', '-q', '-b', 'main');
    },
    write: async (path, text) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    },
    commit: async () => {
      await git('add', '-A');
      await git('commit', '-qm', 'x', '--allow-empty');
      return git('rev-parse', 'HEAD');
    },
    openMerge: async (path, { base, ours, theirs }) => {
      if (base !== undefined) await self.write(path, base);
      await self.commit();
      await git('checkout', '-q', '-b', 'theirs');
      await self.write(path, theirs);
      await self.commit();
      await git('checkout', '-q', 'main');
      await self.write(path, ours);
      await self.commit();
      await t.rejects(git('merge', '-q', 'theirs'), 'it conflicts');
    },
  };
  return self;
}

t.test('contract', (t) => {
  revisionsContract(t, rig);
  t.end();
});

t.test('a project below the top of its repository', async (t) => {
  const { root, init, write, commit } = rig(t);
  await init();
  mkdirSync(join(root, 'models/birds'), { recursive: true });
  await write('models/birds/a', 'below\n');
  await write('a', 'above\n');
  await commit();
  const revisions = openRevisions({ root: join(root, 'models/birds'), env: process.env });
  t.equal(await revisions.prefix(), 'models/birds/');
  t.equal(await revisions.fileAt('HEAD', 'a'), 'below\n');
});

t.test('a git that is not there, hangs or refuses is told in words', async (t) => {
  const { root } = rig(t);
  const nowhere = openRevisions({ root, env: { PATH: join(root, 'none') } });
  t.same(await nowhere.standing(), { kind: 'unusable', cause: 'git is not installed' });
  t.equal(await nowhere.commitOf('HEAD'), undefined);

  const fake = (script: string) => {
    writeFileSync(join(root, 'git'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(root, 'git'), 0o755);
    return openRevisions({ root, env: { PATH: root }, timeoutMs: 300 });
  };
  const hanging = await fake('exec /bin/sleep 60').standing();
  t.same(hanging, { kind: 'unusable', cause: 'git gave no answer within 0.3 s' });
  const refusing = await fake('echo "fatal: detected dubious ownership" >&2; exit 128').standing();
  t.same(refusing, { kind: 'unusable', cause: 'fatal: detected dubious ownership' });
});

t.test('what git would add: neither tracked nor ignored', async (t) => {
  const { revisions, init, write, commit } = rig(t);
  await init();
  await write('tracked', '1');
  await write('half/tracked', '1');
  await write('.gitignore', '/ignored\n*.tmp\n');
  await commit();
  for (const path of [
    'new',
    'ignored',
    'folder/a/b',
    'folder/c',
    'half/new',
    ':(top)new',
    'x.tmp',
  ]) {
    await write(path, '2');
  }
  await write('only-ignored/x.tmp', '2');
  const asked = ['new', 'tracked', 'ignored', 'folder', 'folder/a', 'half', ':(top)new', 'gone'];
  const paths = [...asked, 'x.tmp', 'only-ignored'].map((path) => path as RepoPath);
  const found = await revisions.addable(paths);
  t.same(found, ['new', 'folder', 'folder/a', 'half', ':(top)new']);
  const many = Array.from({ length: 1200 }, (_, index) => `none-${index}` as RepoPath);
  t.same(await revisions.addable([...many, 'new' as RepoPath]), ['new']);
});
