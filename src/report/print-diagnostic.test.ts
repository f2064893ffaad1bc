import t from 'tap';
import type { Diagnostic } from '../model/diagnostic.ts';
import { printDiagnostic, printProblem } from './print-diagnostic.ts';
import { createStyle } from './style.ts';
import { displayWidth } from './display-width.ts';

const plain = createStyle({ colour: false, ascii: false });
const span = (column: number, length: number, line = 14) => ({
  file: 'pipeline.yaml',
  line,
  column,
  length,
});

t.test('what happened, where, what next', async (t) => {
  const diagnostic: Diagnostic = {
    severity: 'error',
    code: 'pipeline/two-producers',
    message: '`artifacts/model` is written by both `train` and `finetune`',
    span: span(9, 15),
    excerpt: '      - artifacts/model',
    also: [{ span: span(9, 15, 22) }, { span: span(1, 1, 30), message: 'here\ntoo' }],
    hint: 'give one of them another path, or let `finetune` take `artifacts/model` as a dep',
  };
  t.equal(
    printDiagnostic(diagnostic, plain),
    `error[pipeline/two-producers]: \`artifacts/model\` is written by both \`train\` and \`finetune\`
  pipeline.yaml:14:9
     14 |       - artifacts/model
        |         ~~~~~~~~~~~~~~~
  also pipeline.yaml:22:9
  also pipeline.yaml:30:1: here too
hint: give one of them another path, or let \`finetune\` take \`artifacts/model\` as a dep
`,
  );
});

t.test('places are named from where avian was called, so that a click finds them', async (t) => {
  const diagnostic: Diagnostic = {
    ...{ severity: 'warning', code: 'a/b', message: 'm', span: span(3, 1) },
    also: [{ span: { ...span(1, 1), file: '/elsewhere/a.yaml' } }],
  };
  const below = createStyle({ colour: false, ascii: false, toProject: () => '../../' });
  t.equal(
    printDiagnostic(diagnostic, below),
    'warning[a/b]: m\n  ../../pipeline.yaml:14:3\n  also /elsewhere/a.yaml:14:1\n',
  );
});

t.test('tabs, wide characters, the end of a line', async (t) => {
  const at = (excerpt: string, column: number, length: number): string =>
    printDiagnostic(
      { severity: 'warning', code: 'a/b', message: 'm', span: span(column, length), excerpt },
      plain,
    )
      .split('\n')
      .slice(2, 4)
      .join('\n');
  t.equal(at('\tkey: x', 2, 3), '     14 |     key: x\n        |     ~~~');
  t.equal(at('鳥: robin', 4, 5), '     14 | 鳥: robin\n        |     ~~~~~', 'two columns for 鳥');
  t.equal(
    at('key:', 5, 1),
    '     14 | key:\n        |     ~',
    'something is missing behind the end',
  );
  t.equal(
    at('key: value', 6, 500),
    '     14 | key: value\n        |      ~~~~~',
    'no further than the line',
  );
  t.equal(at('a\x1b[2Jb', 1, 1), '     14 | a?[2Jb\n        | ~', 'an excerpt cannot act');
});

t.test('a long line is cut around the place', async (t) => {
  const excerpt = `${'x'.repeat(300)}HERE${'y'.repeat(300)}`;
  const text = printDiagnostic(
    { severity: 'error', code: 'a/b', message: 'm', span: span(301, 4), excerpt },
    plain,
    60,
  );
  const [, , source = '', underline = ''] = text.split('\n');
  t.ok(displayWidth(source) <= 60, source);
  t.equal(source.indexOf('HERE'), underline.indexOf('~~~~'), 'the squiggle is under it');
  t.match(source, /…x+HERE/);
  const huge = printDiagnostic(
    { severity: 'error', code: 'a/b', message: 'm', span: span(1, 600), excerpt },
    plain,
    60,
  );
  for (const line of huge.split('\n')) t.ok(displayWidth(line) <= 60, line);
});

t.test('messages may hold lists, and nothing that moves the cursor', async (t) => {
  t.equal(
    printDiagnostic(
      { severity: 'error', code: 'a/b', message: 'cycle:\n  a -> b\x1b[2J\n  b -> a' },
      plain,
    ),
    'error[a/b]: cycle:\n    a -> b\n    b -> a\n',
  );
});

t.test('all problems at once, errors last', async (t) => {
  const text = printProblem(
    {
      kind: 'pipeline',
      diagnostics: [
        { severity: 'error', code: 'e/1', message: 'first' },
        { severity: 'warning', code: 'w/1', message: 'minor' },
        { severity: 'error', code: 'e/2', message: 'second' },
      ],
    },
    plain,
  );
  t.equal(text, 'warning[w/1]: minor\n\nerror[e/1]: first\n\nerror[e/2]: second\n');
});

t.test('colour only adds', async (t) => {
  const diagnostic: Diagnostic = {
    severity: 'error',
    code: 'a/b',
    message: 'm',
    span: span(1, 3),
    excerpt: 'key: x',
    hint: 'h',
  };
  const coloured = printDiagnostic(diagnostic, createStyle({ colour: true, ascii: false }));
  t.not(coloured, printDiagnostic(diagnostic, plain));
  t.equal(coloured.replace(/\x1b\[\d+m/g, ''), printDiagnostic(diagnostic, plain));
});
