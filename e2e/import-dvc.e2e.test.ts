import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { picture } from '../src/adapters/workspace/testing.ts';
import type { DvcImportView } from '../src/model/dvc.ts';
import { findDvc, INSTALL_DVC, runDvc } from './dvc.ts';
import { createRig, type Rig } from './rig.ts';

const md5 = (bytes: string): string => createHash('md5').update(bytes).digest('hex');

/** DVC's cache object of some bytes; returns their MD5. */
function put(rig: Rig, bytes: string, suffix = ''): string {
  const name = md5(bytes);
  rig.write(`.dvc/cache/files/md5/${name.slice(0, 2)}/${name.slice(2)}${suffix}`, bytes);
  return name;
}

const CLEAN = 'robin\nwren\n';

/** As the common example of DVC: added data, a folder, parameters, metrics in git, a nested pipeline. */
function createDvcProject(t: Test): Rig {
  const rig = createRig(t, {
    '.dvc/config': '[core]\n    remote = store\n[\'remote "store"\']\n    url = s3://bucket/dvc\n',
    '.dvcignore': '# nothing yet\n*.swp\n',
    '.gitignore': '/raw\n',
    'params.yaml': 'prepare: {upper: false}\n',
    'prepare.sh': 'mkdir -p out; cat raw/* > out/clean.txt; echo ran >> log\n',
    'raw/a.txt': 'robin\n',
    'raw/b.txt': 'wren\n',
    'out/clean.txt': CLEAN,
    'metrics.json': '{"lines": 2}\n',
    'report/dvc.yaml':
      'stages: {count: {cmd: wc -l < ../out/clean.txt > n, deps: [../out/clean.txt], outs: [n]}}\n',
    'report/n': '2\n',
    'dvc.yaml': `# the pipeline
stages:
  prepare:
    cmd: sh prepare.sh
    deps: [prepare.sh, raw]
    params: [prepare]
    outs: [out]
    metrics: [metrics.json: {cache: false}]
`,
  });
  const list = (entries: readonly (readonly [string, string])[]): string =>
    put(
      rig,
      `[${entries.map(([name, hash]) => `{"md5": "${hash}", "relpath": "${name}"}`).join(', ')}]`,
      '.dir',
    );
  const raw = list([
    ['a.txt', put(rig, 'robin\n')],
    ['b.txt', put(rig, 'wren\n')],
  ]);
  const out = list([['clean.txt', put(rig, CLEAN)]]);
  rig.write('raw.dvc', `outs:\n- {md5: ${raw}.dir, size: 11, nfiles: 2, hash: md5, path: raw}\n`);
  rig.write(
    'dvc.lock',
    `schema: '2.0'
stages:
  prepare:
    cmd: sh prepare.sh
    deps:
    - {path: prepare.sh, hash: md5, md5: ${md5(rig.read('prepare.sh'))}, size: 1}
    - {path: raw, hash: md5, md5: ${raw}.dir, size: 11, nfiles: 2}
    params:
      params.yaml:
        prepare: {upper: false}
    outs:
    - {path: metrics.json, hash: md5, md5: ${md5('{"lines": 2}\n')}, size: 13}
    - {path: out, hash: md5, md5: ${out}.dir, size: 11, nfiles: 1}
`,
  );
  rig.write(
    'report/dvc.lock',
    `schema: '2.0'
stages:
  count:
    cmd: wc -l < ../out/clean.txt > n
    deps:
    - {path: ../out/clean.txt, hash: md5, md5: ${md5(CLEAN)}, size: 11}
    outs:
    - {path: n, hash: md5, md5: ${put(rig, '2\n')}, size: 2}
`,
  );
  return rig;
}

