import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { Linter } from 'eslint';
import t from 'tap';
import { binEntry, binLauncher } from './bin-entry.ts';

/** The bin over a program that says so when it is loaded, in syntax that an old Node cannot parse. */
const dist = t.testdir({
  'package.json': '{"type":"commonjs"}',
  'avian.js': binEntry('>=22.18'),
  'main.js':
    'let said = null; said ||= 0; process.stdout.write(`loaded ${process.argv.slice(2).join(" ")}`);',
  bin: { avian: binLauncher() },
});
const entry = join(dist, 'avian.js');

/** Makes this Node say that it is another one. */
const pretend = (version: string): string =>
  `data:text/javascript,${encodeURIComponent(
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });
     Object.defineProperty(process, 'version', { value: 'v${version}' });`,
  )}`;

const MESSAGE = (version: string): string =>
  `avian needs Node 22.18 or newer and this is v${version}: inside the project run \`npx avian\`, or install one there with \`npm i -D node@24\`\n`;

t.test('any Node can read it', async (t) => {
  const languageOptions = { ecmaVersion: 5, sourceType: 'script' } as const;
  const source = binEntry('>=22.18').replace(/^#!.*/, '');
  t.same(new Linter().verify(source, { languageOptions }), []);
  t.not(
    new Linter().verify('a => 1', { languageOptions }).length,
    0,
    'and the parser would have complained',
  );
});

t.test('an old Node gets one line and exit 64, and nothing is loaded', async (t) => {
  for (const version of ['14.21.3', '20.20.2', '22.17.1']) {
    const args = ['--import', pretend(version), entry, 'repro'];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    t.match({ status, stdout, stderr }, { status: 64, stdout: '', stderr: MESSAGE(version) });
  }
});

const system = spawnSync('/usr/bin/node', ['-p', 'process.versions.node'], { encoding: 'utf8' });
const systemVersion = system.status === 0 ? system.stdout.trim() : '';
const isOld = /^(1[4-9]|2[01])\./.test(systemVersion);
t.test(
  'a really old Node',
  { skip: !isOld && 'no Node older than 22 at /usr/bin/node' },
  async (t) => {
    const { status, stdout, stderr } = spawnSync('/usr/bin/node', [entry], { encoding: 'utf8' });
    t.match({ status, stdout, stderr }, { status: 64, stdout: '', stderr: MESSAGE(systemVersion) });
  },
);

t.test('a Node that will do loads the program and keeps compiled code beside it', async (t) => {
  for (const version of ['22.18.0', '30.1.0']) {
    const args = ['--import', pretend(version), entry, 'repro', '-f'];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    t.match({ status, stdout }, { status: 0, stdout: 'loaded repro -f' });
  }
  t.ok(existsSync(join(dist, '.compile-cache')));
});

t.test('a stage that says `avian` gets this one, under the Node that runs it', async (t) => {
  chmodSync(join(dist, 'bin/avian'), 0o755);
  const { stdout } = spawnSync('sh', ['-c', 'avian status "a b"'], {
    encoding: 'utf8',
    env: { PATH: `${join(dist, 'bin')}:/usr/bin:/bin`, AVIAN_NODE: process.execPath },
  });
  t.equal(stdout, 'loaded status a b');
});
