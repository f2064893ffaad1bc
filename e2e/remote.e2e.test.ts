import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createRig } from './rig.ts';

const PIPELINE = `# a pipeline with a comment
stages:
  prepare:
    cmd: mkdir -p data/deep && seq 1 200000 > data/numbers && cp raw data/deep/raw && echo x > data/deep/x
    deps: [raw]
    outs: [data]
  train:
    cmd: cat data/deep/raw data/numbers | wc -c > model && cat extra >> model
    deps: [data, extra]
    outs: [model]
  report:
    cmd: sed 's/^/bytes /' model > report
    deps: [model]
    outs: [report]
`;

t.test('push here, pull and repro in a fresh clone: nothing runs', async (t) => {
  const ana = createRig(t, {
    'pipeline.yaml': PIPELINE,
    raw: 'robin\n',
    extra: 'wren\n',
    '.gitignore': 'cache/\n/data\n/model\n/report\n',
  });
  t.match(await ana.avian('push'), {
    code: 64,
    stderr: /remote\/none[\s\S]*avian remote add NAME gs:\/\//,
  });
  const bucket = join(ana.root, 'cache/bucket');
  t.match(await ana.avian(['remote', 'add', 'lab', `file://${bucket}`, '--default']), { code: 0 });
  t.match(ana.read('pipeline.yaml'), /^# a pipeline with a comment\nstages:/);
  t.match(await ana.avian('repro'), { code: 0 });
  t.match(await ana.avian('status --cloud --exit-code'), { code: 3, stdout: /to push/ });
  t.match(await ana.avian('push --dry --json'), { code: 0, stdout: /"dry":true,"kept":false/ });
  t.notOk(existsSync(bucket), '--dry writes nothing');
  t.match(await ana.avian('push'), { code: 0, stdout: /^pushed .* to lab/ });
  t.match(await ana.avian('push'), { code: 0, stdout: /^nothing to push/ });
  t.match(await ana.avian('status --cloud --exit-code'), { code: 0 });
  await ana.git('init', '-q');
  await ana.git('add', '.');
  await ana.git('commit', '-qm', 'first');

  const ben = createRig(t);
  await ben.git('clone', '-q', ana.root, '.');
  t.notOk(existsSync(join(ben.root, 'model')));

  const part = await ben.avian('pull data/deep/raw');
  t.match(part, { code: 0 }, part.stderr);
  t.equal(ben.read('data/deep/raw'), 'robin\n');
  t.notOk(existsSync(join(ben.root, 'data/numbers')), 'one file came without the rest');

  const pulled = await ben.avian('pull --json');
  t.match(pulled, { code: 0 }, pulled.stderr);
  t.match(JSON.parse(pulled.stdout), { v: 1, missing: [], runs: 0 });
  t.equal(ben.read('report'), ana.read('report'));
  const repro = await ben.avian('repro');
  t.match(repro, { code: 0 });
  t.match(repro.stderr, /3 up to date|3 skipped/);
  t.notMatch(repro.stderr, /executed|▶/);
  t.match(await ben.avian('lineage report'), { code: 0, stdout: /train/ });

  ben.write('extra', 'eagle\n');
  const why = await ben.avian('why train');
  t.match(why.stdout + why.stderr, /extra/, 'the run of a colleague says what changed');
  const changed = await ben.avian('repro');
  t.match(changed.stderr, /train[\s\S]*report/);
  t.match(await ben.avian('push'), { code: 0, stdout: /^pushed/ });
  t.match(await ben.avian('pull nowhere'), { code: 64, stderr: /remote\/unknown-target/ });
});

t.test('what the remote does not have', async (t) => {
  const ana = createRig(t, {
    'pipeline.yaml': `${PIPELINE}remotes:\n  lab: {url: "file:///nonexistent"}\n`,
    raw: 'robin\n',
    extra: 'wren\n',
  });
  const bucket = join(ana.root, 'bucket');
  mkdirSync(bucket);
  t.match(await ana.avian(['remote', 'modify', 'lab', '--url', `file://${bucket}`]), { code: 0 });
  t.match(await ana.avian('repro'), { code: 0 });
  t.match(await ana.avian('push prepare'), { code: 0 });
  for (const path of ['data', 'model', 'report', 'cache/v1/objects']) {
    rmSync(join(ana.root, path), { recursive: true });
  }
  t.match(await ana.avian('pull'), {
    code: 4,
    stderr: /remote\/not-there[\s\S]*model, report[\s\S]*--allow-missing/,
  });
  t.ok(existsSync(join(ana.root, 'data/numbers')), 'the rest came');
  t.match(await ana.avian('pull --allow-missing'), { code: 0, stdout: /missing model/ });
});