t.test(
  'what was up to date stays so, nothing runs, and outs come back from our cache',
  async (t) => {
    const rig = createDvcProject(t);
    const before = picture(join(rig.root, '.dvc'));
    rig.write('raw/.a.txt.swp', 'left out by .dvcignore');
    const imported = await rig.avian('import-dvc');
    t.equal(imported.code, 0, imported.stderr);
    t.same(picture(join(rig.root, '.dvc')), before, "DVC's folder is as it was");
    t.equal((await rig.avian('status --exit-code')).code, 0, 'what DVC ignores avian ignores');

    const repro = await rig.avian('repro --json');
    t.match(repro.stdout, /"counts":\{"skipped":2\}/);
    t.notOk(fs.existsSync(join(rig.root, 'log')), 'no command ran');

    for (const gone of ['raw', 'out', 'report/n', '.dvc/cache']) {
      fs.rmSync(join(rig.root, gone), { recursive: true });
    }
    t.equal((await rig.avian('checkout')).code, 0);
    t.equal(rig.read('raw/b.txt'), 'wren\n');
    t.equal(rig.read('out/clean.txt'), CLEAN);
    t.equal(rig.read('report/n'), '2\n');
    t.equal(rig.read('.avianignore'), '# nothing yet\n*.swp\n');
    t.match(rig.read('.gitignore'), /^\/cache\/$/m);
    t.match(rig.read('pipeline.yaml'), /# the pipeline/);

    const lineage = await rig.avian('lineage out');
    t.match(lineage.stdout, /import-dvc/, 'lineage says that no command of ours made it');
    t.match((await rig.avian('metrics show')).stdout, /lines +2/);

    rig.write('params.yaml', 'prepare: {upper: true}\n');
    const why = await rig.avian('why prepare');
    t.match(why.stdout, /prepare/, 'the old value is known from dvc.lock');
    t.match(why.stdout, /false/);
  },
);

t.test('--dry writes nothing, and a second import asks before it replaces', async (t) => {
  const rig = createDvcProject(t);
  const before = picture(rig.root);
  const dry = await rig.avian('import-dvc --dry');
  t.equal(dry.code, 0);
  t.match(dry.stdout, /nothing was written/);
  t.same(picture(rig.root), before);

  await rig.avian('import-dvc');
  const second = await rig.avian('import-dvc');
  t.equal(second.code, 64);
  t.match(second.stderr, /import-dvc\/pipeline-there/);
  rig.write('pipeline.yaml', '# mine\nstages: {}\n');
  t.equal((await rig.avian('import-dvc --force')).code, 0);
  t.equal(rig.read('pipeline.yaml.before-import'), '# mine\nstages: {}\n');
  t.equal((await rig.avian('status --exit-code')).code, 0);
});

t.test(
  'what is lost or damaged is told, one line each with what to do, and the rest is taken',
  async (t) => {
    const rig = createDvcProject(t);
    const clean = md5(CLEAN);
    rig.write(`.dvc/cache/files/md5/${clean.slice(0, 2)}/${clean.slice(2)}`, 'flipped bytes');
    const wren = md5('wren\n');
    fs.rmSync(join(rig.root, `.dvc/cache/files/md5/${wren.slice(0, 2)}/${wren.slice(2)}`));
    fs.rmSync(join(rig.root, 'raw'), { recursive: true });
    fs.rmSync(join(rig.root, 'out'), { recursive: true });
    rig.write('metrics.json', '{"lines": 3}\n');

    const { code, stdout } = await rig.avian('import-dvc --json');
    t.equal(code, 0);
    const view = JSON.parse(stdout) as DvcImportView & { readonly v: number };
    t.equal(view.v, 1);
    t.match(
      view.notes.map(({ code: what, file }) => `${what} ${file}`),
      [
        'import-dvc/remote .dvc/config',
        'import-dvc/renamed report/dvc.yaml',
        'import-dvc/missing raw.dvc',
      ].concat('import-dvc/corrupt dvc.lock'),
    );
    t.match(view.stages, [
      { name: 'prepare', locked: false, verdict: 'stale' },
      { name: 'report.count', was: 'count', locked: true },
    ]);
    t.equal((await rig.avian('checkout report.count')).code, 0, 'what is whole can be had');
  },
);

t.test('what a dep was is known by name when its bytes are gone', async (t) => {
  const rig = createDvcProject(t);
  rig.write('prepare.sh', '# another\n');
  t.equal((await rig.avian('import-dvc')).code, 0);
  const why = JSON.parse((await rig.avian('why prepare --json')).stdout) as object;
  t.match(JSON.stringify(why), /"kind":"dep-changed","key":"prepare.sh"/);
  t.notMatch(JSON.stringify(why), /never-ran/);
  fs.rmSync(join(rig.root, 'out'), { recursive: true });
  t.equal((await rig.avian('checkout prepare')).code, 0, 'its outs are those of the lock');
});

t.test('no DVC project, a broken one, and one that avian cannot load', async (t) => {
  const none = createRig(t);
  const refused = await none.avian('import-dvc');
  t.equal(refused.code, 64);
  t.match(refused.stderr, /import-dvc\/no-project/);
  t.same(fs.readdirSync(none.root), [], 'and nothing was made');

  const broken = createRig(t, { '.dvc/config': '', 'dvc.yaml': 'stages: [' });
  t.equal((await broken.avian('import-dvc')).code, 2);
  t.notOk(fs.existsSync(join(broken.root, 'pipeline.yaml')));

  const unloadable = createRig(t, {
    '.dvc/config': '',
    'dvc.yaml': 'stages:\n  a: {cmd: x, params: [not.there], outs: [cache/x]}\n',
  });
  const { code, stdout } = await unloadable.avian('import-dvc');
  t.equal(code, 2, 'as avian status would end');
  t.match(stdout, /pipeline\/reserved-path/);
  t.ok(fs.existsSync(join(unloadable.root, 'pipeline.yaml')), 'to be mended by hand');
});

// DVC takes a second and more for each word on a busy machine; tap would give up after thirty.
t.setTimeout(600_000);
const dvc = findDvc();
t.test(
  'a project made by the real DVC: status, checkout and repro agree',
  { skip: dvc === undefined && `needs DVC 3: ${INSTALL_DVC}` },
  async (t) => {
    const rig = createRig(t, {
      'data/a.txt': 'robin\n',
      'data/deep/b.txt': 'wren\r\n',
      'params.yaml': 'train: {lr: 1e-3, layers: [1, 2]}\nseed: 42\n',
      'more.json': '{"a": {"b": 1.0}, "c": null}\n',
      'src/prepare.sh':
        'mkdir -p clean/er && cat data/*.txt > clean/all.txt && cp data/deep/b.txt clean/er/\ntouch clean/run && chmod +x clean/run\n',
      'dvc.yaml': `stages:
  prepare:
    cmd: sh src/prepare.sh
    deps: [data, src/prepare.sh]
    outs: [clean]
  train:
    cmd: |
      cat clean/all.txt > model
      echo '{"accuracy": 0.5}' > metrics.json
    deps: [clean/all.txt, clean/er]
    params: [train, seed, more.json: ]
    outs: [model]
    metrics: [metrics.json: {cache: false}]
  name:
    foreach: {x: robin, y: gold finch}
    do:
      cmd: echo \${item} \${seed} > \${key}.out
      outs: ["\${key}.out"]
`,
      'report/params.yaml': 'words: [a, b]\n',
      'report/dvc.yaml': `stages:
  say:
    foreach: \${words}
    do:
      cmd: echo \${item} > \${item}.txt
      outs: ["\${item}.txt"]
  train:
    cmd: cp ../model report.txt
    deps: [../model]
    outs: [report.txt]
`,
    });
    await rig.git('init', '-q');
    fs.chmodSync(join(rig.root, 'src/prepare.sh'), 0o755);
    const real = (...words: string[]) => runDvc(dvc ?? '', rig.root, words);
    await real('init', '-q');
    await real('add', '-q', 'data');
    await real('repro', '-q', '-P');
    t.match((await real('status')).stdout, /up to date/);

    const imported = await rig.avian('import-dvc');
    t.equal(imported.code, 0, imported.stdout + imported.stderr);
    const status = await rig.avian('status --exit-code');
    t.equal(status.code, 0, status.stdout);
    t.match((await rig.avian('repro --json')).stdout, /"counts":\{"skipped":7\}/);
    t.match((await real('status')).stdout, /up to date/, 'and DVC goes on beside it');

    const outs = ['data', 'clean', 'model', 'y.out', 'report/report.txt', 'report/b.txt'];
    const lying = (): readonly string[] =>
      picture(rig.root).filter((line) => /^. "(data|clean|model|report|y.out)/.test(line));
    const before = lying();
    for (const path of outs) fs.rmSync(join(rig.root, path), { recursive: true });
    t.equal((await rig.avian('checkout')).code, 0);
    t.same(lying(), before, 'every byte and executable bit');
    t.match((await real('status')).stdout, /up to date/, 'the same bytes, says DVC');
  },
);
