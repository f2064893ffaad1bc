import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { createEnvironment, versionIn } from './system-environment.ts';

const { execPath, version, platform, arch } = process;
const node = { execPath, version, platform, arch };

/** A project with a folder of programs that come first on PATH. */
function project(t: Test, files: { readonly [path: string]: string } = {}) {
  const root = t.testdir({});
  const bin = join(root, 'bin');
  mkdirSync(bin);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const program = (name: string, script: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  const open = (env: NodeJS.ProcessEnv = {}, timeoutMs = 60_000) =>
    createEnvironment({
      ...{ root, node, timeoutMs },
      env: { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, ...env },
    });
  return { root, bin, program, open };
}

t.test('variables, host, user and platform', (t) => {
  const environment = project(t).open({ SPECIES: 'robin' });
  t.equal(environment.variable('SPECIES'), 'robin');
  t.equal(environment.variable('NOT_SET_AT_ALL'), undefined);
  t.equal(environment.host(), hostname());
  t.ok(environment.user().length > 0);
  t.equal(environment.platform(), `${platform}-${arch}`);
  t.end();
});

t.test("node is the one on the stages' PATH", async (t) => {
  const { open, program } = project(t);
  const own = { PATH: join(execPath, '..') };
  t.equal(await open(own).toolVersion('node'), version.replace('v', ''));
  program('node', 'echo v21.0.0');
  t.equal(await open().toolVersion('node'), '21.0.0');
});

t.test('a tool is asked once per invocation', async (t) => {
  const { open, program, root } = project(t);
  program(
    'feather',
    'echo asked >> "$FEATHER_LOG"; echo "feather, version 1.2.3-beta.4 (2026)" >&2',
  );
  const environment = open({ FEATHER_LOG: join(root, 'asked') });
  const versions = await Promise.all([
    environment.toolVersion('feather'),
    environment.toolVersion('feather'),
  ]);
  t.same(versions, ['1.2.3-beta.4', '1.2.3-beta.4']);
  t.equal(readFileSync(join(root, 'asked'), 'utf8'), 'asked\n');
});

t.test('a tool that is missing, fails, hangs or babbles has no version', async (t) => {
  const { open, program, bin } = project(t);
  program('broken', 'echo 1.2.3; exit 1');
  program('slow', 'exec sleep 600');
  program('babbler', 'echo no version here');
  writeFileSync(join(bin, 'text'), '1.2.3');
  const environment = open();
  for (const tool of ['missing', 'broken', 'babbler', 'text', '../bin/broken', 'rm -rf', '']) {
    t.equal(await environment.toolVersion(tool), undefined, tool);
  }
  t.equal(await open({}, 100).toolVersion('slow'), undefined);
});

t.test('versions are found where programs put them', (t) => {
  for (const [said, expected] of [
    ['Python 3.11.2', '3.11.2'],
    ['v24.21.0\n', '24.21.0'],
    ['gcc (Debian 12.2.0-14+deb12u1) 12.2.0', '12.2.0-14+deb12u1'],
    ['git version 2.39.5', '2.39.5'],
    ['Docker version 26.1.5+dfsg1, build a72d7cd', '26.1.5+dfsg1'],
    ['go version go1.22.1 linux/amd64', undefined],
    ['tool 7', undefined],
    ['', undefined],
    [undefined, undefined],
  ] as const) {
    t.equal(versionIn(said), expected, said ?? 'nothing');
  }
  t.end();
});

t.test('npm packages have the version of the lockfile', async (t) => {
  const lock = (installed: string) =>
    JSON.stringify({ packages: { 'node_modules/@birds/wing': { version: installed } } });
  const { open, root } = project(t, {
    'package-lock.json': lock('1.0.0'),
    'node_modules/.package-lock.json': lock('2.0.0'),
  });
  t.equal(await open().toolVersion('npm:@birds/wing'), '1.0.0');
  t.equal(await open().toolVersion('npm:@birds/beak'), undefined);
  rmSync(join(root, 'package-lock.json'));
  t.equal(await open().toolVersion('npm:@birds/wing'), '2.0.0');
  writeFileSync(join(root, 'package-lock.json'), 'no JSON');
  rmSync(join(root, 'node_modules'), { recursive: true });
  t.equal(await open().toolVersion('npm:@birds/wing'), undefined);
});

t.test('git tells the commit and whether tracked files differ from it', async (t) => {
  const { open, root } = project(t, { 'a.txt': 'a' });
  // Not the repository that this test lies in.
  const isolated = { GIT_CEILING_DIRECTORIES: join(root, '..'), GIT_CONFIG_GLOBAL: '/dev/null' };
  t.equal(await open(isolated).git(), undefined, 'no repository');
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      ...{ cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
      env: { ...process.env, ...isolated },
    }).trim();
  git('init', '-q');
  t.equal(await open(isolated).git(), undefined, 'no commit');
  git('add', 'a.txt');
  git('commit', '-qm', 'a');
  const commit = git('rev-parse', 'HEAD');
  t.same(await open(isolated).git(), { commit, dirty: false }, 'bin/ is not tracked');
  writeFileSync(join(root, 'a.txt'), 'b');
  t.same(await open(isolated).git(), { commit, dirty: true });
  t.equal(await open({ ...isolated, PATH: '/nowhere' }).git(), undefined, 'no git');
});
