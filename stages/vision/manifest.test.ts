import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  createManifest,
  imagesOf,
  readManifest,
  writeManifest,
  type ManifestImage,
} from './manifest.ts';

function image(path: string, changes: Partial<ManifestImage> = {}): ManifestImage {
  const [split, species] = path.split('/') as [ManifestImage['split'], string];
  return {
    path,
    split,
    species,
    digest: `sha256:${'0'.repeat(64)}`,
    bytes: 10,
    licence: 'CC0-1.0',
    origin: 'drawn',
    group: path,
    ...changes,
  };
}

const GOOD = [image('val/wren/1.jpg'), image('train/wren/1.jpg'), image('train/Auk/b.jpg')];

t.test('it is sorted and counted, and read as it was written', async (t) => {
  const dir = t.testdir({});
  const manifest = createManifest('plates', GOOD, { unreadable: 2 });
  t.same(manifest.classes, ['Auk', 'wren'], 'by code unit: capitals first');
  t.same(manifest.counts, { train: 2, val: 1, test: 0 });
  t.same(
    manifest.images.map(({ path }) => path),
    ['train/Auk/b.jpg', 'train/wren/1.jpg', 'val/wren/1.jpg'],
  );
  await writeManifest(dir, manifest);
  t.same(await readManifest(dir), manifest);
  t.same(
    imagesOf(manifest, 'train').map(({ species }) => species),
    ['Auk', 'wren'],
  );
  t.notOk('skipped' in createManifest('plates', GOOD));
});

t.test('what is missing or no JSON is named', async (t) => {
  const dir = t.testdir({ 'manifest.json': '{' });
  await t.rejects(readManifest(dir), {
    name: 'ManifestError',
    kind: 'invalid',
    message: /no JSON/,
  });
  await t.rejects(readManifest(join(dir, 'none')), {
    name: 'ManifestError',
    kind: 'missing',
    hint: /avian repro fetch/,
  });
});

const WRONG: readonly (readonly [string, readonly ManifestImage[], RegExp])[] = [
  ['a path out of the data set', [image('train/../x.jpg')], /\.\./],
  ['a path of another species', [image('train/wren/1.jpg', { species: 'Auk' })], /no class|not </],
  ['a path deeper than a name', [image('train/wren/a/b.jpg')], /not <split>/],
  ['a split that is none', [image('dev/wren/1.jpg')], /split of dev\/wren\/1\.jpg/],
  ['a digest of another kind', [image('train/wren/1.jpg', { digest: 'md5:00' })], /digest of/],
  ['an empty file', [image('train/wren/1.jpg', { bytes: 0 })], /bytes of/],
  ['no licence', [image('train/wren/1.jpg', { licence: '' })], /licence of/],
  ['an image twice', [image('train/wren/1.jpg'), image('train/wren/1.jpg')], /there twice/],
  [
    'a group in two splits',
    [image('train/wren/1.jpg', { group: 'g' }), image('val/wren/1.jpg', { group: 'g' })],
    /group g is in more than one split/,
  ],
];

for (const [name, images, message] of WRONG) {
  t.test(`refused: ${name}`, async (t) => {
    const dir = t.testdir({});
    const manifest = { ...createManifest('plates', images), classes: ['wren'] };
    await t.rejects(writeManifest(dir, manifest), { name: 'ManifestError', message });
    writeFileSync(join(dir, 'manifest.json'), JSON.stringify(manifest));
    await t.rejects(readManifest(dir), { message });
  });
}

t.test('refused: other JSON, with every problem up to five', async (t) => {
  const dir = t.testdir({});
  const read = async (json: unknown) => {
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'manifest.json'), JSON.stringify(json));
    return readManifest(dir);
  };
  await t.rejects(read([]), { message: /no object/ });
  await t.rejects(read({ version: 2, source: '' }), { message: /version is 2.*classes/ });
  await t.rejects(read({ version: 1, source: 'x', classes: ['a'] }), {
    message: /images is no list/,
  });
  const good = createManifest('plates', GOOD);
  await t.rejects(read({ ...good, classes: ['wren', 'Auk'] }), { message: /not sorted/ });
  await t.rejects(read({ ...good, counts: { train: 3 } }), { message: /counts\.train is not 2/ });
  await t.rejects(read({ ...good, images: Array(9).fill(null) }), { message: /and 6 more/ });
  t.match(readFileSync(join(dir, 'manifest.json'), 'utf8'), 'null');
});
