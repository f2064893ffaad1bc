import t from 'tap';
import { createPainter } from './painter.ts';

t.test('a frame is whole, then only what differs from it is written', async (t) => {
  let written: string[] = [];
  const painter = createPainter((text) => written.push(text));
  const wrote = (): readonly string[] => {
    const before = written;
    written = [];
    return before;
  };
  painter.paint(['one', '', 'three']);
  t.same(wrote(), ['\x1b[?2026h\x1b[H\x1b[J\x1b[1;1H\x1b[2Kone\x1b[3;1H\x1b[2Kthree\x1b[?2026l']);
  painter.paint(['one', '', 'three']);
  t.same(wrote(), [], 'nothing for the same frame');
  painter.paint(['one', 'two', 'three']);
  t.same(wrote(), ['\x1b[?2026h\x1b[2;1H\x1b[2Ktwo\x1b[?2026l']);
  painter.paint(['one']);
  t.same(
    wrote(),
    ['\x1b[?2026h\x1b[2;1H\x1b[2K\x1b[3;1H\x1b[2K\x1b[?2026l'],
    'lines that are gone are erased',
  );
  painter.forget();
  painter.paint(['one']);
  t.same(wrote(), ['\x1b[?2026h\x1b[H\x1b[J\x1b[1;1H\x1b[2Kone\x1b[?2026l']);
});
