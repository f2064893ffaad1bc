import t from 'tap';
import type { RepoPath } from '../model/names.ts';
import { resolveParams } from './params.ts';

const project = {
  config: {
    seed: 47,
    train: { lr: 0.1, opt: { name: 'adam' }, sizes: [1, 2] },
    model: { width: 8 },
  },
  paramFiles: { 'other.yaml': { a: { b: 1 }, c: null } },
};
const select = (...selectors: readonly (readonly [file: string, key?: string])[]) =>
  resolveParams(
    {
      params: selectors.map(([file, key]) => ({
        file: file as RepoPath,
        ...(key !== undefined && { key }),
      })),
    },
    project,
  );

void t.test('keys as shown, and nested for the command', (t) => {
  const resolved = select(
    ['params.yaml', 'train.lr'],
    ['params.yaml', 'model'],
    ['params.yaml', 'train.opt.name'],
    ['params.yaml', 'train.sizes'],
    ['other.yaml', 'a.b'],
    ['other.yaml', 'c'],
  );
  t.same(resolved, {
    ok: true,
    value: {
      values: {
        'train.lr': 0.1,
        model: { width: 8 },
        'train.opt.name': 'adam',
        'train.sizes': [1, 2],
        'other.yaml:a.b': 1,
        'other.yaml:c': null,
      },
      file: {
        train: { lr: 0.1, opt: { name: 'adam' }, sizes: [1, 2] },
        model: { width: 8 },
        'other.yaml': { a: { b: 1 }, c: null },
      },
    },
  });
  t.end();
});

void t.test('whole files', (t) => {
  t.match(select(['params.yaml'], ['other.yaml']), {
    ok: true,
    value: {
      values: { 'params.yaml': project.config, 'other.yaml': { a: { b: 1 }, c: null } },
      file: { ...project.config, 'other.yaml': { a: { b: 1 }, c: null } },
    },
  });
  t.end();
});

void t.test('what was not declared is absent', (t) => {
  const resolved = select(['params.yaml', 'train.lr']);
  t.same(resolved.ok && resolved.value.file, { train: { lr: 0.1 } });
  t.same(select(), { ok: true, value: { values: {}, file: {} } });
  t.end();
});

void t.test('a group together with one of its members', (t) => {
  const resolved = select(['params.yaml', 'train.lr'], ['params.yaml', 'train']);
  t.same(resolved.ok && resolved.value.file, { train: project.config.train });
  t.end();
});

void t.test('a member of a list', (t) => {
  const resolved = select(['params.yaml', 'train.sizes.1']);
  t.same(resolved.ok && resolved.value, {
    values: { 'train.sizes.1': 2 },
    file: { train: { sizes: { 1: 2 } } },
  });
  const both = select(['params.yaml', 'train.sizes.1'], ['params.yaml', 'train.sizes']);
  t.same(both.ok && both.value.file, { train: { sizes: [1, 2] } });
  const back = select(['params.yaml', 'train.sizes'], ['params.yaml', 'train.sizes.1']);
  t.same(back.ok && back.value.file, { train: { sizes: [1, 2] } }, 'in either order');
  t.end();
});

void t.test('every selection that cannot be met is told', (t) => {
  const resolved = select(['params.yaml', 'a'], ['none.yaml', 'b'], ['other.yaml', 'a.nothing']);
  t.match(resolved, {
    ok: false,
    error: [
      { code: 'params/missing-key' },
      { code: 'params/missing-file' },
      { code: 'params/missing-key', hint: 'there is: b' },
    ],
  });
  t.end();
});
