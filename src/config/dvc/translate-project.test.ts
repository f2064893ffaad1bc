import t from 'tap';
import * as yaml from 'yaml';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { DvcNote } from '../../model/dvc.ts';
import { translateProject } from './translate-project.ts';

const MD5 = 'c67a78c108e3e90a3f5c8173ab7e1411';

function translate(texts: { readonly [file: string]: string }) {
  const diagnostics: Diagnostic[] = [];
  const notes: DvcNote[] = [];
  const files = Object.keys(texts).filter((file) => !file.endsWith('dvc.lock'));
  const project = translateProject(
    yaml,
    { files, read: (path) => texts[path] },
    (diagnostic) => void diagnostics.push(diagnostic),
    (note) => void notes.push(note),
  );
  const said = notes.map(
    ({ code, file, line }) => `${code.slice('import-dvc/'.length)} ${file}:${line ?? ''}`,
  );
  const [, ...lines] = project.pipeline.split('\n');
  return { ...project, notes, said, diagnostics, text: lines.join('\n') };
}

t.test('what means the same stays as it was written: comments, order, templates', (t) => {
  const text = `# how birds become a model
vars:
  - conf.yaml
stages:
  # slow
  train:
    cmd: python train.py \${lr} # not shown
    deps: [train.py, data]
    params: [train, {other.yaml: [a.b]}]
    outs:
      - model: {persist: true, desc: the model}
    metrics:
      - metrics.json: {cache: false}
    frozen: true
  each:
    foreach: [a, b]
    do:
      cmd: echo \${item}
      outs: ["\${item}.txt"]
`;
  const { text: pipeline, said } = translate({ 'dvc.yaml': text });
  t.equal(pipeline, text);
  t.same(said, []);
  t.end();
});

t.test('a field that avian lacks is told with its line, and the rest stays', (t) => {
  const { text, said, notes } = translate({
    'dvc.yaml': `stages:
  train:
    cmd: |
      one
      two
    deps: [s3://bucket/x, ../outside, /abs, data]
    params: [config.toml: [a], {more.py: [b], ok.json: [c]}, lr]
    live: {dvclive: {}}
    outs:
      - model: {remote: store, labels: [x], checkpoint: true}
      - gs://bucket/out
    plots:
      - roc.csv: [{x: a}, {x: b}]
`,
  });
  t.equal(
    text,
    `stages:
  train:
    cmd:
      - one
      - two
    deps:
      - data
      - config.toml
      - more.py
    params:
      - ok.json:
          - c
      - lr
    outs:
      - model:
          meta:
            labels:
              - x
    plots:
      - roc.csv:
          x: a
`,
  );
  t.same(said, [
    'params-format dvc.yaml:7',
    'params-format dvc.yaml:7',
    'external-dep dvc.yaml:6',
    'external-dep dvc.yaml:6',
    'external-dep dvc.yaml:6',
    'unknown-field dvc.yaml:8',
    'remote-field dvc.yaml:10',
    'unknown-field dvc.yaml:10',
    'external-out dvc.yaml:11',
    'several-plots dvc.yaml:13',
  ]);
  t.ok(
    notes.every(({ message, hint }) => message.length > 0 && hint.length > 0),
    'each with what to do',
  );
  t.end();
});

t.test('sections beside the stages become part of the outs they name, or are told', (t) => {
  const { text, said } = translate({
    'dvc.yaml': `stages:
  evaluate:
    cmd: evaluate
    outs: [eval, metrics.json: {cache: false}, roc.csv, model.pkl]
metrics: [metrics.json, eval/metrics.json]
params: [params.yaml]
plots:
  - roc.csv: {x: fpr, y: tpr, title: ROC}
  - Both: {x: fpr, y: {eval/a.csv: tpr}}
  - nobody.png
artifacts:
  birds: {path: model.pkl, type: model, desc: names birds, labels: [bird]}
  data: {path: data.xml}
datasets: []
`,
  });
  t.equal(
    text,
    `stages:
  evaluate:
    cmd: evaluate
    outs:
      - eval
      - model.pkl:
          desc: names birds
          type: model
          meta:
            labels:
              - bird
    metrics:
      - metrics.json:
          cache: false
    plots:
      - roc.csv:
          x: fpr
          y: tpr
          title: ROC
plots:
  - Both:
      x: fpr
      y:
        eval/a.csv: tpr
  - nobody.png: {}
`,
  );
  t.same(said, [
    'metrics-section dvc.yaml:5',
    'artifact dvc.yaml:13',
    'params-section dvc.yaml:6',
    'datasets dvc.yaml:14',
  ]);
  t.end();
});

