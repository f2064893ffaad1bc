import t from 'tap';
import type { Diagnostic } from '../model/diagnostic.ts';
import { buildGraph } from '../model/graph.ts';
import { CODES } from './codes.ts';
import { FULL_FILES } from './fixtures/full.ts';
import { loadFrom } from './fixtures/load.ts';
import type { Files } from './fixtures/load.ts';
import { randomFrom, seedOf, type Random } from '../testing/random.ts';

/*
 * However a valid project is damaged, it ends in diagnostics that point at its text, or in a valid
 * project: never in an exception. The seed repeats a run: SEED=123 node …
 */

const seed = seedOf(process.env);
const MUTANTS = 300;

const SNIPPETS = [
  ...['{', '}', '[', ']', ':', ': ', '- ', '#', '"', "'", '\n', '\t', '  ', '|', '>', '?', '\0'],
  ...['&a ', '*a', '<<: *a', '!!set', '!x ', '---\n', '%YAML 1.1\n', '../', '/', '.', '~', '???'],
  ...['null', 'true', '.nan', '1e999', '99999999999999999999', '', 'a: ', '__proto__: ', '\u2028'],
  ...['defaults: [a: b]\n', '# @package x\n', 'stages:', 'sub', 'data', 'pipeline.lock', '🐦'],
  ...['${', '}', '${a}', '${item}', '\\${', '${${', 'foreach: ', 'matrix: ', 'vars: ', '@', '[0]'],
];

/** What templates, groups and variables are written with; beside what every field is. */
const TEMPLATED = `vars:
  - vars.yaml
  - more.json:names
  - dirs: { raw: 'data/\${names[0]}', all: ['\${dirs.raw}', '\${names}'] }
stages:
  each:
    foreach: \${names}
    do:
      wdir: sub
      vars: [{ out: '\${item}.txt' }]
      cmd: make "\${item}" \${train.lr} > \${out}
      deps: ['\${dirs.raw}']
      outs: ['\${out}']
  named:
    foreach: { a: { n: 1 }, b: { n: 2 } }
    do: { cmd: 'run \${key} \${item.n} \${train.\${what}}', outs: ['named/\${key}'] }
  grid:
    matrix: { model: [small, large], opts: [{ x: 1 }, '\${train}'] }
    cmd:
      - train \${item.opts} --model '\${item.model}' \\\${HOME} \${raw:item.model}
      - echo \${key}
    outs: [{ 'grid/\${key}': { cache: '\${flag}' } }]
  gather:
    cmd: gather \${names}
    deps: ['grid@*', named@a*, '\${dirs.all}']
    timeout: \${wait}
    outs: [all]
tasks:
  show: { cmd: 'show \${model.width}', vars: [vars.yaml] }
`;

const FILES = {
  ...FULL_FILES,
  'vars.yaml': 'wait: 1h\nflag: false\nwhat: lr\n',
  'more.json': '{"names": ["x", "y z"], "unused": {}}',
  'params.yaml':
    'defaults:\n  - data: plates\n  - optional model: small\n  - _self_\ntrain: {lr: 0.1}\nmodel: {width: 8}\n',
  'conf/data/plates.yaml': '# @package _global_\ndefaults:\n  - override /model: small\nseed: 1\n',
  'conf/model/small.yaml': 'width: 8\n',
};

const WORDS = ['data=plates', 'train.lr=3e-4', 'model=small', '~seed', '++a.b=[1]'];

function mutant(
  { below, pick, chance }: Random,
  pipeline: string,
): { files: Files; overrides: readonly string[] } {
  const mutate = (text: string): string => {
    const at = below(text.length + 1);
    const end = at + below(12);
    const lines = text.split('\n');
    const line = below(lines.length);
    switch (below(6)) {
      case 0:
        return text.slice(0, at) + text.slice(end);
      case 1:
        return text.slice(0, at) + pick(SNIPPETS) + text.slice(at);
      case 2:
        return text.slice(0, at) + pick(SNIPPETS) + text.slice(end);
      case 3:
        return lines.toSpliced(line, 1).join('\n');
      case 4:
        return lines.toSpliced(below(lines.length), 0, lines[line] ?? '').join('\n');
      default:
        return lines.with(line, ` ${lines[line] ?? ''}`).join('\n');
    }
  };
  const files: { [path: string]: string } = { ...FILES, 'pipeline.yaml': pipeline };
  const overrides = WORDS.filter(() => chance(0.3));
  for (let n = 1 + below(4); n > 0; n--) {
    const isWord = chance(0.15);
    if (isWord) overrides.push(mutate(pick(WORDS)));
    // The pipeline is where most can go wrong.
    const path = chance(0.6) ? 'pipeline.yaml' : pick(Object.keys(FILES));
    if (!isWord) files[path] = mutate(files[path] ?? '');
    if (chance(0.03)) Reflect.deleteProperty(files, path);
  }
  return { files, overrides };
}

/** What is wrong with a diagnostic itself. */
function faultOf({ code, message, span, excerpt }: Diagnostic, files: Files): string | undefined {
  if (!Object.hasOwn(CODES, code)) return `unknown code ${code}`;
  if (message === '' || /undefined|\[object/.test(message)) return `message ${message}`;
  if (span === undefined) return undefined;
  const text = files[span.file];
  if (text === undefined) return `no file ${span.file}`;
  const line = text.split('\n')[span.line - 1]?.replace(/\r$/, '');
  if (line === undefined || line !== excerpt) {
    return `excerpt ${JSON.stringify(excerpt)} for ${JSON.stringify(line)}`;
  }
  const isInside = span.column >= 1 && span.length >= 1 && span.column <= line.length + 1;
  return isInside ? undefined : `column ${span.column} length ${span.length} of ${line}`;
}

void t.test('damaged projects', async (t) => {
  t.comment(`seed ${seed}`);
  const seeds = [FULL_FILES['pipeline.yaml'], TEMPLATED];
  for (const pipeline of seeds) {
    const files = { ...FILES, 'pipeline.yaml': pipeline };
    const loaded = await loadFrom(files, WORDS);
    t.equal(loaded.ok, true, loaded.ok ? 'valid before' : JSON.stringify(loaded.error));
  }
  let refused = 0;
  let slowest = 0;
  for (let n = 0; n < MUTANTS; n++) {
    const pipeline = seeds[n % seeds.length] ?? '';
    const { files, overrides } = mutant(randomFrom(seed + n), pipeline);
    // Not in the name of an assertion: TAP reads ` {` there as the start of a subtest.
    const shown = { seed: seed + n, files, overrides };
    const start = performance.now();
    const loaded = await loadFrom(files, overrides).catch((error: unknown) => {
      t.fail(String(error), shown);
    });
    slowest = Math.max(slowest, performance.now() - start);
    if (loaded === undefined) continue;
    if (loaded.ok) {
      const { project } = loaded.value;
      const isJson =
        JSON.stringify(JSON.parse(JSON.stringify(project))) === JSON.stringify(project);
      if (!isJson) t.fail('not JSON', shown);
      buildGraph(project.pipeline.stages);
      continue;
    }
    refused++;
    if (loaded.error.diagnostics.length === 0) t.fail('nothing said', shown);
    for (const diagnostic of loaded.error.diagnostics) {
      const fault = faultOf(diagnostic, files);
      if (fault !== undefined) t.fail(`${diagnostic.code}: ${fault}`, shown);
    }
  }
  t.comment(`${refused} of ${MUTANTS} refused, slowest ${slowest.toFixed(0)} ms`);
  t.ok(refused > MUTANTS / 4 && refused < MUTANTS, 'both kinds of ending were met');
});
