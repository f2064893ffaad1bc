import t from 'tap';
import { copySequence } from './clipboard.ts';

const copied = (text: string): string => {
  const [, base64 = ''] = /^\x1b\]52;c;([A-Za-z0-9+/=]*)\x07$/.exec(copySequence(text)) ?? [];
  return Buffer.from(base64, 'base64').toString();
};

t.test('what is copied is what was there, in any script', async (t) => {
  t.equal(copied('loss 0.5\n鳥 ✓\n'), 'loss 0.5\n鳥 ✓\n');
  t.equal(copied('\x1b]0;x\x07'), '\x1b]0;x\x07', 'nothing in it ends the sequence');
});

t.test('of a text that terminals would drop, the end in whole lines', async (t) => {
  const lines = Array.from({ length: 20_000 }, (_, n) => `line ${n}\n`);
  const text = copied(lines.join(''));
  t.ok(copySequence(lines.join('')).length < 100_000);
  t.match(text, /^line \d+\n/);
  t.match(text, /\nline 19999\n$/);
});
