import t from 'tap';
import { CODES } from './codes.ts';
import { loadFrom } from './fixtures/load.ts';
import type { Files } from './fixtures/load.ts';

// Texts that are made to hurt a parser: a diagnostic with a code or a project, soon, and never an exception.

const PIPELINE = 'stages:\n  a: {cmd: echo, outs: [x]}\n';
const reading = (key: string): string => PIPELINE.replace('outs', `params: [${key}], outs`);

/** Nine aliases of nine aliases of … */
const bomb = Array.from({ length: 10 }, (_, level) =>
  level === 0
    ? '&l0 [x,x,x,x,x,x,x,x,x]'
    : `&l${level} [${Array(9)
        .fill(`*l${level - 1}`)
        .join(',')}]`,
)
  .map((list, level) => `a${level}: ${list}\n`)
  .join('');

const CASES: readonly (readonly [what: string, files: Files, codes: readonly string[]])[] = [
  [
    'aliases of aliases in params',
    { 'pipeline.yaml': reading('a9'), 'params.yaml': bomb },
    ['yaml/alias'],
  ],
  ['aliases of aliases in the pipeline', { 'pipeline.yaml': bomb + PIPELINE }, ['yaml/alias']],
  [
    '20,000 brackets',
    { 'pipeline.yaml': PIPELINE, 'params.yaml': `a: ${'['.repeat(20_000)}` },
    ['yaml/syntax'],
  ],
  [
    '10,000 nested mappings',
    {
      'pipeline.yaml': PIPELINE,
      'params.yaml': `a: ${'{a: '.repeat(10_000)}1${'}'.repeat(10_000)}`,
    },
    ['yaml/syntax'],
  ],
  ['a megabyte of NUL', { 'pipeline.yaml': '\0'.repeat(1_000_000) }, ['pipeline/wrong-type']],
  [
    'UTF-16',
    { 'pipeline.yaml': Buffer.from(PIPELINE, 'utf16le').toString() },
    ['pipeline/wrong-type'],
  ],
  [
    'conflict markers',
    { 'pipeline.yaml': `<<<<<<< HEAD\n${PIPELINE}=======\n${PIPELINE}>>>>>>> x\n` },
    ['yaml/syntax'],
  ],
  [
    '20,000 times one key',
    { 'pipeline.yaml': PIPELINE, 'params.yaml': 'a: 1\n'.repeat(20_000) },
    ['yaml/duplicate-key'],
  ],
  [
    'a number of a million digits',
    { 'pipeline.yaml': reading('n'), 'params.yaml': `n: ${'9'.repeat(1_000_000)}\n` },
    ['yaml/not-json'],
  ],
  [
    '20,000 keys',
    {
      'pipeline.yaml': PIPELINE,
      'params.yaml': Array.from({ length: 20_000 }, (_, n) => `k${n}: 1\n`).join(''),
    },
    [],
  ],
  [
    'a text of 10 MB',
    { 'pipeline.yaml': PIPELINE, 'params.yaml': `a: "${'robin '.repeat(1_700_000)}"\n` },
    [],
  ],
  ['a byte order mark', { 'pipeline.yaml': `\ufeff${PIPELINE}` }, []],
  ['CRLF', { 'pipeline.yaml': PIPELINE.replaceAll('\n', '\r\n') }, []],
];

for (const [what, files, codes] of CASES) {
  t.test(what, async (t) => {
    const loaded = await loadFrom(files, []);
    const said = loaded.ok ? [] : loaded.error.diagnostics;
    t.same(
      codes.filter((code) => !said.some((diagnostic) => diagnostic.code === code)),
      [],
    );
    t.equal(loaded.ok, codes.length === 0);
    t.ok(said.length <= 10);
    for (const { code } of said) t.ok(Object.hasOwn(CODES, code), code);
  });
}

t.test('names of prototypes are names', async (t) => {
  const loaded = await loadFrom(
    {
      'pipeline.yaml': 'stages:\n  constructor: {cmd: x, params: [toString.x]}\n',
      'params.yaml': '__proto__: {polluted: 1}\nconstructor: {prototype: {polluted: 1}}\n',
    },
    [],
  );
  t.match(loaded, { ok: false, error: { diagnostics: [{ code: 'params/missing-key' }] } });
  t.notOk('polluted' in {});
});
