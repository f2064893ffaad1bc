import t from 'tap';
import type { ProjectNames } from '../../commands/project-names.ts';
import type { Io } from '../io.ts';
import { verbs } from '../verbs.ts';
import { complete } from './complete.ts';
import { usageOf } from './usage.ts';

const NAMES: ProjectNames = {
  stages: ['prepare', 'train', 'train@cpu'],
  outs: ['model'],
  tasks: ['predict'],
  sources: ['data/raw'],
  groups: { data: ['plates', 'folder'], 'data/loader': ['fast'] },
  keys: ['train.lr', 'train.epochs'],
};

/** What completes a line; `|` stands where the cursor is. */
async function offered(line: string): Promise<string[]> {
  const words = line.replace('|', '').split(' ');
  const candidates = await complete({ words, verbs, names: () => Promise.resolve(NAMES) });
  return candidates.map(({ word }) => word);
}

t.test('commands, their second words and their options', async (t) => {
  t.same(await offered('rep|'), ['repro', 'report']);
  t.ok((await offered('|')).includes('completion'));
  t.same(await offered('--v|'), ['--version']);
  t.same(await offered('help sta|'), ['status']);
  t.same(await offered('metrics |'), ['show', 'diff']);
  t.same(await offered('metrics diff --a|'), ['--all']);
  t.same(await offered('completion |'), ['bash', 'zsh', 'fish']);
  t.same(await offered('repro --tr|'), ['--trace']);
  t.same(await offered('repro -|'), await offered('repro --|'));
  t.ok((await offered('dag --|')).includes('--help'));
  t.same(await offered('nonsense |'), []);
});

t.test('names of the project where they can stand', async (t) => {
  t.same(await offered('logs tr|'), ['train', 'train@cpu']);
  t.same(await offered('repro |'), [
    'prepare',
    'train',
    'train@cpu',
    'model',
    'data=',
    'data/loader=',
  ]);
  t.same(await offered('repro -f -s mo|'), ['model']);
  t.same(await offered('deps suggest pre|'), ['prepare']);
  t.same(await offered('run |'), ['predict']);
  t.same(await offered('run predict |'), [], 'the words of a task are its own');
  t.same(await offered('checkout d|'), ['data/raw']);
  t.same(await offered('remove d|'), ['data/raw']);
  t.same(await offered('doctor |'), []);
});

t.test('overrides: a group, its options, a key', async (t) => {
  t.same(await offered('repro da|'), ['data=', 'data/loader=']);
  t.same(await offered('repro data=|'), ['data=plates', 'data=folder']);
  t.same(await offered('repro ++data/loader=f|'), ['++data/loader=fast']);
  t.same(await offered('repro train.l|'), ['train.lr=']);
  t.same(await offered('repro train.lr=|'), []);
});

t.test('the value of an option is no target', async (t) => {
  t.same(await offered('repro -j |'), []);
  t.same(await offered('repro --jobs |'), []);
  t.same(await offered('repro --jobs 4 pre|'), ['prepare']);
  t.same(await offered('deploy artifacts --target |'), ['local', 'docker', 'cloud-run']);
  t.same(await offered('image build --output |'), []);
  t.ok((await offered('gc --undo --|')).includes('--json'), 'one that may be left out');
});

t.test('the project is asked only when one of its names can stand there', async (t) => {
  const names = () => Promise.reject(new Error('asked'));
  for (const words of [['re'], ['repro', '--'], ['doctor', ''], ['repro', '-j', '']]) {
    await complete({ words, verbs, names });
  }
  await t.rejects(complete({ words: ['repro', ''], verbs, names }), /asked/);
});

// The help is where completion gets its options from: each has to be one that the verb takes.
t.test('every option that a help shows is taken by its verb', async (t) => {
  for (const [name, verb] of Object.entries(verbs)) {
    const { options } = usageOf(name, verb);
    for (const { name: option, value } of options) {
      const said: string[] = [];
      const io = { stderr: (text: string) => said.push(text), stdout: () => undefined, env: {} };
      const words = [value === undefined ? option : `${option}=1`, '--no-such-option-at-all'];
      const { run } = await verb.load();
      await run(words, { ...(io as unknown as Io), cwd: '/', columns: undefined, argv: words });
      t.match(said.join(''), /no option `--no-such-option-at-all`/, `${name} ${option}`);
    }
  }
});

t.test(
  'every placeholder of a usage is one that completion knows, or is none of the project’s',
  async (t) => {
    const known = new Set([
      ...['targets', 'overrides', 'stage', 'task', 'path', 'source', 'from', 'options', 'words'],
      // Revisions, runs, deployments, folders: what the shell offers has to do.
      ...[
        'before',
        'after',
        'revision',
        'run',
        'digest',
        'deployment',
        'image',
        'image dir',
        'folder',
        'url',
        'to',
        'pattern',
      ],
    ]);
    for (const [name, verb] of Object.entries(verbs)) {
      const strange = [...usageOf(name, verb).takes].filter(
        (placeholder) => !known.has(placeholder),
      );
      t.same(strange, [], name);
    }
  },
);