t.test('stages of folders below get their folder as wdir and in their name', (t) => {
  const entry = `{cmd: x, outs: [{path: o, md5: ${MD5}, hash: md5}]}`;
  const { stages, locked, text, said } = translate({
    'sub/dir/dvc.yaml': 'stages:\n  train: {cmd: x, wdir: .., outs: [o]}\n',
    'sub/dir/dvc.lock': `schema: '2.0'\nstages:\n  train: ${entry}\n  gone: ${entry}\n`,
    'sub dir/dvc.yaml': 'stages: {train: {cmd: x}}\n',
    'sub_dir/dvc.yaml': 'stages: {train: {cmd: x}}\n',
    'dvc.yaml': 'stages:\n  train: {cmd: x}\n  each: {foreach: [1], do: {cmd: x}}\n',
    'dvc.lock': `schema: '2.0'\nstages:\n  each@1: ${entry}\n`,
  });
  t.same(stages, [
    { name: 'train', file: 'dvc.yaml' },
    { name: 'each', file: 'dvc.yaml' },
    { name: 'sub_dir.train', file: 'sub dir/dvc.yaml', was: 'train' },
    { name: 'sub_dir.train_2', file: 'sub_dir/dvc.yaml', was: 'train' },
    { name: 'sub.dir.train', file: 'sub/dir/dvc.yaml', was: 'train' },
  ]);
  t.same(
    locked.map(({ name, file }) => `${name} ${file}`),
    ['each@1 dvc.lock', 'sub.dir.train sub/dir/dvc.lock'],
    'a stage that dvc.yaml no longer has is left out',
  );
  t.match(text, /sub\.dir\.train:\n {4}cmd: x\n {4}wdir: sub\n/);
  t.match(said, [/^renamed sub dir/, /^renamed sub_dir/, /^renamed sub\/dir/]);
  t.end();
});

t.test('templates of folders below are written out with the values of their folder', (t) => {
  const { stages, text, said, locked } = translate({
    'params.yaml': 'lr: 1\n',
    'sub/params.yaml': 'lr: 2\nsets: [a, b]\n',
    'sub/more.yaml': 'word: it is\n',
    'sub/dvc.yaml': `vars: [more.yaml, {deep: 1}]
stages:
  each:
    foreach: \${sets}
    do:
      cmd: train \${lr} \${word} \\\${HOME}
      outs: ["\${item}"]
  plain: {cmd: x}
`,
    'sub/dvc.lock': `schema: '2.0'\nstages:\n  each@a: {cmd: train 2 it is}\n`,
    'bad/dvc.yaml': 'stages: {no: {cmd: "${not.there}"}, plain: {cmd: x}}\n',
  });
  t.same(
    stages.map(({ name }) => name),
    ['sub.each@a', 'sub.each@b', 'sub.plain', 'bad.plain'],
  );
  t.match(text, /cmd: train 2 'it is' \\\$\{HOME\}/);
  t.match(text, /outs:\n {6}- b\n/);
  t.same(
    said.filter((line) => !line.startsWith('renamed')),
    ['written-out sub/dvc.yaml:3', 'templated-elsewhere bad/dvc.yaml:1'],
  );
  t.match(locked, [{ name: 'sub.each@a' }]);
  t.end();
});

