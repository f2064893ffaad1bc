import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createRig, type Rig } from './rig.ts';

const PIPELINE = `stages:
  prepare:
    cmd: mkdir -p data && sort raw/birds > data/sorted && echo prepared
    deps: [raw]
    outs: [data]
  train:
    cmd: (cat rate data/sorted && date +%s%N) > model
    deps: [data, rate]
    outs: [model]
  evaluate:
    cmd: wc -c < model > scores
    deps: [model]
    outs: [scores]
  deploy:
    cmd: mkdir -p cache/service && cp model cache/service/live && echo up > deployment
    deps: [model]
    effect: true
    probe: cat cache/service/live
    outs: [deployment: { cache: false }]
remotes:
  lab: { url: 'URL' }
`;

/** A colleague's project, run and pushed; \`train\` never gives the same bytes twice. */
async function colleague(t: Test): Promise<Rig> {
  const ana = createRig(t, {
    'raw/birds': 'wren\nrobin\n',
    rate: '1\n',
    '.gitignore': 'cache/\n/data\n/model\n/scores\n/deployment\n/bucket\n',
  });
  ana.write('pipeline.yaml', PIPELINE.replace('URL', `file://${join(ana.root, 'bucket')}`));
  await ana.git('init', '-q');
  t.match(await ana.avian('add raw'), { code: 0 });
  await ana.git('add', '.');
  await ana.git('commit', '-qm', 'first');
  t.match(await ana.avian('repro'), { code: 0 });
  t.match(await ana.avian('push'), { code: 0 });
  await ana.git('add', '.');
  await ana.git('commit', '-qm', 'second');
  return ana;
}

async function clone(t: Test, from: Rig): Promise<Rig> {
  const rig = createRig(t);
  await rig.git('clone', '-q', from.root, '.');
  t.notOk(existsSync(join(rig.root, 'raw/birds')), 'no data is in git');
  return rig;
}

/** The stages that ran, by the signs of the plain report. */
const ran = (stderr: string): string[] =>
  [...stderr.matchAll(/^\S (\w+) +executed/gm)].map(([, stage = '']) => stage);

t.test('a fresh clone pulls, and runs nothing but what is of its own machine', async (t) => {
  const ana = await colleague(t);
  const ben = await clone(t, ana);
  t.match(await ben.avian('pull'), { code: 0 });
  const evaluated = await ben.avian('repro evaluate');
  t.match(evaluated, { code: 0, stderr: /: 3 up to date/ });
  t.same(ran(evaluated.stderr), []);
  t.equal(ben.read('model'), ana.read('model'), 'the same model');
  const all = await ben.avian('repro');
  t.same(ran(all.stderr), ['deploy'], all.stderr);
  t.match(await ben.avian('repro'), { code: 0, stderr: /: 4 up to date/ });

  ben.write('rate', '2\n');
  const changed = await ben.avian('repro');
  const [first, ...others] = ran(changed.stderr);
  t.equal(first, 'train', changed.stderr);
  // Both need the model, and may end in either order.
  t.same(others.sort(), ['deploy', 'evaluate'], changed.stderr);
});

t.test('why, lineage and status know what a colleague ran', async (t) => {
  const ana = await colleague(t);
  const commit = (await ana.git('rev-parse', 'HEAD~1')).trim();
  const ben = await clone(t, ana);
  t.match(await ben.avian('fetch'), { code: 0 });
  const origin = { user: /./, host: /./, startedAt: /^20/, commit };
  const status = JSON.parse((await ben.avian('status evaluate --json')).stdout) as {
    stages: unknown[];
  };
  t.match(status.stages[0], { name: 'prepare', verdict: 'stale' }, 'raw is not checked out');
  t.match(await ben.avian('checkout'), { code: 0, stdout: /restored +model/ });
  t.equal(ben.read('model'), ana.read('model'), 'a fetch is enough for a checkout');
  const checkedOut = JSON.parse((await ben.avian('status --json')).stdout) as { stages: unknown[] };
  t.match(checkedOut.stages[1], { name: 'train', verdict: 'up-to-date', origin });

  ben.write('rate', '2\n');
  const why = await ben.avian('why train');
  t.match(why.stdout, /is stale: rate [0-9a-f]{6} -> [0-9a-f]{6}/);
  t.match(why.stdout, new RegExp(`its last run: run .*@.*, commit ${commit.slice(0, 8)}`));
  t.match(JSON.parse((await ben.avian('why train --json')).stdout), { latestOrigin: origin });
  const lineage = await ben.avian('lineage model');
  t.match(lineage.stdout, new RegExp(`train: run .*@.*[\\s\\S]*commit ${commit.slice(0, 8)}`));
  t.match(lineage.stdout, /prepare: run [\s\S]*raw/, 'down to the raw data');

  ben.write('raw/birds', 'eagle\n');
  t.match((await ben.avian('why prepare')).stdout, /raw .* \(birds modified\)/);
});

