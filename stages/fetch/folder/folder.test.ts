import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import t from 'tap';
import { createParams } from '../../vision/params.ts';
import { createManifest, type ManifestImage } from '../../vision/manifest.ts';
import { createRandom } from '../../vision/random.ts';
import { drawScene } from '../plates/scene.ts';
import { SPECIES } from '../plates/species.ts';
import type { Fetched } from '../source.ts';
import { sha256 } from '../store.ts';
import { WHOLE_UP_TO_BYTES } from './file-mark.ts';
import { listPhotographs } from './listing.ts';
import { folder } from './source.ts';

const picture = (index: number): Promise<Buffer> =>
  sharp(Buffer.from(drawScene(SPECIES[index % SPECIES.length], createRandom(index), 96)))
    .jpeg()
    .toBuffer();

async function put(dir: string, path: string, bytes: Buffer | string | number): Promise<void> {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), typeof bytes === 'number' ? await picture(bytes) : bytes);
}

const dataOf = (path: string, more: object = {}) =>
  createParams({
    path,
    size: 64,
    split: { train: 0.6, val: 0.2, test: 0.2 },
    unreadable: 'skip',
    licence: 'CC-BY-4.0',
    ...more,
  });

async function fetchFrom(path: string, out: string, more: object = {}): Promise<Fetched> {
  mkdirSync(out);
  const context = {
    out,
    random: createRandom(47),
    say: () => undefined,
    progress: () => () => undefined,
  };
  return folder.fetch(dataOf(path, more), context);
}

t.test(
  'photographs by species: split, stored at one size, with where they came from',
  async (t) => {
    const dir = t.testdir({});
    const photos = join(dir, 'photos');
    for (let n = 0; n < 10; n += 1) await put(photos, `auk/${n}.jpg`, n);
    for (let n = 0; n < 10; n += 1) await put(photos, `wren/in/deep ${n}.JPG`, 100 + n);
    await put(photos, 'wren/notes.txt', 'no picture');
    await put(photos, '.hidden/x.jpg', 1);
    await put(photos, 'beside.jpg', 1);
    const { images, skipped } = await fetchFrom(photos, join(dir, 'out'));
    const manifest = createManifest('folder', images, skipped);
    t.same(manifest.counts, { train: 12, val: 4, test: 4 });
    t.same(manifest.classes, ['auk', 'wren']);
    t.notOk('skipped' in manifest);
    for (const image of images) {
      const stored = readFileSync(join(dir, 'out', image.path));
      const { width, height } = await sharp(stored).metadata();
      t.same([image.digest, width, height], [sha256(stored), 64, 64]);
      t.equal(image.originDigest, sha256(readFileSync(join(photos, image.origin))));
      t.equal(image.licence, 'CC-BY-4.0');
    }
    const wren = images.find(({ origin }) => origin === 'wren/in/deep 3.JPG');
    t.match(wren?.path, /^(train|val|test)\/wren\/in-deep 3\.jpg$/);
    t.notOk(existsSync(join(dir, 'out/.incoming')));

    const again = await fetchFrom(photos, join(dir, 'again'));
    t.same(again.images, images, 'the same splits and bytes twice');
    cpSync(photos, join(dir, 'elsewhere'), { recursive: true });
    t.same((await fetchFrom(join(dir, 'elsewhere'), join(dir, 'third'))).images, images);
  },
);

t.test('copies of one photograph, smaller and encoded again, share a split', async (t) => {
  const dir = t.testdir({});
  const photos = join(dir, 'photos');
  for (let n = 0; n < 12; n += 1) {
    const original = await picture(n);
    await put(photos, `auk/${n}.jpg`, original);
    await put(photos, `auk/${n}.png`, await sharp(original).png().toBuffer());
    await put(
      photos,
      `auk/${n}-b.jpg`,
      await sharp(original).resize(80).jpeg({ quality: 60 }).toBuffer(),
    );
  }
  const { images } = await fetchFrom(photos, join(dir, 'out'));
  t.equal(images.length, 36);
  t.equal(new Set(images.map(({ path }) => path)).size, 36, 'equal names are made different');
  const splits = new Map<string, Set<string>>();
  for (const { origin, split } of images) {
    const number = /\d+/.exec(origin)?.[0] ?? '';
    splits.set(number, (splits.get(number) ?? new Set()).add(split));
  }
  for (const [number, found] of splits) t.equal(found.size, 1, `copies of ${number}`);
});

