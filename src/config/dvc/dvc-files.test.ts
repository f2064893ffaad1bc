import t from 'tap';
import * as yaml from 'yaml';
import type { Diagnostic } from '../../model/diagnostic.ts';
import { readDvcConfig, readDvcFile, readDvcLock } from './dvc-files.ts';

const MD5 = 'c67a78c108e3e90a3f5c8173ab7e1411';
const found: Diagnostic[] = [];
const report = (diagnostic: Diagnostic): void => void found.push(diagnostic);

t.test('dvc.lock of DVC 3: command, contents, parameters', (t) => {
  const lock = readDvcLock(
    yaml,
    'dvc.lock',
    `schema: '2.0'
stages:
  train:
    cmd: |
      one
      two
    deps:
    - {path: data, hash: md5, md5: ${MD5}.dir, size: 7, nfiles: 2}
    - {path: train.sh, hash: md5, md5: ${MD5}, size: 1, isexec: true}
    params:
      params.yaml: {train: {lr: 1e-05}}
    outs:
    - {path: model, hash: md5, md5: ${MD5}}
`,
    report,
  );
  const train = lock.get('train');
  t.same(train?.cmd, ['one', 'two'], 'DVC runs a text line by line');
  t.match(train?.deps, [
    { path: 'data', hash: { md5: MD5, directory: true, legacy: false }, executable: false },
    { path: 'train.sh', hash: { directory: false }, executable: true },
  ]);
  t.same(train?.params, { 'params.yaml': { train: { lr: 0.00001 } } });
  t.match(train?.outs, [{ path: 'model' }]);
  t.end();
});

t.test('dvc.lock of DVC 1 is the stages themselves; without `hash` an MD5 is a legacy one', (t) => {
  const text = `prepare:\n  cmd: a\n  outs:\n  - {path: x, md5: ${MD5}}\n`;
  const lock = readDvcLock(yaml, 'dvc.lock', text, report);
  t.match(lock.get('prepare')?.outs, [{ hash: { legacy: true } }]);
  t.equal(lock.size, 1);
  t.end();
});

t.test('.dvc files: added data, imports, stages of old', (t) => {
  const added = readDvcFile(yaml, 'a.dvc', `outs:\n- {md5: ${MD5}, path: a, hash: md5}\n`, report);
  t.match(added, { wdir: '.', frozen: false, cmd: [], outs: [{ path: 'a' }] });
  const imported = readDvcFile(
    yaml,
    'b.dvc',
    `frozen: true\ndeps:\n- {path: https://x.org/b, etag: '"1"'}\nouts:\n- {path: b, md5: nonsense}\n`,
    report,
  );
  t.match(imported, { frozen: true, deps: [{ path: 'https://x.org/b' }] });
  t.equal(imported.outs[0]?.hash, undefined, 'what is no MD5 is none');
  const old = readDvcFile(yaml, 'c.dvc', `cmd: run\nwdir: ..\nlocked: true\nouts: []\n`, report);
  t.match(old, { cmd: ['run'], wdir: '..', frozen: true });
  t.end();
});

t.test('the configuration: a cache elsewhere, remotes without their secrets', (t) => {
  const config = readDvcConfig(
    `[core]\n    remote = store\n['remote "store"']\n    url = s3://key:secret@bucket/path\n[cache]\n    dir = ../a\n`,
    `[cache]\n    dir = /elsewhere\n    type = symlink\n`,
  );
  t.same(config, {
    cacheDir: '/elsewhere',
    remotes: [{ name: 'store', url: 's3://bucket/path' }],
  });
  t.same(readDvcConfig(''), { remotes: [] });
  t.end();
});

t.test('a text that is no YAML is reported, and holds nothing', (t) => {
  t.same(found, []);
  t.equal(readDvcLock(yaml, 'dvc.lock', 'a: [', report).size, 0);
  t.match(found, [{ code: 'yaml/syntax', span: { file: 'dvc.lock' } }]);
  t.end();
});
