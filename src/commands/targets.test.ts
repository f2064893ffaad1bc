import t from 'tap';
import { pipeline } from '../testing/pipelines.ts';
import { resolveTargets } from './targets.ts';

const { graph } = pipeline(`
  raw     -> fetch@a   -> a
  raw     -> fetch@b/c -> b
  a, b    -> join      -> joined/all
`);

const resolved = (targets: readonly string[], glob = false) => {
  const found = resolveTargets(graph, targets, { glob });
  return found.ok ? found.value : found.error.diagnostics[0];
};

void t.test('a stage, a group, a member, a path', async (t) => {
  t.same(resolved(['join']), ['join']);
  t.same(resolved(['fetch']), ['fetch@a', 'fetch@b/c']);
  t.same(resolved(['fetch@b/c', 'fetch']), ['fetch@b/c', 'fetch@a'], 'nothing twice');
  t.same(resolved(['joined/all/x']), ['join']);
});

void t.test('patterns', async (t) => {
  t.same(resolved(['fetch@*'], true), ['fetch@a', 'fetch@b/c']);
  t.same(resolved(['*n', '*@?'], true), ['join', 'fetch@a']);
  t.match(resolved(['x*'], true), {
    code: 'usage/unknown-target',
    message: 'no stage matches `x*`',
    hint: 'stages are: fetch, join',
  });
});

void t.test('slips', async (t) => {
  t.match(resolved(['fecth']), { hint: 'did you mean "fetch"?' });
  t.match(resolved(['fetch@x']), { hint: 'did you mean "fetch@a"?' });
});
