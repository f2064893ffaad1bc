import t from 'tap';
import { createLineAssembler, readable } from './child-output.ts';

t.test('control sequences', async (t) => {
  const table: readonly (readonly [string, string])[] = [
    ['\x1b[1;31mred\x1b[0m', 'red'],
    ['\x1b[38;2;1;2;3mx\x1b[K', 'x'],
    ['\x1b]0;title\x07text', 'text'],
    ['\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\', 'link'],
    ['\x1b]52;c;Y2xpcA==\x07', ''],
    ['\x1bPdevice\x1b\\after', 'after'],
    ['\x9b31mred', 'red'],
    ['\x1b(Bcharset \x1b7saved\x1bc', 'charset saved'],
    ['bell\x07 back\x08space\x00', 'bell backspace'],
    ['tab\tstays, ünïcode 鳥 too', 'tab\tstays, ünïcode 鳥 too'],
    ['cut off \x1b[3', 'cut off '],
    ['\x1b', ''],
  ];
  for (const [raw, text] of table) t.equal(readable(raw), text, JSON.stringify(raw));
});

t.test('of a redrawn line the last state', async (t) => {
  t.equal(readable('10%\r50%\r100%'), '100%');
  t.equal(readable('windows\r'), 'windows');
  t.equal(readable('50%\r\x1b[2K'), '50%', 'cleared: what was there is more than nothing');
});

t.test('lines from chunks, wherever they are cut', async (t) => {
  const text = 'one\n\x1b[32mtwo\x1b[0m\n10%\r20%\nlast';
  for (let at = 0; at <= text.length; at += 1) {
    const assembler = createLineAssembler();
    const lines = [
      ...assembler.push(text.slice(0, at)),
      ...assembler.push(text.slice(at)),
      ...assembler.end(),
    ];
    t.same(lines, ['one', 'two', '20%', 'last'], `cut at ${at}`);
    t.same(assembler.end(), [], 'an ended stream has nothing more');
  }
});

t.test('memory stays bounded', async (t) => {
  const bar = createLineAssembler();
  let given = 0;
  for (let i = 0; i < 20_000; i += 1) given += bar.push(`\r${i} of 20000 images`).length;
  t.equal(given, 0);
  t.equal(bar.partial(), '19999 of 20000 images', 'a bar that never ends its line');
  const long = createLineAssembler();
  const lines = long.push('x'.repeat(100_000));
  t.equal(lines.length, 1, 'a line without an end is given in pieces');
  t.same(long.end(), []);
});