t.test('.dvc files: raw data, imports, and the stages of DVC before 1.0', (t) => {
  const { sources, locked, text, said } = translate({
    'data/raw.xml.dvc': `outs:\n- {md5: ${MD5}, path: raw.xml, hash: md5}\n`,
    'got.dvc': `frozen: true\ndeps:\n- path: d\n  repo: {url: https://x.org/r, rev_lock: abc}\nouts:\n- {md5: ${MD5}, path: got}\n`,
    'web.dvc': `frozen: true\ndeps:\n- {path: 'https://me:x@x.org/w', checksum: '"e1"'}\nouts:\n- {md5: ${MD5}, path: w}\n`,
    'far.dvc': `wdir: ..\nouts:\n- {md5: ${MD5}, path: far}\n`,
    'steps/train.dvc': `cmd: python train.py
wdir: ..
deps:
- {md5: ${MD5}, path: train.py}
- {path: params.yaml, params: {lr: 0.1}}
outs:
- {md5: ${MD5}, path: model, cache: true, persist: false}
- {md5: ${MD5}, path: auc.json, cache: false, metric: true}
`,
    '.dvcignore': '*.tmp\n',
  });
  t.same(
    sources.map(({ path }) => path),
    ['got', 'w', 'data/raw.xml'],
  );
  t.equal(
    text,
    `stages:
  steps.train:
    cmd: python train.py
    wdir: .
    deps:
      - train.py
    params:
      - params.yaml:
          - lr
    outs:
      - model
    metrics:
      - auc.json:
          cache: false
`,
  );
  t.same(sources[1]?.origin?.(7), { url: 'https://x.org/w', etag: '"e1"', size: 7 });
  t.match(locked, [{ name: 'steps.train', stage: { params: { 'params.yaml': { lr: 0.1 } } } }]);
  t.same(said, ['imported-data got.dvc:', 'external-out far.dvc:', 'renamed steps/train.dvc:']);
  t.end();
});

t.test('a name that avian does not have becomes one', (t) => {
  const { stages, notes } = translate({ 'dvc.yaml': 'stages: {make features: {cmd: x}}\n' });
  t.same(stages, [{ name: 'make_features', file: 'dvc.yaml', was: 'make features' }]);
  t.match(notes, [{ message: /is called `make_features`: it is no name here/ }]);
  t.end();
});

t.test('an anchor is written out: an edit behind it would change every place', (t) => {
  const { text } = translate({
    'dvc.yaml': `stages:\n  one: {cmd: x, deps: &deps [a, s3://b/c]}\n  two: {cmd: x, deps: *deps}\n`,
  });
  t.match(text, /one:\n {4}cmd: x\n {4}deps:\n {6}- a\n {2}two:/);
  t.end();
});

t.test('a dvc.yaml that is no YAML is reported', (t) => {
  const { diagnostics } = translate({ 'dvc.yaml': 'stages: {a: \n', 'b/dvc.yaml': 'stages: [' });
  t.match(diagnostics, [{ span: { file: 'dvc.yaml' } }, { span: { file: 'b/dvc.yaml' } }]);
  t.end();
});

t.test('plots beside the stages of a folder below name their files from the root', (t) => {
  const { text, said } = translate({
    'sub/dvc.yaml': `stages:
  train: {cmd: x, outs: [log.csv]}
plots:
  - other.csv: {x: step, y: [a, b], template: smooth}
  - ROC: {x: {log.csv: fpr}, y: {log.csv: tpr, ../eval.json: [tpr]}, x_label: fp}
  - ../../secret.csv
  - '\${name}.csv'
  - Gone: {y: {/etc/passwd: x}}
`,
  });
  t.match(
    text,
    `plots:
  - sub/other.csv:
      x: step
      y:
        - a
        - b
      template: smooth
  - ROC:
      x:
        sub/log.csv: fpr
      y:
        sub/log.csv: tpr
        eval.json:
          - tpr
      x_label: fp
`,
  );
  t.same(said, [
    'renamed sub/dvc.yaml:2',
    'plots-section sub/dvc.yaml:6',
    'plots-section sub/dvc.yaml:7',
    'plots-section sub/dvc.yaml:8',
  ]);
  t.end();
});
