import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import t from 'tap';
import { colourStatistics } from '../vision/colours.ts';
import { ModelError } from '../vision/contract.ts';
import { decodeImage } from '../vision/images.ts';
import { openPredictor } from '../vision/predictor.ts';
import { disc } from '../vision/testing/tiny-data.ts';
import { saveTinyModel, tinyInput } from '../vision/testing/tiny-model.ts';
import { openWorkerPredictor, type Photograph, type Sight } from './worker-predictor.ts';

const dir = mkdtempSync(join(tmpdir(), 'aviansight-worker-'));
t.teardown(() => {
  rmSync(dir, { recursive: true });
});
await saveTinyModel(dir);
const size = 32 * 32 * 3;
const pixels = (seed: number): Photograph => ({
  kind: 'pixels',
  bytes: Uint8Array.from({ length: size }, (_, i) => (i * seed) % 251),
});
const near = (answer: Float32Array, wanted: Float32Array): boolean =>
  answer.length === wanted.length &&
  answer.every((value, index) => Math.abs(value - (wanted[index] ?? NaN)) < 1e-5);

async function seen(look: Promise<readonly Sight[]>): Promise<(Sight & { kind: 'seen' })[]> {
  return (await look).filter((sight) => sight.kind === 'seen');
}

await t.test(
  'answers as the predictor of this thread does, in several threads at once',
  async (t) => {
    const here = await openPredictor(dir);
    const there = await openWorkerPredictor(dir, { workers: 2 });
    t.same(there.contract, here.contract);
    t.equal(there.backend, 'onnxruntime');
    t.equal(there.instead, undefined);
    t.equal(there.workers, 2);
    const expected = await here.predict(Buffer.concat([pixels(3).bytes, pixels(7).bytes]), 2);
    const calls = Array.from({ length: 5 }, () => seen(there.look([pixels(3), pixels(7)])));
    for (const [first, second] of await Promise.all(calls)) {
      t.ok(first && near(first.probabilities, expected.subarray(0, 4)));
      t.ok(second && near(second.probabilities, expected.subarray(4)));
      t.same(second?.colours, colourStatistics(pixels(7).bytes, 32));
      t.equal(second?.decodeSeconds, undefined);
    }
    here.dispose();
    await there.end();
    t.match(await there.died, /ended with code/);
  },
);

await t.test(
  'a JPEG of its size is decoded beside it; one that is damaged is named, alone',
  async (t) => {
    const predictor = await openWorkerPredictor(dir, { workers: 1 });
    const whole = await sharp(await disc(1, 2).toBuffer())
      .resize(32, 32)
      .jpeg()
      .toBuffer();
    const bytes = await decodeImage(whole, tinyInput);
    const jpeg = (content: Buffer): Photograph => ({ kind: 'jpeg', bytes: content });
    const [wanted] = await seen(predictor.look([{ kind: 'pixels', bytes }]));
    const broken = jpeg(whole.subarray(0, 200));
    const sights = await predictor.look([broken, jpeg(whole), broken, { kind: 'pixels', bytes }]);
    t.same(
      sights.map(({ kind }) => kind),
      ['undecoded', 'seen', 'undecoded', 'seen'],
    );
    const [decoded, given] = sights.filter((sight) => sight.kind === 'seen');
    t.ok(decoded && wanted && near(decoded.probabilities, wanted.probabilities));
    t.ok(given && wanted && near(given.probabilities, wanted.probabilities));
    t.ok((decoded?.decodeSeconds ?? 0) > 0);
    t.same(await predictor.look([broken]), [{ kind: 'undecoded' }]);
    t.ok(whole.length > 200, 'the bytes are still here');
    await predictor.end();
  },
);

await t.test('a failed call rejects alone; the last ones are answered', async (t) => {
  const predictor = await openWorkerPredictor(dir, { workers: 1 });
  const short: Photograph = { kind: 'pixels', bytes: new Uint8Array(5) };
  await t.rejects(predictor.look([short]), /bug: 5 bytes/);
  t.equal((await seen(predictor.look([pixels(3), pixels(7)]))).length, 2);
  const pending = seen(predictor.look([pixels(3)]));
  await predictor.end();
  t.equal((await pending).length, 1);
  await t.rejects(predictor.look([pixels(3)]), /thread inference-worker ended/);
});

await t.test('a model that is absent or damaged is an expected failure', async (t) => {
  await t.rejects(openWorkerPredictor(join(dir, 'absent')), ModelError);
  writeFileSync(join(dir, 'weights.bin'), 'short');
  await t.rejects(openWorkerPredictor(dir), { name: 'ModelError', hint: /train/ });
});
