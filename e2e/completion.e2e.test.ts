import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { AVIAN, createRig } from './rig.ts';

const needs = (shell: string) =>
  spawnSync(shell, ['-c', 'true']).status === 0
    ? {}
    : { skip: `needs ${shell}; Debian: apt-get install ${shell}` };

const PROJECT = {
  'pipeline.yaml': `
stages:
  prepare: { cmd: 'true', deps: [raw.csv] }
  train: { cmd: 'true', outs: [model] }
tasks:
  predict: { cmd: 'true' }
`,
  'raw.csv': '1\n',
  'params.yaml': 'defaults: [{data: plates}, _self_]\ntrain: {lr: 0.1}\n',
  'conf/data/plates.yaml': 'size: 1\n',
  'conf/data/folder.yaml': 'size: 2\n',
};

/** A project, and a shell that finds `avian` on PATH in it. */
function open(t: Test) {
  const rig = createRig(t, PROJECT);
  const bin = join(rig.root, 'cache/bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'avian'), `#!/bin/sh\nexec '${process.execPath}' '${AVIAN}' "$@"\n`);
  chmodSync(join(bin, 'avian'), 0o755);
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` };
  const shell = (program: string, words: readonly string[], input = ''): string => {
    const ended = spawnSync(program, words, { cwd: rig.root, env, input, encoding: 'utf8' });
    if (ended.stderr !== '') t.comment(ended.stderr);
    return ended.stdout;
  };
  return { rig, shell };
}

/** By line as typed: what is offered. As bash sees it, what stands before the last `=` stays. */
const LINES: { readonly [line: string]: { readonly bash: string; readonly other: string } } = {
  'avian repr': { bash: 'repro', other: 'repro' },
  'avian repro --dow': { bash: '--downstream', other: '--downstream' },
  'avian why pre': { bash: 'prepare', other: 'prepare' },
  'avian run pre': { bash: 'predict', other: 'predict' },
  'avian repro train.l': { bash: 'train.lr=', other: 'train.lr=' },
  'avian repro data=fo': { bash: 'folder', other: 'data=folder' },
};

t.test('bash', needs('bash'), async (t) => {
  const { shell } = open(t);
  const ask = Object.keys(LINES).map((line) => {
    // Split as readline does: at blanks, and `=` is a word of its own.
    const words = line.split(' ').flatMap((word) => word.split(/(=)/).filter(Boolean));
    const quoted = words.map((word) => `'${word}'`).join(' ');
    return `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _avian; echo "\${COMPREPLY[*]}"`;
  });
  const script = ['eval "$(avian completion bash)"', ...ask, 'complete -p avian'];
  const answers = shell('bash', ['--norc', '--noprofile'], script.join('\n')).split('\n');
  t.same(
    answers.slice(0, -2),
    Object.values(LINES).map(({ bash }) => bash),
  );
  t.equal(answers.at(-2), 'complete -o default -F _avian avian', 'files, where there is no answer');
});

t.test('fish', needs('fish'), async (t) => {
  const { shell } = open(t);
  const ask = Object.keys(LINES).map((line) => `complete -C '${line}'; echo ==`);
  const script = ['avian completion fish | source', ...ask, `complete -C 'avian add ra'`];
  const answers = shell('fish', ['--no-config', '-c', script.join('\n')]).split('==\n');
  t.same(
    answers.slice(0, -1).map((answer) => answer.split('\t')[0]!.trim()),
    Object.values(LINES).map(({ other }) => other),
  );
  t.match(answers[0], 'run the stages', 'with what it does');
  t.match(answers.at(-1), 'raw.csv', 'files, where there is no answer');
});

t.test('zsh', needs('zsh'), async (t) => {
  const { shell } = open(t);
  // A terminal for it: completion runs in its line editor alone. ^X tells what TAB made of the line.
  const script = String.raw`
    zmodload zsh/zpty
    zpty session zsh -f -i
    until_said() { zpty -r session out "*$1*" && print -r -- "$out"; }
    zpty -w session 'PS1=; autoload -Uz compinit; compinit -D -u; eval "$(avian completion zsh)"'
    zpty -w session 'tell() { print -r -- "<<$BUFFER>>"; BUFFER=; }; zle -N tell; bindkey "^X" tell'
    zpty -w session 'print -r rea""dy'
    until_said ready > /dev/null
    for line in ${Object.keys(LINES)
      .map((line) => `'${line}'`)
      .join(' ')}; do
      zpty -w -n session "$line"$'\t\x18'
      until_said '<<*>>' | tr -d '\r' | grep -o '<<[^>]*>>' | tail -1
    done
    zpty -d session
  `;
  const answers = shell('zsh', ['-f', '-c', script]).trim().split('\n');
  t.comment(answers.join(' / '));
  t.same(
    answers.map((answer) =>
      answer
        .replace(/^<<|>>$/g, '')
        .trim()
        .split(' ')
        .at(-1),
    ),
    Object.values(LINES).map(({ other }) => other),
  );
});

t.test('whatever is typed wherever, there is no error', async (t) => {
  const { rig } = open(t);
  const ask = async (...words: string[]) => rig.avian(['completion', '--words', '--', ...words]);
  rig.write('pipeline.yaml', 'stages: [');
  for (const words of [
    ['repro', ''],
    [],
    [''],
    ['-C'],
    ['-C', '/nowhere', 'why', ''],
    ['--', '--'],
  ]) {
    t.match(await ask(...words), { code: 0, stderr: '' }, JSON.stringify(words));
  }
  const unknown = await rig.avian('completion fishh');
  t.match(unknown, {
    code: 64,
    stdout: '',
    stderr: /usage\/unknown-shell.*\n.*did you mean "fish"/,
  });
});
