import t from 'tap';
import type { JsonObject } from '../model/json.ts';
import type { FingerprintInput } from '../model/run.ts';
import { differences } from './reasons.ts';

const input = (params: JsonObject): FingerprintInput => ({
  ...{ recipe: 1, cmd: ['train'], wdir: '' as FingerprintInput['wdir'], deps: [], outs: [] },
  ...{ env: {}, tools: {}, params },
});

t.test('of a group of params the values that changed are the reasons', (t) => {
  const before = input({ seed: 1, train: { lr: 3e-3, stop: { mode: 'max' }, sizes: [1, 2] } });
  const after = input({ seed: 1, train: { sizes: [1, 3], lr: 2e-3, stop: {}, new: null } });
  t.same(differences(before, after), [
    { kind: 'param-changed', key: 'train.lr', before: 3e-3, after: 2e-3 },
    { kind: 'param-changed', key: 'train.new', before: undefined, after: null },
    { kind: 'param-changed', key: 'train.sizes', before: [1, 2], after: [1, 3] },
    { kind: 'param-changed', key: 'train.stop', before: undefined, after: {} },
    { kind: 'param-changed', key: 'train.stop.mode', before: 'max', after: undefined },
  ]);
  t.end();
});

t.test('a group and nothing at all are different values', (t) => {
  t.same(differences(input({}), input({ train: {} })), [
    { kind: 'param-changed', key: 'train', before: undefined, after: {} },
  ]);
  t.end();
});
