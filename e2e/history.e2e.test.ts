import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createRig } from './rig.ts';

const PROJECT = {
  'pipeline.yaml': `# two stages
stages:
  prepare:
    cmd: cp raw/a clean   # copied
    deps: [raw]
    outs: [clean]

  train:
    cmd: mkdir -p model && cp clean model/weights && sh train.sh
    deps: [clean, train.sh]
    params: [lr]
    outs: [model]
    metrics: [m.json: {gate: {accuracy: '>= 0.5'}}]
`,
  'train.sh': 'echo \'{"accuracy": 0.75}\' > m.json\n',
  'params.yaml': 'lr: 1\n',
  'raw/a': 'robin\n',
  '.gitignore': '/cache/\n/clean\n/model\n/m.json\n',
};

t.test('verify in a clone without data; then stale, then invalid', async (t) => {
  const rig = createRig(t, PROJECT);
  await rig.git('init', '-q', '-b', 'main');
  await rig.avian('add raw');
  t.equal((await rig.avian('verify')).code, 3, 'nothing ran yet');
  t.equal((await rig.avian('repro')).code, 0);
  await rig.git('add', '-A');
  await rig.git('commit', '-qm', 'first');
  for (const data of ['cache', 'raw', 'clean', 'model', 'm.json']) {
    rmSync(join(rig.root, data), { recursive: true });
  }
  const clone = await rig.avian('verify');
  t.equal(clone.code, 0, clone.stdout + clone.stderr);
  t.match(clone.stdout, /2 verified/);
  rig.write('params.yaml', 'lr: 2\n');
  const stale = await rig.avian('verify --json');
  t.equal(stale.code, 3);
  t.match(JSON.parse(stale.stdout), { v: 1, stages: [{ state: 'verified' }, { state: 'stale' }] });
  rig.write('params.yaml', 'lr: 1\n');
  rig.write('pipeline.yaml', PROJECT['pipeline.yaml'].replace('deps: [raw]', 'deps: {}'));
  t.equal((await rig.avian('verify')).code, 2);
});

t.test('commit, move, diff, freeze and remove, with the files as they are', async (t) => {
  const rig = createRig(t, PROJECT);
  t.match((await rig.avian('diff')).stderr, /diff\/no-git/);
  await rig.git('init', '-q', '-b', 'main');
  await rig.avian('add raw');
  await rig.avian('repro');
  await rig.git('add', '-A');
  await rig.git('commit', '-qm', 'first');
  t.match((await rig.avian('diff')).stdout, /no data differs/);

  rig.write('model/weights', 'made by hand\n');
  rig.write('model/more', 'and more\n');
  const changed = await rig.avian('diff');
  t.match(changed.stdout, /out +model .*\n +more added\n +weights modified\n/);
  const adopted = await rig.avian('commit train');
  t.equal(adopted.code, 0, adopted.stderr);
  t.equal((await rig.avian('status --exit-code')).code, 0);
  t.match(
    (await rig.avian('lineage model')).stdout,
    /train: run [0-9a-f]{6} \(adopted by commit, /,
  );
  t.match((await rig.avian('why train')).stdout, /adopted by commit/);
  t.match((await rig.avian('logs train')).stderr, /no command ran/);

  rig.write('train.sh', `${PROJECT['train.sh']}# another comment\n`);
  const refused = await rig.avian('commit');
  t.equal(refused.code, 1);
  t.match(refused.stdout, /changed +train +train\.sh [^]*commit -f train/);
  t.equal((await rig.avian('commit -f train')).code, 0);

  const moved = await rig.avian('move raw data/raw');
  t.equal(moved.code, 0, moved.stderr);
  t.match(moved.stdout, /prepare runs again[^]*the cmd of prepare still says raw/);
  t.equal(rig.read('data/raw/a'), 'robin\n');
  t.equal(rig.read('data/.gitignore'), '/raw\n');
  t.equal(
    rig.read('pipeline.yaml'),
    PROJECT['pipeline.yaml'].replace('deps: [raw]', 'deps: [data/raw]'),
  );
  t.match((await rig.avian('diff')).stdout, /source +raw -> data\/raw/);
  t.equal((await rig.avian('move data/raw raw')).code, 0);
  t.equal((await rig.avian('status --exit-code')).code, 0, 'and back: nothing runs');

  await rig.avian('freeze train');
  t.match((await rig.avian('status')).stdout, /train +■ frozen/);
  await rig.avian('unfreeze train');
  t.equal(rig.read('pipeline.yaml'), PROJECT['pipeline.yaml']);
  t.match((await rig.avian('remove train --outs')).stdout, /deleted +model\n/);
  t.notMatch(rig.read('pipeline.yaml'), /train/);
  t.match(rig.read('pipeline.yaml'), /# two stages\n[^]*# copied/);
  t.equal((await rig.avian('status --exit-code')).code, 0);
});
