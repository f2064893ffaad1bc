import t from 'tap';
import type { RepoPath, StageName } from '../model/names.ts';
import { randomFrom, seedOf } from '../testing/random.ts';
import { editPipeline, type PipelineEdit } from './edit-pipeline.ts';

const name = (text: string): StageName => text as StageName;
const path = (text: string): RepoPath => text as RepoPath;

const TEXT = `# what this is for
vars: [v.yaml]   # where values are

stages:
  # raw to clean
  prepare:   # the first
    cmd:  python prepare.py   # two blanks
    deps: [ prepare.py, "data/raw" , 'data/raw/a.csv' ]
    outs:
      - data/clean   # the result


  train:
    wdir: data
    cmd: >-
      train
      --long
    deps:
      - clean
      - ../data/raw
    outs: [{../model: {cache: false}}]
    params:
      - lr
      - raw: [a]
    metrics:
    - "../model.json":
        gate: {acc: '>= 0.5'}
    # that is all of train

  # the last one
  score: {cmd: score, deps: [model], outs: [report]}
# the end
`;

const edited = async (edit: PipelineEdit, text = TEXT): Promise<string> => {
  const done = await editPipeline(text, edit);
  return done.ok ? done.value : (done.error.diagnostics[0]?.code ?? '');
};

t.test('a stage goes with its comment; everything else stays as it was written', async (t) => {
  t.equal(
    await edited({ kind: 'remove-stage', name: name('prepare') }),
    TEXT.replace(/ {2}# raw to clean[^]*?(?=\n\n {2}train)/, ''),
  );
  t.equal(
    await edited({ kind: 'remove-stage', name: name('score') }),
    TEXT.replace(/\n {2}# the last one\n {2}score.*\n/, ''),
  );
  const only = 'stages:\n  a:\n    cmd: x\n# end\n';
  t.match(await edited({ kind: 'remove-stage', name: name('a') }, only), /^stages:\n? +\{\}\n/);
});

t.test('a stage is renamed in its own quotes', async (t) => {
  t.equal(
    await edited({ kind: 'rename-stage', name: name('train'), to: name('fit') }),
    TEXT.replace('  train:', '  fit:'),
  );
  t.equal(
    await edited(
      { kind: 'rename-stage', name: name('a'), to: name('1') },
      'stages: {"a": {cmd: x}}\n',
    ),
    'stages: {"1": {cmd: x}}\n',
  );
  t.equal(
    await edited(
      { kind: 'rename-stage', name: name('a'), to: name('1') },
      'stages:\n  a: {cmd: x}\n',
    ),
    'stages:\n  "1": {cmd: x}\n',
    'a plain 1 would be a number',
  );
});

t.test('frozen comes after the last field, and goes without a trace', async (t) => {
  for (const stage of ['prepare', 'train', 'score']) {
    const frozen = await edited({ kind: 'freeze', name: name(stage), frozen: true });
    t.equal(frozen.replace(/ *frozen: true\n|, frozen: true/, ''), TEXT, stage);
    t.equal(
      await edited({ kind: 'freeze', name: name(stage), frozen: false }, frozen),
      TEXT,
      stage,
    );
  }
  t.equal(
    await edited({ kind: 'freeze', name: name('a'), frozen: true }, 'stages:\n  a:\n    cmd: x'),
    'stages:\n  a:\n    cmd: x\n    frozen: true\n',
    'a last line without an end gets one',
  );
  const said = 'stages:\n  a:\n    frozen: false # for now\n    cmd: x\n';
  t.equal(
    await edited({ kind: 'freeze', name: name('a'), frozen: true }, said),
    said.replace('false', 'true'),
  );
  const merged = 'stages:\n  a: &a {cmd: x, frozen: true}\n  b:\n    <<: *a\n    cmd: y\n';
  t.equal(
    await edited({ kind: 'freeze', name: name('b'), frozen: false }, merged),
    `${merged}    frozen: false\n`,
  );
});

t.test('paths move in plots of the top level, and names stay names', async (t) => {
  const text = `stages: {}
plots:
  - data/loss.csv   # bare
  - 'data/log.csv': {x: step}
  - data: {x: {data/a.csv: n}, y: {"data/b.csv": [m], other.csv: k}}
  - data/pictures: {template: images}
`;
  t.equal(
    await edited({ kind: 'move-path', from: path('data'), to: path('in') }, text),
    `stages: {}
plots:
  - in/loss.csv   # bare
  - 'in/log.csv': {x: step}
  - data: {x: {in/a.csv: n}, y: {"in/b.csv": [m], other.csv: k}}
  - in/pictures: {template: images}
`,
  );
});

t.test('paths move in every list, relative to wdir and in their quotes', async (t) => {
  t.equal(
    await edited({ kind: 'move-path', from: path('data/raw'), to: path('in/new raw') }),
    TEXT.replace('"data/raw"', '"in/new raw"')
      .replace("'data/raw/a.csv'", "'in/new raw/a.csv'")
      .replace('- ../data/raw', '- ../in/new raw')
      .replace('- raw: [a]', '- ../in/new raw: [a]'),
  );
  t.equal(
    await edited({ kind: 'move-path', from: path('model'), to: path('data/model') }),
    TEXT.replace('{../model:', '{model:').replace('deps: [model]', 'deps: [data/model]'),
  );
  t.equal(await edited({ kind: 'move-path', from: path('none'), to: path('x') }), TEXT);
});

t.test('CRLF stays CRLF', async (t) => {
  const text = TEXT.replaceAll('\n', '\r\n');
  const gone = await edited({ kind: 'remove-stage', name: name('score') }, text);
  t.equal(gone, text.replace(/\r\n {2}# the last one\r\n {2}score.*\r\n/, ''));
});

t.test('what is not written as one stage is refused in words', async (t) => {
  const text = `stages:
  each: {foreach: [a], do: {cmd: x}}
  all:
    matrix: {m: [1]}
    cmd: x
  base: &base
    cmd: x
  same: *base
`;
  for (const [stage, code] of [
    ['each', 'edit/generated'],
    ['each@a', 'edit/generated'],
    ['all', 'edit/generated'],
    ['all@1', 'edit/generated'],
    ['same', 'edit/alias'],
    ['none', 'edit/no-stage'],
  ] as const) {
    t.equal(await edited({ kind: 'freeze', name: name(stage), frozen: true }, text), code, stage);
    if (stage === 'each' || stage === 'all') continue;
    t.equal(await edited({ kind: 'remove-stage', name: name(stage) }, text), code, stage);
  }
  const group = await edited({ kind: 'remove-stage', name: name('all') }, text);
  t.notMatch(group, /matrix/, 'a whole group goes in one');
  const base = await edited({ kind: 'remove-stage', name: name('base') }, text);
  t.equal(base, 'edit/too-intricate', 'its anchor is needed');
  const both = await edited({ kind: 'freeze', name: name('base'), frozen: true }, text);
  t.equal(both, 'edit/too-intricate', 'it would freeze another one as well');
  t.equal(await edited({ kind: 'remove-stage', name: name('a') }, 'stages: ['), 'edit/unreadable');
});

t.test('whatever the layout, an edit changes only lines of its own, or nothing', async (t) => {
  const seed = seedOf(process.env);
  t.comment(`SEED=${seed}`);
  const random = randomFrom(seed);
  const comment = (): string => random.pick(['', '', ' # note', '   # two words']);
  const gap = (): string => random.pick(['', '', '\n', '\n\n', '  # alone\n', '# at the margin\n']);
  for (let round = 0; round < 150; round += 1) {
    const names = ['a', 'b', 'c'].slice(0, 1 + random.below(3));
    const text = `stages:${comment()}\n${names
      .map((each) => {
        const quoted = random.pick([each, `"${each}"`, `'${each}'`]);
        const body = random.pick([
          ` {cmd: x, outs: [out/${each}]}${comment()}\n`,
          `${comment()}\n    cmd: |\n      x\n${gap()}    outs:\n    - out/${each}${comment()}\n`,
          `${comment()}\n    outs: [\n      out/${each}${comment()}\n    ]\n    cmd: "x"${comment()}\n`,
        ]);
        return `${gap()}  ${quoted}:${body}`;
      })
      .join('')}${gap()}`;
    const target = name(random.pick(names));
    const edit = random.pick<PipelineEdit>([
      { kind: 'remove-stage', name: target },
      { kind: 'rename-stage', name: target, to: name('renamed') },
      { kind: 'freeze', name: target, frozen: true },
      { kind: 'move-path', from: path(`out/${target}`), to: path('elsewhere') },
    ]);
    const done = await editPipeline(text, edit);
    if (!done.ok) {
      t.fail('refused', { seed, text, edit });
      continue;
    }
    const lines = new Set(text.split('\n'));
    const fresh = done.value.split('\n').filter((line) => !lines.has(line));
    const most = edit.kind === 'remove-stage' ? (names.length === 1 ? 1 : 0) : 1;
    if (fresh.length > most) t.fail('other lines changed', { seed, text, edit, now: done.value });
  }
  t.pass('150 edits');
});