t.test('given splits are respected, and twins of test photographs leave training', async (t) => {
  const dir = t.testdir({});
  const photos = join(dir, 'photos');
  for (let n = 0; n < 4; n += 1) await put(photos, `train/auk/${n}.jpg`, n);
  await put(photos, 'valid/auk/4.jpg', 4);
  await put(photos, 'test/auk/5.jpg', 5);
  await put(photos, 'test/auk/twin.jpg', 0);
  const { images, skipped } = await fetchFrom(photos, join(dir, 'out'));
  const at = (origin: string): ManifestImage | undefined =>
    images.find((image) => image.origin === origin);
  t.equal(at('valid/auk/4.jpg')?.path, 'val/auk/4.jpg');
  t.equal(at('test/auk/twin.jpg')?.split, 'test');
  t.equal(at('train/auk/0.jpg'), undefined);
  t.equal(at('train/auk/1.jpg')?.split, 'train');
  t.same(skipped, { 'looks like one in another split': 1 });
  t.notOk(existsSync(join(dir, 'out/.incoming')));
});

t.test('what cannot be decoded is counted, or refused by name', async (t) => {
  const dir = t.testdir({});
  const photos = join(dir, 'photos');
  for (let n = 0; n < 3; n += 1) await put(photos, `auk/${n}.jpg`, n);
  await put(photos, 'auk/broken.jpg', (await picture(9)).subarray(0, 500));
  await put(photos, 'auk/phone.heic', 'x');
  const { images, skipped } = await fetchFrom(photos, join(dir, 'out'));
  t.equal(images.length, 3);
  t.same(skipped, { unreadable: 1, 'format is not decoded': 1 });
  await t.rejects(fetchFrom(photos, join(dir, 'out2'), { unreadable: 'fail' }), {
    name: 'StageError',
    message: /auk\/broken\.jpg cannot be decoded/,
    hint: /data\.unreadable=skip/,
  });
  const split = { train: 0.5, val: 0.2, test: 0.2 };
  await t.rejects(fetchFrom(photos, join(dir, 'out3'), { split }), { message: /adds up to 0\.9/ });
});

t.test(
  'the probe notices what was replaced, added, removed or renamed, and nothing else',
  async (t) => {
    const dir = t.testdir({});
    const photos = join(dir, 'photos');
    await put(photos, 'auk/a.jpg', 1);
    await put(photos, 'wren/b.jpg', 2);
    await put(photos, 'wren/large.jpg', Buffer.alloc(WHOLE_UP_TO_BYTES + 1000, 7));
    const probe = () => folder.probe(dataOf(photos));
    const first = await probe();
    t.match(first, /^folder 3 photographs sha256:[0-9a-f]{64}$/);
    await put(photos, 'auk/README.md', 'no photograph');
    utimesSync(join(photos, 'auk/a.jpg'), 1, 1);
    t.equal(await probe(), first, 'a time stamp and another file change nothing');

    const seen = new Set([first]);
    const changes = async (what: string) => {
      const now = await probe();
      t.notOk(seen.has(now), what);
      seen.add(now);
    };
    const original = readFileSync(join(photos, 'auk/a.jpg'));
    const replaced = Buffer.from(original);
    replaced[original.length >> 1] = (replaced[original.length >> 1] ?? 0) ^ 1;
    writeFileSync(join(photos, 'auk/a.jpg'), replaced);
    utimesSync(join(photos, 'auk/a.jpg'), 1, 1);
    await changes('one bit, same size, same time');
    const large = Buffer.alloc(WHOLE_UP_TO_BYTES + 1000, 7);
    large[large.length - 1] = 8;
    writeFileSync(join(photos, 'wren/large.jpg'), large);
    await changes('the end of a large file');
    renameSync(join(photos, 'auk/a.jpg'), join(photos, 'wren/a.jpg'));
    await changes('another species');
    await put(photos, 'auk/c.jpg', 3);
    await changes('one more');
  },
);

t.test('listing: links are followed, but not in circles; what is not there is said', async (t) => {
  const dir = t.testdir({});
  await put(dir, 'away/x.jpg', 1);
  await put(dir, 'photos/auk/a.jpg', 2);
  symlinkSync(join(dir, 'away'), join(dir, 'photos/wren'));
  symlinkSync(join(dir, 'photos'), join(dir, 'photos/auk/round'));
  symlinkSync(join(dir, 'nowhere'), join(dir, 'photos/auk/gone.jpg'));
  const { photographs } = await listPhotographs(join(dir, 'photos'));
  t.same(
    photographs.map(({ path, species }) => [path, species]),
    [
      ['auk/a.jpg', 'auk'],
      ['wren/x.jpg', 'wren'],
    ],
  );
  await t.rejects(listPhotographs(join(dir, 'nowhere')), {
    name: 'StageError',
    hint: /data\.path/,
  });
  await t.rejects(listPhotographs(join(dir, 'away/x.jpg')), { message: /is no folder/ });
  mkdirSync(join(dir, 'empty'));
  await t.rejects(listPhotographs(join(dir, 'empty')), {
    name: 'StageError',
    hint: /one folder per species/,
  });
});
