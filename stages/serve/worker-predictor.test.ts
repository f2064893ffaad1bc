import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { ModelError } from '../vision/contract.ts';
import { openPredictor } from '../vision/predictor.ts';
import { saveTinyModel } from '../vision/testing/tiny-model.ts';
import { openWorkerPredictor } from './worker-predictor.ts';

const dir = mkdtempSync(join(tmpdir(), 'aviansight-worker-'));
t.teardown(() => {
  rmSync(dir, { recursive: true });
});
await saveTinyModel(dir);
const pixels = (): Uint8Array => Uint8Array.from({ length: 2 * 32 * 32 * 3 }, (_, i) => i % 251);

await t.test('answers as the predictor of this thread does, several at a time', async (t) => {
  const here = await openPredictor(dir);
  const there = await openWorkerPredictor(dir);
  t.same(there.contract, here.contract);
  t.equal(there.backend, 'onnxruntime');
  t.equal(there.instead, undefined);
  const expected = await here.predict(pixels(), 2);
  const near = (answer: Float32Array, wanted: Float32Array): void => {
    t.equal(answer.length, wanted.length);
    t.ok(answer.every((value, index) => Math.abs(value - (wanted[index] ?? NaN)) < 1e-5));
  };
  const answers = await Promise.all([there.predict(pixels(), 2), there.predict(pixels(), 2)]);
  for (const answer of answers) near(answer, expected);
  near(await there.predict(pixels().subarray(0, 32 * 32 * 3), 1), expected.slice(0, 4));
  here.dispose();
  there.dispose();
  t.match(await there.died, /ended with code/);
});

await t.test('a failed prediction rejects alone; the last ones are answered', async (t) => {
  const predictor = await openWorkerPredictor(dir, 1);
  await t.rejects(predictor.predict(new Uint8Array(5), 1), /bug: 5 bytes/);
  t.equal((await predictor.predict(pixels(), 2)).length, 8);
  const pending = predictor.predict(pixels(), 2);
  await predictor.end();
  t.equal((await pending).length, 8);
  await t.rejects(predictor.predict(pixels(), 2), /thread inference-worker ended/);
});

await t.test('a model that is absent or damaged is an expected failure', async (t) => {
  await t.rejects(openWorkerPredictor(join(dir, 'absent')), ModelError);
  writeFileSync(join(dir, 'weights.bin'), 'short');
  await t.rejects(openWorkerPredictor(dir), { name: 'ModelError', hint: /train/ });
});
