import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import t, { type Test } from 'tap';
import { createManifest, writeManifest, type ManifestImage } from '../vision/manifest.ts';
import { createRandom } from '../vision/random.ts';
import { runProgram } from '../fetch/testing/run-stage.ts';
import { createChannelSums } from './channel-sums.ts';

interface Stats {
  readonly version: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly pixels: number;
  readonly images: number;
}

/** The second method: the mean first, then the deviations from it. */
function twoPasses(images: readonly Uint8Array[]): { mean: number[]; std: number[] } {
  const channels = [0, 1, 2].map((channel) =>
    images.flatMap((pixels) => [...pixels].filter((_, at) => at % 3 === channel)),
  );
  const mean = channels.map((values) => values.reduce((a, v) => a + v / 255, 0) / values.length);
  const std = channels.map((values, channel) => {
    const squares = values.reduce((sum, v) => sum + (v / 255 - mean[channel]!) ** 2, 0);
    return Math.sqrt(squares / values.length);
  });
  return { mean, std };
}

function near(t: Test, actual: readonly number[], expected: readonly number[], within: number) {
  for (const [at, value] of actual.entries()) {
    t.ok(Math.abs(value - expected[at]!) < within, `${value} is about ${expected[at]}`);
  }
}

t.test(
  'the stage agrees with two passes over the stored pixels of the training split',
  async (t) => {
    const dir = t.testdir({});
    const random = createRandom('stats');
    const images: ManifestImage[] = [];
    const stored: Uint8Array[] = [];
    for (let n = 0; n < 12; n += 1) {
      const split = n < 9 ? 'train' : 'val';
      const [width, height] = [5 + n, 20 - n];
      const noise = Buffer.from(
        Array.from({ length: width * height * 3 }, () => random.int(60 + 15 * n)),
      );
      const path = `${split}/auk/${n}.jpg`;
      const jpeg = await sharp(noise, { raw: { width, height, channels: 3 } })
        .jpeg()
        .toBuffer();
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), jpeg);
      if (split === 'train') stored.push(await sharp(jpeg).raw().toBuffer());
      const digest = `sha256:${'0'.repeat(64)}`;
      const facts = {
        split,
        species: 'auk',
        digest,
        licence: 'x',
        origin: 'x',
        group: path,
      } as const;
      images.push({ path, bytes: jpeg.length, ...facts });
    }
    await writeManifest(dir, createManifest('test', images));
    const run = runProgram('stats/main.ts', ['--data', '.', '--out', 'out/stats.json'], dir);
    t.equal(run.status, 0, run.stderr);
    const stats = JSON.parse(readFileSync(join(dir, 'out/stats.json'), 'utf8')) as Stats;
    const { mean, std } = twoPasses(stored);
    near(t, stats.mean, mean, 1e-12);
    near(t, stats.std, std, 1e-12);
    t.equal(stats.images, 9);
    t.equal(
      stats.pixels,
      stored.reduce((sum, { length }) => sum + length / 3, 0),
    );
    t.equal(stats.version, 1);
  },
);

t.test('without training images there is nothing to measure', async (t) => {
  const dir = t.testdir({});
  const run = runProgram('stats/main.ts', ['--data', '.', '--out', 'stats.json'], dir);
  t.equal(run.status, 1);
  t.match(run.stderr, /^error: manifest\.json cannot be read.*hint: fetch the data set again/);
});

t.test('a hair of variance on a high mean is not lost among many pixels', async (t) => {
  const sums = createChannelSums();
  const bright = new Uint8Array(3 * 1_000_000).fill(255);
  for (let image = 0; image < 20; image += 1) sums.add(bright);
  sums.add(Uint8Array.of(254, 255, 254));
  const { mean, std, pixels } = sums.result();
  const p = 1 / 20_000_001;
  t.equal(pixels, 20_000_001);
  near(t, mean, [1 - p / 255, 1, 1 - p / 255], 1e-15);
  near(t, std, [Math.sqrt(p * (1 - p)) / 255, 0, Math.sqrt(p * (1 - p)) / 255], 1e-15);
  t.throws(() => createChannelSums().result(), /bug/);
});