t.test('repro --pull in a clone that never pulled', async (t) => {
  const ana = await colleague(t);
  const ben = await clone(t, ana);
  t.match(await ben.avian('repro evaluate'), { code: 1 }, 'without it there is no data');
  const dry = await ben.avian('repro evaluate --pull --dry');
  t.match(dry, { code: 0, stdout: /prepare .*from run .*@.* in lab[\s\S]*3 restorable/ });
  t.notOk(existsSync(join(ben.root, 'model')), 'a dry run brings nothing');

  const pulled = await ben.avian('repro evaluate --pull');
  t.match(pulled, { code: 0, stderr: /train +restored from run [0-9a-f]{6} \(.*@.*\) in lab/ });
  t.same(ran(pulled.stderr), []);
  t.equal(ben.read('model'), ana.read('model'));
  t.equal(ben.read('raw/birds'), 'wren\nrobin\n');
  t.match(await ben.avian('repro evaluate'), { code: 0, stderr: /: 3 up to date/ });

  const cleo = await clone(t, ana);
  cleo.write('rate', '2\n');
  const lines = (await cleo.avian('repro evaluate --pull --json')).stdout.trim().split('\n');
  const settled = lines
    .map((line) => JSON.parse(line) as { type: string; stage: string })
    .filter(({ type }) => type === 'stage-settled');
  t.match(settled[0], {
    ...{ stage: 'prepare', outcome: { kind: 'restored', remote: 'lab' } },
    origin: { user: /./, host: /./ },
  });
  t.match(settled.slice(1), [{ outcome: { kind: 'executed' } }, { outcome: { kind: 'executed' } }]);
});

t.test('repro --pull --allow-missing brings only what a command reads', async (t) => {
  const ana = await colleague(t);
  const ben = await clone(t, ana);
  ben.write('pipeline.yaml', ben.read('pipeline.yaml').replace('wc -c <', 'wc -l <'));
  const repro = await ben.avian('repro evaluate --pull --allow-missing');
  t.match(repro, { code: 0 }, repro.stderr);
  t.same(ran(repro.stderr), ['evaluate']);
  t.equal(ben.read('model'), ana.read('model'));
  for (const path of ['raw/birds', 'data']) t.notOk(existsSync(join(ben.root, path)), path);
});

t.test('a run of a colleague that no lock names any more', async (t) => {
  const ana = await colleague(t);
  const first = ana.read('model');
  ana.write('rate', '2\n');
  t.match(await ana.avian('repro'), { code: 0 });
  t.match(await ana.avian('push'), { code: 0 });
  await ana.git('commit', '-qam', 'third');
  const ben = await clone(t, ana);
  ben.write('rate', '1\n');
  const repro = await ben.avian('repro evaluate -r lab');
  t.same(ran(repro.stderr), [], repro.stderr);
  t.equal(ben.read('model'), first, 'the model of the first push');
});

t.test('a remote that cannot be reached, or is none', async (t) => {
  const ana = await colleague(t);
  const ben = await clone(t, ana);
  t.match(await ben.avian('repro -r nowhere'), { code: 64, stderr: /remote\/unknown/ });
  rmSync(join(ana.root, 'bucket'), { recursive: true });
  const repro = await ben.avian('repro evaluate --pull');
  t.equal(repro.code, 1, repro.stderr);
  t.match(repro.stderr, /dep raw does not exist/, 'an empty remote has nothing to offer');
});

