import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createRig } from './rig.ts';

/* What pipeline.yaml says, through the real shell and the real files. */

const PIPELINE = `vars:
  - dirs: { out: out }
stages:
  fetch:
    foreach: \${birds}
    do:
      cmd: printf %s "\${item.call}" > \${dirs.out}/\${key}.txt
      deps: [raw]
      outs: ['\${dirs.out}/\${key}.txt']
  count:
    matrix: { unit: [c, l] }
    cmd: wc -\${item.unit} < raw > \${key}.count
    deps: [raw]
    outs: ['\${key}.count']
  gather:
    cmd: cat \${dirs.out}/*.txt > all
    deps: ['fetch@*']
    outs: [all]
`;

const files = {
  'pipeline.yaml': PIPELINE,
  'params.yaml': 'birds:\n  robin: { call: "tic; $(id) \'tic\'" }\n  wren: { call: trill }\n',
  raw: 'x\n',
  'out/.keep': '',
};

void t.test('groups run, and values reach the command as they are', async (t) => {
  const rig = createRig(t, files);
  const first = await rig.avian('repro');
  t.equal(first.code, 0, first.stderr);
  t.equal(rig.read('all'), "tic; $(id) 'tic'trill");

  t.match((await rig.avian('status -q')).code, 0);
  const overridden = await rig.avian(['repro', 'fetch', 'birds.wren.call=tr r r']);
  t.match(overridden.stderr, /fetch@robin/);
  t.equal(rig.read('out/wren.txt'), 'tr r r');

  rig.write('raw', 'x\ny\n');
  const some = await rig.avian(['repro', '--glob', 'count@[l]', '--json']);
  t.match(some.stdout, /"stage":"count@l"/);
  t.notMatch(some.stdout, /"stage":"count@c"/);
  rmSync(join(rig.root, 'out'), { recursive: true });
  const back = await rig.avian('checkout fetch');
  t.equal(back.code, 0, back.stderr);
  t.equal(rig.read('out/wren.txt'), 'tr r r');
  const group = await rig.avian('why count');
  t.equal(group.code, 64);
  t.match(group.stderr, /name one of them, such as `count@c`/);
});

void t.test('a file of variables that changes is read again', async (t) => {
  const rig = createRig(t, {
    'pipeline.yaml': "vars: [v.yaml]\nstages:\n  s: { cmd: 'echo ${x} > o', outs: [o] }\n",
    'v.yaml': 'x: 1\n',
  });
  await rig.avian('repro');
  await rig.avian('repro');
  rig.write('v.yaml', 'x: 2\n');
  await rig.avian('repro');
  t.equal(rig.read('o'), '2\n');
});

void t.test('what still runs when the time is over is cancelled, in order', async (t) => {
  const rig = createRig(t, {
    'pipeline.yaml': 'stages:\n  slow: { cmd: echo half > b; sleep 60, outs: [b] }\n',
    b: 'old',
  });
  const { code, stderr } = await rig.avian('repro --timeout 1500ms');
  t.equal(code, 1);
  t.match(stderr, /error\[repro\/timed-out\].*1 stage was cancelled/);
  t.equal(rig.read('b'), 'old', 'the old out is back');
  t.equal((await rig.avian('repro --timeout soon')).code, 64);
});

void t.test(
  'a clone without data is up to date for --allow-missing, until something changes',
  async (t) => {
    const rig = createRig(t, { ...files, '.gitignore': 'cache/\n/all\n/*.count\nout/*.txt\n' });
    await rig.git('init', '-q');
    await rig.avian('repro');
    await rig.git('add', '.');
    await rig.git('commit', '-qm', 'all');
    const clone = createRig(t);
    await rig.git('clone', '-q', '.', `${clone.root}/c`);
    const inClone = (words: string) => clone.avian(`-C c ${words}`);
    const fresh = await inClone('repro --allow-missing --dry --exit-code');
    t.equal(fresh.code, 0, fresh.stdout);
    t.equal((await inClone('repro --dry --exit-code')).code, 3);
    const changed = 'repro --allow-missing --dry --exit-code birds.wren.call=x';
    t.equal((await inClone(changed)).code, 3);
  },
);

void t.test('what .avianignore leaves out is in no dep, no out and nothing added', async (t) => {
  const rig = createRig(t, {
    'pipeline.yaml':
      'stages:\n  s: { cmd: mkdir -p o; cp in/*.csv o; echo 1 > o/x.tmp, deps: [in], outs: [o] }\n',
    '.avianignore': '*.tmp\n/in/scratch/\n',
    'in/a.csv': 'a',
    'in/scratch/notes': 'n',
    'raw/r.csv': 'r',
    'raw/r.tmp': 't',
  });
  t.equal((await rig.avian('repro')).code, 0);
  rig.write('in/scratch/notes', 'other');
  rig.write('in/b.tmp', 'b');
  rig.write('o/y.tmp', 'y');
  t.equal((await rig.avian('status -q')).code, 0);
  rig.write('in/b.csv', 'b');
  t.equal((await rig.avian('status -q')).code, 3);
  t.equal((await rig.avian('add raw')).code, 0);
  t.match(rig.read('pipeline.lock'), /"raw": \{[^}]*"files": 1/);
  const refused = await rig.avian('add raw/r.tmp');
  t.match(refused.stderr, /\.avianignore leaves raw\/r\.tmp out/);
  t.equal(refused.code, 1);
});
