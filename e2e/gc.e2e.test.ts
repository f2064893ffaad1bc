import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createRig } from './rig.ts';

const PROJECT = {
  'pipeline.yaml':
    'stages:\n  copy:\n    cmd: tr a-z A-Z < in > out\n    deps: [in]\n    outs: [out]\n',
  '.gitignore': '/cache/\n/out\n',
  in: 'first',
};

t.test('what no commit needs goes by force, and comes back', async (t) => {
  const rig = createRig(t, PROJECT);
  await rig.git('init', '-q');
  const contents = ['first', 'committed', 'forgotten', 'last'];
  for (const text of contents) {
    rig.write('in', text);
    t.equal((await rig.avian('repro')).code, 0);
    if (text !== 'committed') continue;
    await rig.git('add', '-A');
    await rig.git('commit', '-qm', text);
  }
  rig.write('data', 'raw');
  await rig.avian('add data');

  const asked = await rig.avian('gc');
  t.equal(asked.code, 0, asked.stderr);
  t.match(asked.stdout, /of recent runs/);
  t.notMatch(asked.stdout, /--force/, 'runs of the last fortnight stay');
  const held = await rig.avian('gc --older-than 0s');
  t.match(held.stdout, /there is no remote, .*; --force would free 14 B/);
  const forced = JSON.parse(
    (await rig.avian('gc --older-than 0s --force --json')).stdout,
  ) as object;
  t.match(forced, { v: 1, moved: { objects: 2, bytes: 14, id: String } });
  t.match(JSON.parse((await rig.avian('du --json')).stdout), { trash: { bytes: 14 } });

  // The committed one is there, for `checkout` of its lock and for `repro` of its inputs.
  await rig.git('checkout', '-q', '--', 'pipeline.lock');
  const restored = await rig.avian('checkout');
  t.equal(restored.code, 0, restored.stderr);
  t.equal(rig.read('out'), 'COMMITTED');
  rig.write('in', 'forgotten');
  rmSync(join(rig.root, 'out'));
  t.match((await rig.avian('repro --dry')).stderr + (await rig.avian('why copy')).stdout, /stale/);

  const undone = await rig.avian('gc --undo');
  t.equal(undone.code, 0, undone.stderr);
  const back = await rig.avian('repro');
  t.match(back.stderr, /restored/);
  t.equal(rig.read('out'), 'FORGOTTEN');
  t.equal((await rig.avian('gc --undo')).code, 64);
});

t.test('a repository that cannot be read stops it', async (t) => {
  const rig = createRig(t, PROJECT);
  await rig.avian('repro');
  rig.write('.git/HEAD', 'nonsense');
  const { code, stderr } = await rig.avian('gc --force --older-than 0s');
  t.equal(code, 1);
  t.match(stderr, /error\[git\/unreadable\]/);
});
