import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import * as tf from '@tensorflow/tfjs-core';
import { ModelError } from './contract.ts';
import { createNormaliser, openPredictor, softmaxRows } from './predictor.ts';
import { saveTinyModel, tinyInput } from './testing/tiny-model.ts';

const dir = mkdtempSync(join(tmpdir(), 'aviansight-predictor-'));
t.teardown(() => {
  rmSync(dir, { recursive: true });
});

/** Noise that is the same in every run. */
function noise(count: number): Uint8Array {
  const size = count * tinyInput.height * tinyInput.width * 3;
  return Uint8Array.from({ length: size }, (_, index) => (index * 7919 + (index >> 5) * 31) % 256);
}

t.before(() => saveTinyModel(dir));

t.test('rows add up to one, batches do not change them, wasm agrees with cpu', async (t) => {
  const pixels = noise(7);
  const results: Float32Array[] = [];
  for (const backend of ['wasm', 'cpu'] as const) {
    for (const batchSize of [7, 2]) {
      const predictor = await openPredictor(dir, { backend, batchSize });
      t.equal(predictor.backend, backend);
      results.push(await predictor.predict(pixels, 7));
      predictor.dispose();
    }
  }
  const [first = new Float32Array()] = results;
  t.equal(first.length, 7 * 4);
  for (let row = 0; row < 7; row++) {
    const sum = first.subarray(row * 4, row * 4 + 4).reduce((a, b) => a + b, 0);
    t.ok(Math.abs(sum - 1) < 1e-6);
  }
  t.ok(new Set(first).size > 10, 'the model answers differently to different images');
  for (const other of results) {
    const apart = Math.max(...other.map((value, index) => Math.abs(value - (first[index] ?? NaN))));
    t.ok(apart < 1e-5, `${apart}`);
  }
});

t.test('nothing stays behind: no tensor per call, none after dispose', async (t) => {
  const before = tf.memory().numTensors;
  const predictor = await openPredictor(dir);
  await predictor.predict(noise(3), 3);
  const loaded = tf.memory().numTensors;
  for (let round = 0; round < 5; round++) await predictor.predict(noise(3), 3);
  t.equal(tf.memory().numTensors, loaded);
  predictor.dispose();
  t.equal(tf.memory().numTensors, before);
});

t.test(
  'bytes that are not `count` images are a bug; a missing model is an expected failure',
  async (t) => {
    const predictor = await openPredictor(dir);
    await t.rejects(predictor.predict(noise(2), 3), /bug/);
    t.same(await predictor.predict(new Uint8Array(), 0), new Float32Array());
    predictor.dispose();
    await t.rejects(openPredictor(join(dir, 'absent')), ModelError);
  },
);

t.test('pixels are scaled to 0..1, then by mean and std of their channel', (t) => {
  const normalise = createNormaliser({ mean: [0.5, 0, 0.25], std: [0.5, 1, 0.25] });
  const near = Array.from(normalise(Uint8Array.of(255, 255, 255, 0, 51, 0)), (v) => v.toFixed(5));
  t.same(near, ['1.00000', '1.00000', '3.00000', '-1.00000', '0.20000', '-1.00000']);
  t.end();
});

t.test('softmax survives logits that exp cannot hold', (t) => {
  const rows = softmaxRows(Float32Array.of(1000, 1000, -1000, 0, Math.log(3), -Infinity), 3);
  t.same([...rows], [0.5, 0.5, 0, 0.25, 0.75, 0]);
  t.end();
});
