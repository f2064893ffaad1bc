import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createRig, SEVEN_COPIES } from './rig.ts';

const COUNTING = {
  'pipeline.yaml': `
stages:
  prepare:
    cmd: cat raw.txt > clean.txt && echo prepare >> ran.log
    deps: [raw.txt]
    outs: [clean.txt]
  train:
    cmd: sh train.sh
    deps: [clean.txt, train.sh]
    params: [train.lr]
    outs: [model]
    metrics: [metrics.json: {cache: false, gate: {accuracy: '>= 0.5'}}]
`,
  'train.sh': `
mkdir -p model
cp clean.txt model/weights
cp "$AVIAN_PARAMS" model/params.json
echo '{"accuracy": 0.75}' > metrics.json
echo train >> ran.log
`,
  'params.yaml': 'train:\n  lr: 0.1\n  secret: 1\nother: 2\n',
  'raw.txt': 'robin\n',
};

t.test('run, run again, change a parameter, go back', async (t) => {
  const rig = createRig(t, COUNTING);
  const first = await rig.avian('repro');
  t.equal(first.code, 0, first.stderr);
  t.equal(rig.read('ran.log'), 'prepare\ntrain\n');
  t.same(
    JSON.parse(rig.read('model/params.json')),
    { train: { lr: 0.1 } },
    'exactly the declared parameters',
  );

  const second = await rig.avian('repro');
  t.equal(second.code, 0);
  t.equal(rig.read('ran.log'), 'prepare\ntrain\n', 'nothing ran again');

  const override = await rig.avian('repro train.lr=0.3');
  t.equal(override.code, 0, override.stderr);
  t.equal(rig.read('ran.log'), 'prepare\ntrain\ntrain\n');
  t.equal(rig.read('params.yaml'), COUNTING['params.yaml'], 'params.yaml is never rewritten');
  t.same(JSON.parse(rig.read('model/params.json')), { train: { lr: 0.3 } });

  const back = await rig.avian('repro');
  t.match(back.stderr, /restored/);
  t.equal(rig.read('ran.log'), 'prepare\ntrain\ntrain\n', 'restored, not run');
  t.same(JSON.parse(rig.read('model/params.json')), { train: { lr: 0.1 } });

  rig.write('pipeline.yaml', `# a comment\n${COUNTING['pipeline.yaml']}`);
  rig.write('notes.txt', 'no stage declares this');
  await rig.avian('repro');
  t.equal(rig.read('ran.log'), 'prepare\ntrain\ntrain\n', 'a comment runs nothing');
});

t.test('git is told to leave alone what the cache keeps, and nothing else', async (t) => {
  const rig = createRig(t, {
    'pipeline.yaml': `stages:
  make:
    cmd: mkdir -p a/model && echo 1 > a/model/w && echo 2 > seen && echo 3 > n.json && echo 4 > kept
    outs: [a/model, seen, kept]
    metrics: [n.json: {cache: false}]
`,
    kept: 'tracked by somebody\n',
  });
  await rig.git('init', '-q');
  t.equal((await rig.avian('init')).code, 0);
  await rig.git('add', '-A');
  await rig.git('commit', '-qm', 'x');
  const { code, stderr } = await rig.avian('repro');
  t.equal(code, 0, stderr);
  t.match(rig.read('.gitignore'), /^\/seen$/m);
  t.equal(rig.read('a/.gitignore'), '/model\n');
  await rig.git('add', '-A');
  const added = await rig.git('diff', '--cached', '--name-only');
  t.same(added.trim().split('\n'), [
    '.gitignore',
    'a/.gitignore',
    'kept',
    'n.json',
    'pipeline.lock',
  ]);
});

t.test('--json speaks in fixed words on stdout', async (t) => {
  const rig = createRig(t, COUNTING);
  const { code, stdout } = await rig.avian('repro --json');
  t.equal(code, 0);
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { v: number; type: string; [key: string]: unknown });
  t.ok(events.every(({ v }) => v === 1));
  t.same(events[0], { v: 1, type: 'plan-ready', stages: ['prepare', 'train'] });
  const settled = events.filter(({ type }) => type === 'stage-settled');
  t.match(settled, [
    { stage: 'prepare', outcome: { kind: 'executed' }, run: String, elapsedMs: Number },
    { stage: 'train', outcome: { kind: 'executed' }, run: String, elapsedMs: Number },
  ]);
  t.match(events.at(-1), { type: 'repro-done', counts: { executed: 2 } });
});