t.test('a remote that breaks in the middle fails the stage, and nothing is made up', async (t) => {
  const ana = await colleague(t);
  const ben = await clone(t, ana);
  t.match(await ben.avian('repro prepare --pull'), { code: 0 });
  const packs = join(ana.root, 'bucket/packs');
  const names = readdirSync(packs);
  for (const name of names) renameSync(join(packs, name), join(ana.root, name));
  const lost = await ben.avian('repro evaluate --pull');
  t.match(lost, { code: 5, stderr: /train +failed.*packs\/[0-9a-f]+\.pack is named by the index/ });
  t.notOk(existsSync(join(ben.root, 'model')));
  for (const name of names) mkdirSync(join(packs, name));
  const broken = await ben.avian('repro evaluate --pull');
  t.match(broken, {
    code: 4,
    stderr: /train +failed.*model cannot be fetched from lab: .*it is no file/,
  });
  t.match(broken.stderr, /1 up to date, 1 failed, 1 blocked/);
  for (const name of names) {
    rmdirSync(join(packs, name));
    renameSync(join(ana.root, name), join(packs, name));
  }
  t.match(await ben.avian('repro evaluate --pull'), { code: 0, stderr: /2 restored/ });
  t.equal(ben.read('model'), ana.read('model'));
});

t.test('ls and cat read cache and remote by the names of the lock', async (t) => {
  const ana = await colleague(t);
  const ben = await clone(t, ana);
  const ls = async (words: string): Promise<string> => {
    const { code, stdout, stderr } = await ben.avian(`ls ${words}`);
    t.equal(code, 0, stderr);
    return stdout.replaceAll(/ +/g, ' ').replaceAll(/^ /gm, '');
  };
  const size = `${ana.read('model').length} B`;
  t.equal(
    await ls(''),
    `1 file 11 B data/ prepare\n${size} model train\n1 file 11 B raw/\n3 B scores evaluate\n`,
  );
  t.equal(await ls('raw'), '11 B raw/birds\n');
  t.equal(await ls('-R data'), '11 B data/sorted\n');
  t.match(await ls('-r lab'), /^(?!.*not in)/s);
  t.notOk(existsSync(join(ben.root, 'cache/v1/objects')), 'nothing was fetched');
  t.match(JSON.parse(await ls('raw/birds --json')), {
    ...{ v: 1, path: 'raw/birds' },
    entries: [{ path: 'raw/birds', kind: 'file', size: 11, digest: /^b3:/ }],
  });

  const cat = async (words: string) => ben.avian(`cat ${words}`);
  t.match(await cat('raw/birds'), { code: 0, stdout: 'wren\nrobin\n', stderr: '' });
  t.match(await cat('raw'), { code: 64, stderr: /cat\/no-file[\s\S]*avian ls raw/ });
  t.match(await cat('rate'), { code: 64, stderr: /usage\/not-tracked/ });
  t.match(await cat('../x'), { code: 64, stderr: /usage\/bad-path/ });
  t.match(await ben.avian('ls nest'), { code: 64, stderr: /usage\/not-tracked/ });
  t.match(await ben.avian('ls --rev nest'), { code: 64, stderr: /usage\/unknown-revision/ });

  const first = ana.read('model');
  ana.write('rate', '2\n');
  t.match(await ana.avian('repro'), { code: 0 });
  await ana.git('commit', '-qam', 'third');
  t.equal((await ana.avian('cat model --rev HEAD~1')).stdout, first);
  t.equal((await ana.avian('cat model')).stdout, ana.read('model'));
  t.match((await ana.avian('ls -r lab')).stdout, /model +train +not in lab/);
  rmSync(join(ana.root, 'bucket'), { recursive: true });
  const cleo = await clone(t, ana);
  t.match(await cleo.avian('cat model'), { code: 4, stderr: /remote\/not-there.*avian push/s });
  t.match(await cleo.avian('ls raw'), { code: 4, stderr: /remote\/not-there/ });
});

t.test('a file of many pieces goes through a pipe whole, and may be left half read', async (t) => {
  const ana = createRig(t, {
    'pipeline.yaml': 'stages:\n  make:\n    cmd: seq 1 900000 > numbers\n    outs: [numbers]\n',
  });
  t.match(await ana.avian('repro'), { code: 0 });
  const { stdout } = await ana.avian('cat numbers');
  const hash = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');
  t.equal(hash(stdout), hash(readFileSync(join(ana.root, 'numbers'))));
  const half = ana.start(['cat', 'numbers']);
  half.stdout.once('data', () => half.stdout.destroy());
  t.equal((await half).exitCode, 0);
});
