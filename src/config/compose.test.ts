import { spawnSync } from 'node:child_process';
import t from 'tap';
import { HYDRA_CASES } from './fixtures/hydra-cases.ts';
import { loadFrom } from './fixtures/load.ts';
import type { Files } from './fixtures/load.ts';

const compose = async (files: Files, overrides: readonly string[]) => {
  const loaded = await loadFrom({ 'pipeline.yaml': 'stages: {}\n', ...files }, overrides);
  return loaded.ok
    ? { config: loaded.value.project.config }
    : { code: loaded.error.diagnostics[0]?.code, problems: loaded.error.diagnostics.length };
};

for (const { name, files, overrides, expect } of HYDRA_CASES) {
  void t.test(name, async (t) => {
    const composed = await compose(files, overrides);
    t.same(composed, 'code' in expect ? { ...expect, problems: 1 } : expect);
  });
}

// The real thing, where it is at hand: the table above is what it says, not what is remembered.
const python = 'python3';
const hasHydra = spawnSync(python, ['-c', 'import hydra']).status === 0;
const skip = hasHydra ? false : 'pip install hydra-core==1.3.2';

void t.test('Hydra itself composes the same', { skip }, async (t) => {
  const script = new URL('./fixtures/ask-hydra.py', import.meta.url).pathname;
  const input = HYDRA_CASES.map((case_) => JSON.stringify(case_)).join('\n');
  const { stdout } = spawnSync(python, [script], { input, encoding: 'utf8' });
  const answers = stdout.trim().split('\n');
  t.equal(answers.length, HYDRA_CASES.length);
  for (const [i, { name, expect }] of HYDRA_CASES.entries()) {
    const answer = JSON.parse(answers[i] ?? '{}') as { config?: unknown; error?: string };
    if ('config' in expect) t.same(answer.config, expect.config, name);
    else t.type(answer.error, 'string', name);
  }
});

void t.test('where avian goes beyond Hydra', async (t) => {
  const files = {
    'params.yaml': 'defaults:\n  - data: plates\n  - _self_\na: {b: [1, {c: 2}]}\n',
    'conf/data/plates.yaml': 'n: 1\n',
    'conf/data/525.yaml': 'n: 525\n',
  };
  const a = { b: [1, { c: 2 }] };
  t.same(await compose(files, ['data=null']), { config: { a } }, 'null chooses nothing');
  t.same(await compose(files, ['data=525']), { config: { data: { n: 525 }, a } });
  t.same(await compose(files, ['a.b.1.c=3', 'a.b.0=x']), {
    config: { data: { n: 1 }, a: { b: ['x', { c: 3 }] } },
  });
  t.same(await compose(files, ['~a.b.0']), { config: { data: { n: 1 }, a: { b: [{ c: 2 }] } } });
  t.same(await compose(files, ['~a.b.1.c']), { config: { data: { n: 1 }, a: { b: [1, {}] } } });
});

void t.test('a key called __proto__ is a key', async (t) => {
  const files = { 'params.yaml': '__proto__: {polluted: 1}\n', 'conf/x/y.yaml': '__proto__: 1\n' };
  const composed = await compose(files, ['+x=y', '+a.__proto__.b=1', '++__proto__.c=2']);
  t.equal(Object.hasOwn({}, 'polluted') || 'polluted' in {} || 'c' in {}, false);
  t.equal(
    JSON.stringify(composed),
    '{"config":{"__proto__":{"polluted":1,"c":2},"x":{"__proto__":1},"a":{"__proto__":{"b":1}}}}',
  );
});

void t.test(
  'a missing params.yaml is an empty configuration, to which groups can be added',
  async (t) => {
    t.same(await compose({}, []), { config: {} });
    t.same(await compose({ 'conf/data/a.yaml': 'n: 1\n' }, ['+data=a']), {
      config: { data: { n: 1 } },
    });
  },
);
