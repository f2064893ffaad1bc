import t from 'tap';
import { closest } from './did-you-mean.ts';

const fields = ['cmd', 'deps', 'params', 'outs', 'metrics', 'always_changed'];

t.test('finds what was meant', async (t) => {
  t.equal(closest('dep', fields), 'deps');
  t.equal(closest('Deps', fields), 'deps');
  t.equal(closest('otus', fields), 'outs');
  t.equal(closest('metircs', fields), 'metrics');
  t.equal(closest('allways_changed', fields), 'always_changed');
});

t.test('stays silent where nothing is near', async (t) => {
  t.equal(closest('banana', fields), undefined);
  t.equal(closest('x', fields), undefined);
  t.equal(closest('', fields), undefined);
});
