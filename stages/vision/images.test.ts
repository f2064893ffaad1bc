import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import t from 'tap';
import { decodeImage, MAX_PIXELS, MAX_SIDE, openImage, sniffFormat } from './images.ts';

const small = { height: 4, width: 4, interpolation: 'bilinear', fit: 'squash' } as const;

/** Left half red, right half blue. */
function halves(width: number, height: number): Sharp {
  const pixels = Buffer.alloc(width * height * 3);
  for (let at = 0; at < width * height; at += 1) {
    pixels[at * 3 + (at % width < width / 2 ? 0 : 2)] = 255;
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

const pixel = (pixels: Uint8Array, x: number, y: number, width = 4) => [
  ...pixels.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];

t.test('JPEG, PNG and WebP come out as RGB, row by row', async (t) => {
  for (const format of ['jpeg', 'png', 'webp'] as const) {
    const bytes = await halves(8, 8).toFormat(format, { quality: 100 }).toBuffer();
    t.equal(sniffFormat(bytes), format);
    const pixels = await decodeImage(bytes, small);
    t.equal(pixels.length, 4 * 4 * 3);
    const [red, , blueInLeft] = pixel(pixels, 0, 3);
    const [redInRight, , blue] = pixel(pixels, 3, 0);
    t.ok((red ?? 0) > 240 && (blue ?? 0) > 240, `${format}: left red, right blue`);
    t.ok((blueInLeft ?? 255) < 16 && (redInRight ?? 255) < 16);
  }
});

t.test('grey, transparent and 16-bit pictures become three bytes a pixel', async (t) => {
  const grey = await halves(8, 8).greyscale().png().toBuffer();
  const [r, g, b] = pixel(await decodeImage(grey, small), 0, 0);
  t.ok(r === g && g === b);
  const clear = sharp({
    create: { width: 8, height: 8, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
  });
  t.same(pixel(await decodeImage(await clear.png().toBuffer(), small), 1, 1), [255, 255, 255]);
  const deep = await halves(8, 8).toColourspace('rgb16').png().toBuffer();
  t.same(pixel(await decodeImage(deep, small), 0, 0), [255, 0, 0]);
});

t.test('EXIF orientation is applied', async (t) => {
  // 6: to be turned a quarter clockwise, so that red, on the left, comes to the top.
  const bytes = await halves(8, 8)
    .jpeg({ quality: 100 })
    .withMetadata({ orientation: 6 })
    .toBuffer();
  const pixels = await decodeImage(bytes, small);
  t.ok((pixel(pixels, 3, 0)[0] ?? 0) > 200, 'top right is red');
  t.ok((pixel(pixels, 0, 3)[2] ?? 0) > 200, 'bottom left is blue');
  const wide = await halves(20, 10).jpeg().withMetadata({ orientation: 6 }).toBuffer();
  const { width, height } = await openImage(wide);
  t.same({ width, height }, { width: 10, height: 20 });
});

t.test('squash keeps everything, cover cuts what stands over', async (t) => {
  const bytes = await halves(80, 8).png().toBuffer();
  const squashed = await decodeImage(bytes, small);
  t.ok((pixel(squashed, 0, 0)[0] ?? 0) > 200 && (pixel(squashed, 3, 0)[2] ?? 0) > 200);
  const outer = sharp(bytes).composite([
    {
      input: { create: { width: 30, height: 8, channels: 3, background: '#0f0' } },
      left: 0,
      top: 0,
    },
  ]);
  const covered = await decodeImage(await outer.png().toBuffer(), { ...small, fit: 'cover' });
  t.ok((pixel(covered, 0, 0)[1] ?? 255) < 60, 'the green edge lies outside of the middle');
});

t.test('each interpolation gives its own pixels, the same ones twice', async (t) => {
  const bytes = await halves(9, 9).png().toBuffer();
  const input = { ...small, height: 5, width: 5 };
  const seen = new Set<string>();
  for (const interpolation of ['bilinear', 'cubic', 'lanczos3'] as const) {
    const once = await decodeImage(bytes, { ...input, interpolation });
    t.same(await decodeImage(bytes, { ...input, interpolation }), once);
    seen.add(Buffer.from(once).toString('hex'));
  }
  t.equal(seen.size, 3);
});

t.test('what is no photograph is unsupported, SVG above all', async (t) => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>';
  const gif = await halves(8, 8).gif().toBuffer();
  for (const bytes of [Buffer.from(svg), gif, Buffer.from('hello'), Buffer.alloc(0)]) {
    await t.rejects(decodeImage(bytes, small), { name: 'ImageError', kind: 'unsupported' });
  }
});

t.test('what is cut short or damaged is broken, and named', async (t) => {
  const dir = t.testdir({});
  for (const format of ['jpeg', 'png', 'webp'] as const) {
    const bytes = await halves(64, 64).toFormat(format).toBuffer();
    const cut = bytes.subarray(0, Math.floor(bytes.length * 0.6));
    await t.rejects(decodeImage(cut, small), { name: 'ImageError', kind: 'broken' }, format);
    const file = join(dir, `cut.${format}`);
    writeFileSync(file, cut);
    await t.rejects(decodeImage(file, small), {
      kind: 'broken',
      message: /cut\..* cannot be decoded/,
    });
  }
  const header = Buffer.from([0xff, 0xd8, 0xff, 0xe0]);
  await t.rejects(decodeImage(header, small), {
    name: 'ImageError',
    kind: 'broken',
    hint: /viewer/,
  });
});

t.test('a small file that announces many pixels is refused before they are decoded', async (t) => {
  const bomb = await sharp({
    create: { width: 8000, height: 7000, channels: 3, background: 'red' },
  })
    .png()
    .toBuffer();
  t.ok(bomb.length < 1_000_000, `${bomb.length} bytes`);
  const refused = { kind: 'too-large', message: /8000 x 7000 pixels, at most 50000000/ };
  await t.rejects(decodeImage(bomb, { ...small, maxPixels: 50_000_000 }), refused);
  const pixels = await decodeImage(bomb, { ...small, maxPixels: MAX_PIXELS });
  t.same(pixel(pixels, 0, 0), [255, 0, 0]);
});

t.test('a side longer than any panorama is refused, however few pixels there are', async (t) => {
  const strip = (width: number, height: number): Promise<Buffer> =>
    sharp({ create: { width, height, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
  const refused = { kind: 'too-large', message: /no side may have more than 32768/ };
  await t.rejects(decodeImage(await strip(MAX_SIDE + 1, 3), small), refused);
  await t.rejects(decodeImage(await strip(3, MAX_SIDE + 1), small), refused);
  const pixels = await decodeImage(await strip(MAX_SIDE, 3), small);
  t.same(pixel(pixels, 0, 0), [255, 0, 0]);
});

t.test(
  'what decoding holds is told beforehand: the whole image, or some of its rows',
  async (t) => {
    const held = async (image: Sharp): Promise<number> => {
      const opened = await openImage(await image.toBuffer());
      return opened.heldBytes;
    };
    const [width, height] = [40, 3000];
    const image = halves(width, height);
    const [pixels, rows] = [width * height, width * 1024];
    t.equal(await held(image.clone().png()), rows * 3);
    t.equal(await held(image.clone().jpeg()), rows * 3);
    t.equal(await held(image.clone().png({ progressive: true })), pixels * 3);
    const deep = image.clone().ensureAlpha().toColourspace('rgb16');
    t.equal(await held(deep.clone().png()), rows * 8);
    t.equal(await held(deep.png({ progressive: true })), pixels * 8);
    t.equal(await held(image.clone().jpeg({ progressive: true })), pixels * 6);
    const inks = image.clone().toColourspace('cmyk').jpeg({ progressive: true });
    t.equal(await held(inks), pixels * 8);
    t.equal(await held(image.clone().webp()), pixels * 4);
    t.equal(await held(halves(30, 20).png()), 30 * 20 * 3, 'no more rows than there are');
  },
);

t.test('a gate is asked for what decoding holds', async (t) => {
  const asked: number[] = [];
  const gate = {
    run: <T>(size: number, task: () => Promise<T>): Promise<T> => {
      asked.push(size);
      return task();
    },
  };
  await decodeImage(await halves(30, 20).webp().toBuffer(), { ...small, gate });
  t.same(asked, [30 * 20 * 4]);
});

t.test('a path that is not there is a failure of the file system', async (t) => {
  await t.rejects(decodeImage('/nowhere/bird.jpg', small), { code: 'ENOENT' });
});
