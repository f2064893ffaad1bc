import { spawnSync } from 'node:child_process';
import t from 'tap';
import { ShellText } from './shell-text.ts';

/** A command with `words` where `@` stands, or undefined when they cannot stand there. */
function fill(template: string, words: readonly string[]): string | undefined {
  const shell = new ShellText();
  for (const [i, literal] of template.split('@').entries()) {
    if (i > 0 && !shell.words(words)) return undefined;
    shell.literal(literal);
  }
  return shell.text;
}

const HOSTILE = [
  ...['', ' ', 'two words', "it's", '"', '\\', '\\\\', '$HOME', '$(id)', '`id`', '; exit 9', '*'],
  ...['~', '#', '&', '|', '>x', '\n', '\'"\'"', '!x', '{a,b}', '\t', '-n', '🐦', "\\'", 'a=b'],
];

void t.test('the shell reads back every value, wherever it stands', async (t) => {
  const places = [
    'printf %s. @ ',
    'printf %s. "@"',
    "printf %s. '@'",
    'printf %s. a@b',
    'printf %s. "$(printf %s @; echo .)"',
    'printf %s. "$(printf %s "@"; echo .)"',
    'printf %s. \'x\'@"y"',
    'true # a comment, it\'s "one\nprintf %s. @',
    'case x in x) printf %s. @;; esac',
    'echo \\" >/dev/null; printf %s. @',
  ];
  for (const place of places) {
    const lines = HOSTILE.map((word) => fill(place, [word]));
    t.ok(lines.every((line) => line !== undefined));
    const { stdout, stderr } = spawnSync('sh', ['-c', lines.join('\n')], { encoding: 'utf8' });
    const wrap = (word: string): string => {
      if (place.includes('a@b')) return `a${word}b`;
      if (place.includes("'x'@")) return `x${word}y`;
      return place.includes('echo .)') ? `${word}.` : word;
    };
    t.equal(stdout, HOSTILE.map((word) => `${wrap(word)}.`).join(''), place);
    t.equal(stderr, '');
  }
});

void t.test('what cannot be quoted is told', async (t) => {
  t.equal(fill('echo `echo @`', ['two words']), undefined, 'in backquotes');
  t.equal(fill('cat <<EOF\n@\nEOF', ["it's"]), undefined, 'in a here-document');
  t.equal(fill('true # @', ['a\nrm x']), undefined, 'in a comment');
  t.equal(fill('echo "@"', ['a', 'b']), undefined, 'several words in quotes');
  t.equal(fill("echo '@'", []), undefined, 'no word in quotes');
  t.equal(fill('echo `echo @` # @', ['plain']), 'echo `echo plain` # plain', 'plain words can');
  t.equal(fill('echo @.', ['a', 'b c']), "echo a 'b c'.");
  t.equal(fill('echo @', []), 'echo ');
});
