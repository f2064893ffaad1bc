import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import t from 'tap';
import { loadSplit } from './dataset.ts';
import { createManifest, writeManifest, type ManifestImage } from './manifest.ts';

const input = { height: 2, width: 2, interpolation: 'bilinear', fit: 'cover' } as const;

/** A data set of one-coloured pictures: the red of image n is 10 n. */
async function writeDataset(dir: string, paths: readonly string[]): Promise<void> {
  const images: ManifestImage[] = [];
  for (const [index, path] of paths.entries()) {
    const [split, species] = path.split('/') as [ManifestImage['split'], string];
    const background = { r: 10 * index, g: 0, b: 0 };
    const bytes = await sharp({ create: { width: 4, height: 4, channels: 3, background } })
      .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
      .toBuffer();
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), bytes);
    const digest = `sha256:${'0'.repeat(64)}`;
    const facts = { split, species, digest, licence: 'x', origin: 'x', group: path };
    images.push({ path, bytes: bytes.length, ...facts });
  }
  await writeManifest(dir, createManifest('test', images));
}

t.test(
  'a split is decoded in the order of the manifest, labels are indices of classes',
  async (t) => {
    const dir = t.testdir({});
    const train = Array.from({ length: 20 }, (_, n) => {
      const species = n % 2 === 0 ? 'wren' : 'auk';
      return `train/${species}/${String(n).padStart(2, '0')}.jpg`;
    });
    await writeDataset(dir, [...train, 'val/auk/0.jpg']);
    const seen: number[] = [];
    const loaded = await loadSplit(dir, 'train', input, { onProgress: (done) => seen.push(done) });
    t.equal(loaded.count, 20);
    t.same(loaded.classes, ['auk', 'wren']);
    t.same(loaded.paths, [...train].sort());
    t.same([...loaded.labels], [...Array<number>(10).fill(0), ...Array<number>(10).fill(1)]);
    t.equal(loaded.pixels.length, 20 * 2 * 2 * 3);
    for (const [index, path] of loaded.paths.entries()) {
      const n = Number(path.slice(-6, -4));
      t.ok(Math.abs((loaded.pixels[index * 12] ?? 0) - 10 * n) <= 2, `${path} is where it belongs`);
    }
    t.same(
      seen,
      Array.from({ length: 20 }, (_, n) => n + 1),
    );
    t.equal((await loadSplit(dir, 'test', input)).count, 0);
  },
);

t.test(
  'a broken image is named; what does not fit into memory is an expected failure',
  async (t) => {
    const dir = t.testdir({});
    await writeDataset(dir, ['train/auk/a.jpg', 'train/wren/b.jpg']);
    const huge = { ...input, height: 2 ** 26, width: 2 ** 26 };
    await t.rejects(loadSplit(dir, 'train', huge), { name: 'StageError', message: /into memory/ });
    writeFileSync(join(dir, 'train/wren/b.jpg'), 'no picture');
    await t.rejects(loadSplit(dir, 'train', input), {
      kind: 'unsupported',
      message: /wren\/b\.jpg/,
    });
  },
);
