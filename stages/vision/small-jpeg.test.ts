import sharp, { type Sharp } from 'sharp';
import t from 'tap';
import { decodeSmallJpeg, isPlainJpeg } from './small-jpeg.ts';

const noise = (width: number, height: number): Sharp =>
  sharp({
    create: {
      ...{ width, height, channels: 3, background: '#345' },
      noise: { type: 'gaussian', mean: 120, sigma: 50 },
    },
  });

t.test('the pixels are those that sharp gives, to the bit', async (t) => {
  const jpegs = [
    noise(64, 64).jpeg({ quality: 92, chromaSubsampling: '4:4:4' }),
    noise(64, 64).jpeg({ quality: 40 }),
    noise(63, 41).jpeg(),
    noise(1, 1).jpeg(),
    noise(17, 30).greyscale().jpeg(),
    noise(224, 224).jpeg({ optimiseCoding: false }),
  ];
  for (const jpeg of jpegs) {
    const bytes = await jpeg.toBuffer();
    const { data, info } = await sharp(bytes)
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    const pixels = await decodeSmallJpeg(bytes, info.width, info.height);
    t.ok(pixels !== undefined && data.equals(pixels), `${info.width} x ${info.height}`);
  }
});

t.test('whatever is not plain, or of another size, is left to sharp', async (t) => {
  const plain = await noise(32, 32).jpeg().toBuffer();
  t.ok(isPlainJpeg(plain, 32, 32));
  t.notOk(isPlainJpeg(plain, 32, 33));
  t.notOk(isPlainJpeg(plain, 31, 32));
  const others = [
    noise(32, 32).jpeg({ progressive: true }),
    noise(32, 32).jpeg().withMetadata({ orientation: 6 }),
    noise(32, 32).jpeg().withIccProfile('p3'),
    noise(32, 32).toColourspace('cmyk').jpeg(),
    noise(32, 32).png(),
  ];
  for (const other of others) {
    const bytes = await other.toBuffer();
    t.notOk(isPlainJpeg(bytes, 32, 32));
    t.equal(await decodeSmallJpeg(bytes, 32, 32), undefined);
  }
  const huge = await noise(600, 600).jpeg().toBuffer();
  t.notOk(isPlainJpeg(huge, 600, 600), 'too many pixels to be decoded in one go');
  t.notOk(isPlainJpeg(Buffer.concat([plain, Buffer.alloc(2 ** 20)]), 32, 32), 'too many bytes');
});

t.test('damage is left to sharp as well, and the next photograph is decoded', async (t) => {
  const bytes = await noise(32, 32).jpeg().toBuffer();
  const half = bytes.subarray(0, bytes.length / 2);
  t.ok(isPlainJpeg(half, 32, 32), 'its header is whole');
  for (let turn = 0; turn < 20; turn++) {
    t.equal(await decodeSmallJpeg(half, 32, 32), undefined);
    t.equal((await decodeSmallJpeg(bytes, 32, 32))?.length, 32 * 32 * 3);
  }
  for (let length = 0; length < 30; length++) {
    t.equal(await decodeSmallJpeg(bytes.subarray(0, length), 32, 32), undefined);
  }
});
