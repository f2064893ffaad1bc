import { spawnSync } from 'node:child_process';
import t from 'tap';
import * as yaml from 'yaml';
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { JsonObject } from '../../model/json.ts';
import { DVC_CASES } from '../fixtures/dvc-cases.ts';
import type { DvcCase } from '../fixtures/dvc-cases.ts';
import { parseSource } from '../source.ts';
import { expand } from './expand.ts';

/** The stages a pipeline stands for, and what is wrong with it. */
function expandCase({ pipeline, files = {} }: Pick<DvcCase, 'pipeline' | 'files'>) {
  const { source } = parseSource(yaml, 'pipeline.yaml', pipeline);
  if (source === undefined) throw new Error(`${pipeline} is no YAML`);
  const diagnostics: Diagnostic[] = [];
  const expanded = expand(source, {
    yaml,
    read: (path) => files[path],
    list: () => Object.keys(files),
    config: yaml.parse(files['params.yaml'] ?? '{}') as JsonObject,
    report: (diagnostic) => diagnostics.push(diagnostic),
  });
  const { stages } = expanded.value as { readonly stages: JsonObject };
  return { stages, diagnostics };
}

for (const { name, expect, ...case_ } of DVC_CASES) {
  void t.test(name, async (t) => {
    const { stages, diagnostics } = expandCase(case_);
    if ('code' in expect) {
      t.same([...new Set(diagnostics.map(({ code }) => code))], [expect.code]);
      t.ok(diagnostics.every(({ span }) => span !== undefined));
    } else {
      t.same(diagnostics, []);
      t.same(stages, expect.stages);
      t.same(Object.keys(stages), Object.keys(expect.stages), 'in this order');
    }
  });
}

// The real thing, where it is at hand: the table is what it says, not what is remembered.
const python = process.env['DVC_PYTHON'] ?? 'python3';
const hasDvc = spawnSync(python, ['-c', 'import dvc.parsing']).status === 0;
const skip = hasDvc ? false : 'pip install dvc==3.67.1 (or name its Python in DVC_PYTHON)';

void t.test('DVC itself answers the same, but where a case says why not', { skip }, async (t) => {
  const script = new URL('../fixtures/ask-dvc.py', import.meta.url).pathname;
  const input = DVC_CASES.map((case_) => JSON.stringify(case_)).join('\n');
  const { stdout } = spawnSync(python, [script], { input, encoding: 'utf8' });
  const answers = stdout.trim().split('\n');
  t.equal(answers.length, DVC_CASES.length);
  for (const [i, { name, expect, dvc }] of DVC_CASES.entries()) {
    const answer = JSON.parse(answers[i] ?? '{}') as { stages?: JsonObject; error?: string };
    const expected = dvc?.answer ?? expect;
    if (expected === 'refused' || 'code' in expected) t.type(answer.error, 'string', name);
    else t.same(answer.stages, expected.stages, name);
  }
  const differing = DVC_CASES.filter(({ dvc }) => dvc !== undefined).length;
  t.comment(`${DVC_CASES.length - differing} agree, ${differing} differ on purpose`);
});
