import t from 'tap';
import type { Diagnostic } from '../model/diagnostic.ts';
import { CODES } from './codes.ts';
import { BAD_INPUTS } from './fixtures/bad-inputs.ts';
import type { BadInput } from './fixtures/bad-inputs.ts';
import { loadFrom } from './fixtures/load.ts';

async function diagnosticsOf({ pipeline, files, overrides }: BadInput) {
  const all = { 'pipeline.yaml': pipeline ?? 'stages: {}\n', ...files };
  const { 'pipeline.yaml': text, ...others } = all;
  const loaded = await loadFrom(text === '' ? others : all, overrides);
  return loaded.ok ? [] : loaded.error.diagnostics;
}

/** `code line:column underlined text`. */
function inShort({ code, span, excerpt = '' }: Diagnostic): string {
  if (span === undefined) return code;
  const file = span.file === 'pipeline.yaml' ? '' : `${span.file}:`;
  const underlined = excerpt.slice(span.column - 1, span.column - 1 + span.length);
  return `${code} ${file}${span.line}:${span.column} ${underlined}`.slice(0, 100).trimEnd();
}

for (const input of BAD_INPUTS) {
  void t.test(input.name, async (t) => {
    const diagnostics = await diagnosticsOf(input);
    t.same(diagnostics.map(inShort), input.expect);
    for (const { code, severity, message, hint } of diagnostics) {
      t.ok(Object.hasOwn(CODES, code), code);
      t.equal(severity, 'error');
      t.notMatch(`${message} ${hint ?? ''}`, /undefined|\[object|NaN/);
    }
  });
}

void t.test('every code is among the bad inputs', async (t) => {
  const shown = BAD_INPUTS.flatMap(({ expect }) => expect.map((line) => line.split(' ')[0]));
  // Those of monitoring.yaml, another file, are in read-monitoring.test.ts.
  const ofProjects = Object.keys(CODES).filter((code) => !code.startsWith('monitoring/'));
  t.same(
    ofProjects.filter((code) => !shown.includes(code)),
    [],
  );
});

const hints = async (input: Omit<BadInput, 'name' | 'expect'>) =>
  (await diagnosticsOf({ name: '', expect: [], ...input })).map(({ hint }) => hint);

void t.test('slips are met with what was meant', async (t) => {
  t.same(
    await hints({
      pipeline:
        'stages:\n  a:\n    cmd: x\n    dep: [y]\n    oust: [z]\n    params: [train.rl, trian.lr]\n',
      files: { 'params.yaml': 'train: {lr: 1}\n' },
      overrides: ['trian.lr=2', 'train.lr2=2'],
    }),
    [
      'did you mean "train.lr"?',
      'did you mean "train.lr"?',
      'did you mean "deps"?',
      'did you mean "outs"?',
      'did you mean "train.lr"?',
      'did you mean "train.lr"?',
    ],
  );
  t.same(
    await hints({
      files: { 'params.yaml': 'defaults: [data: plates]\n', 'conf/data/plates.yaml': '' },
      overrides: ['data=plate'],
    }),
    ['did you mean "plates"? available: plates; choose with `data=OPTION`'],
  );
});

void t.test('a value that has to be given names its override', async (t) => {
  t.same(
    await hints({
      pipeline: 'stages:\n  a: {cmd: x, params: [data]}\n',
      files: { 'params.yaml': 'data: {path: ???}\n' },
    }),
    ['give it on the command line: `data.path=VALUE`'],
  );
});

void t.test('a cycle names its edges, two producers both places', async (t) => {
  const [cycle] = await diagnosticsOf({
    name: '',
    pipeline: 'stages:\n  a: {cmd: x, deps: [y], outs: [x]}\n  b: {cmd: x, deps: [x], outs: [y]}\n',
    expect: [],
  });
  t.equal(cycle?.message, 'stages need each other: a -> b -> a');
  t.match(cycle?.also, [{ span: { line: 3, column: 22 }, message: '`b` needs `x` from `a`' }]);

  const [twice] = await diagnosticsOf({
    name: '',
    pipeline: 'stages:\n  a: {cmd: x, outs: [y]}\n  b: {cmd: x, outs: [y]}\n',
    expect: [],
  });
  t.equal(twice?.message, '`y` is written by both `a` and `b`');
  t.match(twice?.span, { line: 3, column: 22 });
  t.match(twice?.also, [{ span: { line: 2, column: 22 } }]);
});
