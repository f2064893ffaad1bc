import t from 'tap';
import { isPictureFile, pictureType } from './pictures.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

t.test('a picture is what its first bytes say', async (t) => {
  for (const [type, start] of [
    ['image/png', '\x89PNG\r\n\x1a\n'],
    ['image/jpeg', '\xff\xd8\xff\xe0'],
    ['image/gif', 'GIF89a'],
    ['image/webp', 'RIFF1234WEBPVP8 '],
    ['image/bmp', 'BM123'],
    [
      'image/svg+xml',
      '<?xml version="1.0"?>\n<!-- a -->\n<svg xmlns="http://www.w3.org/2000/svg">',
    ],
    ['image/svg+xml', '<svg>'],
  ] as const) {
    t.equal(pictureType(bytes(start)), type);
  }
  for (const other of ['', 'text', '<html><svg>', '<svgx>', 'RIFF1234WAVE']) {
    t.equal(pictureType(bytes(other)), undefined, other);
  }
});

t.test('names', async (t) => {
  t.same(['a.png', 'B.JPEG', 'c.svg', 'd.csv', 'png'].map(isPictureFile), [
    ...[true, true, true, false, false],
  ]);
});