t.test('status, --exit-code, --dry and why agree', async (t) => {
  const rig = createRig(t, COUNTING);
  t.equal((await rig.avian('status --exit-code')).code, 3);
  t.equal((await rig.avian('status')).code, 0);
  t.equal((await rig.avian('repro --dry --exit-code')).code, 3);
  t.notOk(existsSync(join(rig.root, 'ran.log')), '--dry runs nothing');
  await rig.avian('repro');
  t.equal((await rig.avian('status --exit-code')).code, 0);
  rig.write('params.yaml', 'train: {lr: 0.2}\n');
  const status = await rig.avian('status --json --exit-code');
  t.equal(status.code, 3);
  t.match(JSON.parse(status.stdout), {
    v: 1,
    stages: [
      { name: 'prepare', verdict: 'up-to-date', reasons: [] },
      {
        name: 'train',
        verdict: 'stale',
        reasons: [{ kind: 'param-changed', key: 'train.lr', before: 0.1, after: 0.2 }],
      },
    ],
  });
  const why = await rig.avian('why train');
  t.match(why.stdout, /train\.lr 0\.1 -> 0\.2/);
  t.ok(why.stdout.trim().split('\n').length <= 5, why.stdout);
});

t.test('a failed stage: exit 1, the old out is back, the log is kept', async (t) => {
  const rig = createRig(t, COUNTING);
  await rig.avian('repro');
  rig.write('train.sh', 'echo "no gradient" >&2; mkdir model; echo half > model/weights; exit 3\n');
  const failed = await rig.avian('repro');
  t.equal(failed.code, 1);
  t.match(failed.stderr, /exit(ed)? (with )?(code )?3/);
  t.equal(rig.read('model/weights'), 'robin\n');
  const logs = await rig.avian('logs train');
  t.match(logs.stdout, /no gradient/);
});

t.test('a gate that does not hold: exit 1 with the numbers', async (t) => {
  const rig = createRig(t, COUNTING);
  rig.write('train.sh', COUNTING['train.sh'].replace('0.75', '0.25'));
  const { code, stderr } = await rig.avian('repro');
  t.equal(code, 1);
  t.match(stderr, /accuracy.*0\.25/);
  t.match(stderr, />= 0\.5/);
});

t.test('a deleted out comes back without running', async (t) => {
  const rig = createRig(t, SEVEN_COPIES);
  await rig.avian('repro');
  rmSync(join(rig.root, 'f4'));
  const { code, stderr } = await rig.avian('repro');
  t.equal(code, 0);
  t.match(stderr, /restored/);
  t.equal(rig.read('f4'), 'robin\n');
});

t.test('a clone restores from the lock: add, delete, checkout', async (t) => {
  const rig = createRig(t, { ...COUNTING, 'data/a.txt': 'a', 'data/b/c.txt': 'c' });
  t.equal((await rig.avian('add data')).code, 0);
  t.equal(rig.read('.gitignore'), '/data\n');
  await rig.avian('repro');
  rmSync(join(rig.root, 'data'), { recursive: true });
  rmSync(join(rig.root, 'model'), { recursive: true });
  const { code, stderr } = await rig.avian('checkout');
  t.equal(code, 0, stderr);
  t.equal(rig.read('data/b/c.txt'), 'c');
  t.equal(rig.read('model/weights'), 'robin\n');
  const lock = JSON.parse(rig.read('pipeline.lock')) as object;
  t.match(lock, {
    version: 1,
    sources: { data: { digest: /^b3:/, size: 2, files: 2 } },
    stages: { train: { fingerprint: /^f1:/, outs: { model: { digest: /^b3:/, files: 2 } } } },
  });
});

t.test('metrics and params between two revisions, lineage both ways', async (t) => {
  const rig = createRig(t, { ...COUNTING, '.gitignore': '/cache/\n' });
  await rig.git('init', '-q');
  await rig.avian('repro');
  await rig.git('add', '-A');
  await rig.git('commit', '-qm', 'first');
  rig.write('params.yaml', 'train: {lr: 0.2}\n');
  rig.write('train.sh', COUNTING['train.sh'].replace('0.75', '0.8'));
  await rig.avian('repro');
  const metrics = JSON.parse((await rig.avian('metrics show --json')).stdout) as object;
  t.same(metrics, { 'metrics.json': { accuracy: 0.8 } });
  t.match((await rig.avian('metrics diff')).stdout, /accuracy.*0\.75.*0\.8/);
  t.match((await rig.avian('params diff')).stdout, /train\.lr.*0\.1.*0\.2/);
  const up = await rig.avian('lineage model');
  t.match(up.stdout, /train/);
  t.match(up.stdout, /raw\.txt/);
  const down = await rig.avian('lineage raw.txt --down');
  t.match(down.stdout, /model/);
});

t.test('a task gets its words and its declared parameters', async (t) => {
  const rig = createRig(t, {
    'pipeline.yaml': 'stages: {}\ntasks:\n  greet:\n    cmd: sh greet.sh\n    params: [who]\n',
    'greet.sh': 'cat "$AVIAN_PARAMS"; printf "<%s>" "$@"\nexit 7\n',
    'params.yaml': 'who: wren\n',
  });
  const { code, stdout } = await rig.avian(['run', 'greet', 'a b', "it's"]);
  t.equal(code, 7, "the task's own exit code");
  t.equal(stdout, '{"who":"wren"}<a b><it\'s>');
});
