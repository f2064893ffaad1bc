import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import t from 'tap';
import { createRig, type Rig } from './rig.ts';

const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;
const needs = (...programs: string[]) => {
  const missing = programs.filter((program) => !has(program));
  return missing.length === 0
    ? {}
    : { skip: `needs ${missing.join(', ')}; Debian: apt-get install ${missing.join(' ')}` };
};

/** In three languages the same stage, with the same slip: it reads and writes more than it declares. */
const SLIPS = {
  'pipeline.yaml': `
stages:
  shell:
    cmd: sh shell.sh
    deps: [shell.sh, raw.csv, stale.csv]
    outs: [out/shell]
  python:
    cmd: python3 script.py
    deps: [script.py, raw.csv]
    outs: [out/python]
  node:
    cmd: node script.mjs
    wdir: node
    deps: [script.mjs, ../raw.csv]
    outs: [../out/node]
`,
  'raw.csv': 'robin\n',
  'stale.csv': 'nobody reads me\n',
  'secret/shell': '1\n',
  'secret/python': '2\n',
  'node/secret': '3\n',
  'shell.sh':
    'mkdir -p out; sort raw.csv secret/shell > out/shell; (cd secret; : > ../noise-shell)\n',
  'script.py': `
import os, subprocess, helper
os.makedirs('out', exist_ok=True)
with open('out/python', 'w') as out:
    out.write(open('raw.csv').read())
subprocess.run(['cp', 'secret/python', 'noise-python'], check=True)
`,
  'helper.py': 'x = 1\n',
  'node/script.mjs': `
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { bird } from './helper.mjs';
mkdirSync('../out', { recursive: true });
copyFileSync('secret', 'noise');
await writeFile('../out/node', readFileSync('../raw.csv', 'utf8') + bird);
`,
  'node/helper.mjs': 'export const bird = "tit";\n',
};

interface Suggested {
  readonly stages: readonly {
    readonly name: string;
    readonly by: string;
    readonly add: { readonly deps: { path: string }[]; readonly outs: { path: string }[] };
    readonly remove: { readonly deps: string[] };
  }[];
}

async function suggested(rig: Rig, target = '') {
  const { stdout } = await rig.avian(`deps suggest --json ${target}`);
  const { stages } = JSON.parse(stdout) as Suggested;
  return Object.fromEntries(
    stages.map(({ name, by, add, remove }) => [
      name,
      {
        by,
        reads: add.deps.map(({ path }) => path),
        writes: add.outs.map(({ path }) => path),
        unread: remove.deps,
      },
    ]),
  );
}

const NODE = { reads: ['node/helper.mjs', 'node/secret'], writes: ['node/noise'], unread: [] };

t.test(
  'strace finds what a shell, a Python and a Node stage do not declare',
  needs('strace', 'python3'),
  async (t) => {
    const rig = createRig(t, SLIPS);
    const early = await rig.avian('deps suggest shell');
    t.equal(early.code, 64);
    t.match(early.stderr, /trace\/never-watched.*\n.*avian repro --trace -f -s shell/);

    const { code, stderr } = await rig.avian('repro --trace');
    t.equal(code, 0, 'slips alone fail nothing');
    t.match(stderr, /warning\[trace\/undeclared-read\]: `shell` read .*: secret\/shell\n/);
    t.match(stderr, /warning\[trace\/undeclared-write\]: `python` wrote .*: noise-python\n/);
    t.match(stderr, /warning\[trace\/never-read\]: `shell` declares .*: stale\.csv\n/);
    t.same(await suggested(rig), {
      shell: {
        by: 'strace',
        reads: ['secret/shell'],
        writes: ['noise-shell'],
        unread: ['stale.csv'],
      },
      python: {
        by: 'strace',
        reads: ['helper.py', 'secret/python'],
        writes: ['noise-python'],
        unread: [],
      },
      node: { by: 'strace', ...NODE },
    });
    t.same(readdirSync(join(rig.root, 'cache/v1/tmp/trace')), [], 'nothing is left over');

    const again = await rig.avian('repro');
    t.match(again.stderr, /3 up to date/, 'a watched run is recorded under the same fingerprint');
    const text = (await rig.avian('deps suggest node')).stdout;
    t.match(text, /^ {2}node: .*\n {4}deps:\n {6}- helper\.mjs +# add: read\n {6}- secret /);
    const pasted = SLIPS['pipeline.yaml']
      .replace('[script.mjs, ../raw.csv]', '[script.mjs, ../raw.csv, helper.mjs, secret]')
      .replace('[../out/node]', '[../out/node, noise]');
    rig.write('pipeline.yaml', pasted);
    t.same((await suggested(rig, 'node'))['node'], {
      ...{ by: 'strace', reads: [], writes: [], unread: [] },
    });
  },
);

t.test('--trace --json: the same as diagnostics with codes', needs('strace'), async (t) => {
  const rig = createRig(t, SLIPS);
  const { stdout } = await rig.avian('repro --trace --json shell');
  const events = stdout
    .trim()
    .split('\n')
    .map(
      (line) => JSON.parse(line) as { type: string; stage?: string; diagnostic?: { code: string } },
    );
  t.same(
    events.flatMap(({ stage, diagnostic }) => (diagnostic ? [[stage, diagnostic.code]] : [])),
    [
      ['shell', 'trace/undeclared-read'],
      ['shell', 'trace/undeclared-write'],
      ['shell', 'trace/never-read'],
    ],
  );
});

t.test('without strace a Node stage is watched by its own loader, another is told', async (t) => {
  const rig = createRig(t, SLIPS);
  const bin = join(rig.root, 'cache/bin');
  mkdirSync(bin, { recursive: true });
  for (const program of ['sh', 'mkdir', 'sort', 'node']) {
    const folders = (process.env['PATH'] ?? '').split(delimiter);
    const found = folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
    symlinkSync(found ?? '', join(bin, program));
  }
  const { code, stderr } = await rig.avian('repro --trace node shell', { PATH: bin });
  t.equal(code, 0, stderr);
  t.match(stderr, /warning\[trace\/partial\]: only the Node programs of `node` were watched/);
  t.match(
    stderr,
    /warning\[trace\/unavailable\]: `shell` ran unwatched.*\nhint: .*apt-get install/,
  );
  t.same(await suggested(rig), { node: { by: 'node', ...NODE } });
});
