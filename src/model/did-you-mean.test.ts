import t from 'tap';
import { closest, didYouMean } from './did-you-mean.ts';

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

t.test('a hint names what was meant, else what there is, else nothing', async (t) => {
  t.equal(didYouMean('otus', fields), 'did you mean "outs"?');
  t.equal(didYouMean('banana', ['deps', 'outs']), 'there are: deps, outs');
  t.equal(didYouMean('banana', ['deps']), 'there is: deps');
  t.equal(didYouMean('banana', []), undefined);
  const letters = Array.from('abcdefghijklm').map((letter) => letter.repeat(9));
  t.match(didYouMean('banana', letters.slice(1)), /^there are: b+, /, 'twelve are listed');
  t.equal(didYouMean('banana', letters), undefined, 'thirteen are too many');
});
