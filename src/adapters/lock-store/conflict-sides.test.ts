import t from 'tap';
import { sidesOf } from './conflict-sides.ts';

t.test('both sides come back whole, and the base where git wrote it', (t) => {
  const text = 'a\n<<<<<<< HEAD\nb\n=======\nc\nd\n>>>>>>> theirs\ne\n';
  t.strictSame(sidesOf(text), { ours: 'a\nb\ne\n', theirs: 'a\nc\nd\ne\n' });
  const twice = `${text}f\n<<<<<<< HEAD\n=======\ng\n>>>>>>> theirs\n`;
  t.strictSame(sidesOf(twice), { ours: 'a\nb\ne\nf\n', theirs: 'a\nc\nd\ne\nf\ng\n' });
  const diff3 = 'a\n<<<<<<< HEAD\nb\n||||||| 1234567\nx\n=======\nc\n>>>>>>> theirs\n';
  t.strictSame(sidesOf(diff3), { base: 'a\nx\n', ours: 'a\nb\n', theirs: 'a\nc\n' });
  t.strictSame(sidesOf(text.replaceAll('\n', '\r\n'))?.ours, 'a\r\nb\r\ne\r\n');
  t.end();
});

t.test('without markers there are no sides, and torn ones say nothing', (t) => {
  for (const text of [
    '',
    '{"a": "<<<<<<< HEAD"}\n',
    '<<<<<<< HEAD\na\n=======\nb\n',
    '=======\na\n>>>>>>> theirs\n',
    '<<<<<<< HEAD\n<<<<<<< HEAD\n=======\n>>>>>>> theirs\n>>>>>>> theirs\n',
  ]) {
    t.equal(sidesOf(text), undefined, JSON.stringify(text));
  }
  t.end();
});
