import { appendFileSync, chmodSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createRig } from './rig.ts';

t.test('cache: { link: hardlink }, and a person who writes through one', async (t) => {
  const rig = createRig(t, {
    'pipeline.yaml': `
cache: { link: hardlink }
stages:
  train:
    cmd: cp in model && echo ran >> ran.log
    deps: [in]
    outs: [model]
  grow:
    cmd: cat in >> log
    deps: [in]
    outs: [{ log: { persist: true } }]
`,
    in: 'weights',
  });
  const model = join(rig.root, 'model');
  t.equal((await rig.avian('repro')).code, 0);
  t.equal(statSync(model).nlink, 1, 'what a stage wrote is its own');
  for (const words of ['repro', 'checkout']) {
    rmSync(model);
    rmSync(join(rig.root, 'log'));
    const restored = await rig.avian(words);
    t.equal(restored.code, 0, restored.stderr);
    t.equal(statSync(model).nlink, 2, 'restored as a link');
    t.equal(statSync(model).mode & 0o777, 0o444);
    t.equal(statSync(join(rig.root, 'log')).nlink, 1, 'an out that persists is written into');
  }
  t.match((await rig.avian('status')).stdout, /up to date/);

  if (process.getuid?.() !== 0) chmodSync(model, 0o644);
  appendFileSync(model, ' and more');
  const again = await rig.avian('repro');
  t.equal(again.code, 0, again.stderr);
  t.equal(rig.read('ran.log'), 'ran\nran\n', 'run again: the cache had it no more');
  t.equal(rig.read('model'), 'weights');
  rmSync(model);
  t.equal((await rig.avian('repro')).code, 0);
  t.equal(rig.read('model'), 'weights');
  t.equal(rig.read('ran.log'), 'ran\nran\n', 'and now it has it again');

  rig.write('pipeline.yaml', 'cache: {link: symlink}\nstages: {}\n');
  const refused = await rig.avian('status');
  t.equal(refused.code, 2);
  t.match(refused.stderr, /error\[pipeline\/bad-value\]: `cache\.link` cannot be `symlink`/);
});
