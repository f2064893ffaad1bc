import t from 'tap';
import { createRig, type Ended } from './rig.ts';

interface Case {
  readonly name: string;
  readonly files?: { readonly [path: string]: string };
  readonly words: string;
  readonly code: number;
  /** In stderr: the permanent code, the place, the hint. */
  readonly says: readonly (string | RegExp)[];
}

const one = (more: string): { readonly [path: string]: string } => ({
  'pipeline.yaml': `stages:\n  one:\n    cmd: touch x\n${more}`,
});

const GOOD = { ...one('    outs: [x]\n'), 'params.yaml': 'train:\n  lr: 0.1\n' };

const CASES: readonly Case[] = [
  { name: 'no project', words: 'repro', code: 2, says: ['error[', 'avian init'] },
  { name: 'no command', files: GOOD, words: '', code: 64, says: ['usage: avian'] },
  {
    name: 'a misspelt command',
    files: GOOD,
    words: 'repor',
    code: 64,
    says: ['error[usage/unknown-command]', 'did you mean `avian repro`?'],
  },
  {
    name: 'a misspelt option',
    files: GOOD,
    words: 'repro --forse',
    code: 64,
    says: ['error[usage/unknown-option]', 'did you mean "--force"?'],
  },
  {
    name: 'an option without its value',
    files: GOOD,
    words: 'repro -j',
    code: 64,
    says: ['error[usage/bad-option]'],
  },
  {
    name: 'no number of jobs',
    files: GOOD,
    words: 'repro -j many',
    code: 64,
    says: ['error[usage/bad-option]', 'hint: for example -j4'],
  },
  {
    name: 'options that exclude each other',
    files: GOOD,
    words: 'repro -s --downstream one',
    code: 64,
    says: ['error[usage/exclusive-options]'],
  },
  {
    name: 'an unknown target',
    files: GOOD,
    words: 'repro oen',
    code: 64,
    says: ['error[usage/unknown-target]', 'did you mean "one"?'],
  },
  { name: 'why without a stage', files: GOOD, words: 'why', code: 64, says: ['usage/wrong-words'] },
  {
    name: 'logs of what never ran',
    files: GOOD,
    words: 'logs one',
    code: 64,
    says: ['error[logs/never-ran]', 'avian repro one'],
  },
  {
    name: 'lineage of nothing known',
    files: GOOD,
    words: 'lineage nowhere',
    code: 64,
    says: ['error[lineage/unknown]'],
  },
  {
    name: 'a revision without a lock',
    files: GOOD,
    words: 'metrics diff nowhere',
    code: 64,
    says: ['error[usage/unknown-revision]'],
  },
  {
    name: 'adding what is not there',
    files: GOOD,
    words: 'add nowhere',
    code: 64,
    says: ['error[add/missing]'],
  },
  {
    name: 'adding from outside',
    files: GOOD,
    words: 'add ../elsewhere',
    code: 64,
    says: ['error[add/outside]'],
  },
  {
    name: 'adding an out',
    files: GOOD,
    words: 'add x',
    code: 64,
    says: ['error[add/is-out]', '`one`'],
  },
  {
    name: 'an unknown task',
    files: GOOD,
    words: 'run predict',
    code: 64,
    says: ['error[usage/unknown-task]', 'tasks:'],
  },
  {
    name: 'checkout of nothing locked',
    files: GOOD,
    words: 'checkout one',
    code: 64,
    says: ['error[checkout/unknown-target]'],
  },
  {
    name: 'YAML that is none',
    files: { 'pipeline.yaml': 'stages:\n  one: [\n' },
    words: 'status',
    code: 2,
    says: ['error[yaml/syntax]', 'pipeline.yaml:'],
  },
  {
    name: 'a misspelt field',
    files: one('    dep: [y]\n'),
    words: 'repro',
    code: 2,
    says: ['error[pipeline/unknown-key]', 'pipeline.yaml:4:5', 'did you mean "deps"?', '~~~'],
  },
  {
    name: 'several problems at once',
    files: one('    dep: [y]\n    outs: [../x]\n  two:\n    outs: [z]\n'),
    words: 'repro',
    code: 2,
    says: ['pipeline/unknown-key', 'pipeline/outside-project', 'pipeline/missing-key'],
  },
  {
    name: 'a cycle, with its path',
    files: {
      'pipeline.yaml':
        'stages:\n  a: {cmd: x, deps: [q], outs: [p]}\n  b: {cmd: x, deps: [p], outs: [q]}\n',
    },
    words: 'dag',
    code: 2,
    says: ['error[pipeline/cycle]', /a -> b -> a|b -> a -> b/],
  },
  {
    name: 'two producers of one out',
    files: {
      'pipeline.yaml': 'stages:\n  a: {cmd: x, outs: [p]}\n  b: {cmd: x, outs: [p]}\n',
    },
    words: 'repro',
    code: 2,
    says: ['error[pipeline/two-producers]', '`a`', '`b`', 'also pipeline.yaml:'],
  },
  {
    name: 'an undeclared parameter',
    files: { ...one('    params: [train.rl]\n'), 'params.yaml': 'train: {lr: 1}\n' },
    words: 'repro',
    code: 2,
    says: ['error[params/missing-key]', 'did you mean "train.lr"?'],
  },
  {
    name: 'an override of nothing',
    files: GOOD,
    words: 'repro train.rl=1',
    code: 2,
    says: ['error[override/unknown-key]', 'train.lr'],
  },
  {
    name: 'a config option that is not there',
    files: {
      ...one('    params: [data]\n'),
      'params.yaml': 'defaults:\n  - data: plates\n',
      'conf/data/plates.yaml': 'size: 1\n',
    },
    words: 'repro data=plate',
    code: 2,
    says: ['error[config/missing-option]', 'plates'],
  },
  {
    name: 'a lock with conflict markers',
    files: { ...GOOD, 'pipeline.lock': '{\n<<<<<<< HEAD\n"version": 1\n=======\n' },
    words: 'repro',
    code: 2,
    says: ['error[lock/', 'pipeline.lock:2', 'hint:'],
  },
  {
    name: 'a lock of a newer avian',
    files: { ...GOOD, 'pipeline.lock': '{"version": 99, "sources": {}, "stages": {}}\n' },
    words: 'repro',
    code: 2,
    says: ['error[lock/'],
  },
  {
    name: 'a missing dep',
    files: one('    deps: [nowhere]\n    outs: [x]\n'),
    words: 'repro',
    code: 1,
    says: ['nowhere'],
  },
  {
    name: 'an out that is not written',
    files: one('    outs: [y]\n'),
    words: 'repro',
    code: 1,
    says: ['y'],
  },
  {
    name: 'a command that is not there',
    files: { 'pipeline.yaml': 'stages:\n  one:\n    cmd: no-such-program\n' },
    words: 'repro',
    code: 1,
    says: ['127', 'no-such-program'],
  },
  {
    name: 'an image without output',
    files: GOOD,
    words: 'image build',
    code: 64,
    says: ['error[usage/wrong-words]', '--output'],
  },
  {
    name: 'an image of nothing',
    files: GOOD,
    words: 'image build -o i --copy nowhere:/app --entrypoint x --base scratch',
    code: 64,
    says: ['error[image/', 'nowhere'],
  },
  {
    name: 'an image by a builder that there is not',
    files: GOOD,
    words: 'image build -o i --copy pipeline.yaml:/app --builder kaniko',
    code: 64,
    says: ['error[image/bad-builder]', 'buildah'],
  },
  {
    name: 'a push without a registry',
    files: GOOD,
    words: 'image push i birds',
    code: 64,
    says: ['error[image/bad-reference]', 'docker.io/birds'],
  },
  {
    name: 'a push of what is no image',
    files: GOOD,
    words: 'image push nowhere 127.0.0.1:1/birds',
    code: 64,
    says: ['error[image/no-layout]', 'nowhere'],
  },
  {
    name: 'deploying what is no image',
    files: GOOD,
    words: 'deploy nowhere --name x',
    code: 64,
    says: ['error[image/', 'nowhere'],
  },
];

for (const { name, files, words, code, says } of CASES) {
  t.test(name, async (t) => {
    const rig = createRig(t, files);
    const ended = await rig.avian(words);
    t.equal(ended.code, code, ended.stderr);
    for (const expected of says) {
      const found =
        typeof expected === 'string'
          ? ended.stderr.includes(expected)
          : expected.test(ended.stderr);
      t.ok(found, `says ${String(expected)}`, { stderr: ended.stderr });
    }
    t.notOk(hasStack(ended), 'no stack trace');
    t.equal(ended.stdout, '', 'stdout stays data');
  });
}

const hasStack = ({ stderr }: Ended): boolean => /^\s+at .+:\d+:\d+/m.test(stderr);
