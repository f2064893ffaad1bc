import t from 'tap';
import { matchesGlob } from './glob.ts';

void t.test('as a shell, over whole names', async (t) => {
  const matches = (pattern: string, names: readonly string[]): readonly string[] =>
    names.filter((name) => matchesGlob(name, pattern));
  const names = ['train', 'train@a', 'train@a/b', 'train@b', 'tr.in', 'evaluate'];
  t.same(matches('train*', names), ['train', 'train@a', 'train@a/b', 'train@b']);
  t.same(matches('train@*', names), ['train@a', 'train@a/b', 'train@b']);
  t.same(matches('*@?', names), ['train@a', 'train@b']);
  t.same(matches('train@[ab]', names), ['train@a', 'train@b']);
  t.same(matches('train@[!a]', names), ['train@b']);
  t.same(matches('tr.in', names), ['tr.in'], 'a dot is a dot');
  t.same(matches('[', ['[', 'a']), ['['], 'a bracket never closed is itself');
  t.same(matches('[]]', [']', 'a']), [']']);
  t.same(matches('[a^-]', ['^', '-', 'a', 'b']), ['^', '-', 'a']);
  t.same(matches('(+|$', ['(+|$', 'x']), ['(+|$']);
  t.same(matches('**', names), names);
});
