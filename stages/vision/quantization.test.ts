import t from 'tap';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import {
  FLOAT16_MAX,
  quantizeAffine,
  QuantizationError,
  quantizeWeights,
  toFloat16,
  type Weights,
} from './quantization.ts';

const seed = Number(process.env['SEED'] ?? Date.now() % 1e9);
let state = seed;
/** 0 <= n < 1, from a small generator with its seed printed. */
function next(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
}

function weightsOf(tensors: Record<string, { shape: number[]; values: number[] }>): Weights {
  const entries = Object.entries(tensors);
  const specs = entries.map(([name, { shape }]) => ({ name, shape, dtype: 'float32' as const }));
  const values = Float32Array.from(entries.flatMap((entry) => entry[1].values));
  return { specs, bytes: new Uint8Array(values.buffer) };
}

/** Reads weights back with TF.js's own loader. */
function load({ specs, bytes }: Weights): Record<string, Float32Array> {
  const buffer = new Uint8Array(bytes).buffer;
  const tensors = tf.io.decodeWeights(buffer, [...specs]);
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, tensor.dataSync<'float32'>()]),
  );
}

function largestError(left: ArrayLike<number>, right: ArrayLike<number>): number {
  return Math.max(...Array.from(left, (value, index) => Math.abs(value - (right[index] ?? NaN))));
}

t.test('uint8 comes back within half a step, read by the loader of TF.js', (t) => {
  t.comment(`SEED=${seed}`);
  for (let round = 0; round < 60; round++) {
    const spread = 10 ** (next() * 12 - 6);
    const centre = (next() - 0.5) * spread * 4;
    const rows = 1 + Math.floor(next() * 20);
    const values = Array.from({ length: rows * 7 }, () =>
      Math.fround(centre + (next() - 0.5) * spread),
    );
    const before = weightsOf({ kernel: { shape: [rows, 7], values } });
    const after = quantizeWeights(before, 'uint8');
    const { scale } = quantizeAffine(Float32Array.from(values));
    const lastBit = Math.max(...values.map(Math.abs)) * 2 ** -23;
    const error = largestError(values, load(after)['kernel'] ?? []);
    t.ok(error <= scale / 2 + lastBit, `error ${error}, step ${scale}, SEED=${seed}`);
    t.equal(after.bytes.length, values.length);
  }
  t.end();
});

t.test('float16 comes back within half a unit in the eleventh place', (t) => {
  for (let round = 0; round < 60; round++) {
    const values = Array.from({ length: 21 }, () =>
      Math.fround((next() - 0.5) * 10 ** (next() * 8 - 4)),
    );
    const after = quantizeWeights(weightsOf({ kernel: { shape: [3, 7], values } }), 'float16');
    t.equal(after.bytes.length, 42);
    const back = load(after)['kernel'] ?? new Float32Array();
    for (const [index, value] of values.entries()) {
      const error = Math.abs(value - (back[index] ?? NaN));
      t.ok(error <= Math.max(Math.abs(value) * 2 ** -11, 2 ** -25), `${value}, SEED=${seed}`);
    }
  }
  t.end();
});

t.test('float16 rounds as the engine does, over all exponents and at every edge', (t) => {
  const edges = [0, -0, 2 ** -24, 2 ** -25, 3 * 2 ** -25, 2 ** -14, 2 ** -14 - 2 ** -25, 1, 65_504];
  const ties = [1 + 2 ** -11, 1 + 3 * 2 ** -11, 65_519.996, 65_520, Infinity, -Infinity, NaN];
  const drawn = Array.from({ length: 20_000 }, () => (next() - 0.5) * 2 ** (next() * 60 - 40));
  const values = [...edges, ...ties, ...drawn].map(Math.fround);
  // Not in the language version that the project is checked against; Node 24 has it.
  const Float16 = (globalThis as Record<string, unknown>)['Float16Array'] as
    (new (values: number[]) => { buffer: ArrayBuffer }) | undefined;
  if (Float16 === undefined) {
    t.end();
    return;
  }
  const expected = new Uint16Array(new Float16(values).buffer);
  const wrong = values.filter((value, index) => toFloat16(value) !== expected[index]);
  t.same(wrong, [], `SEED=${seed}`);
  t.end();
});

t.test('constant tensors come back exactly', (t) => {
  for (const value of [0, -3.25, Math.fround(1e-30), Math.fround(0.1)]) {
    const before = weightsOf({ kernel: { shape: [2, 3], values: Array<number>(6).fill(value) } });
    t.same([...(load(quantizeWeights(before, 'uint8'))['kernel'] ?? [])], Array(6).fill(value));
  }
  t.end();
});

t.test('NaN and infinity are refused, by name, in vectors too', (t) => {
  for (const dtype of ['uint8', 'float16'] as const) {
    for (const bad of [NaN, Infinity, -Infinity]) {
      const kernel = weightsOf({ kernel: { shape: [1, 2], values: [1, bad] } });
      const bias = weightsOf({ bias: { shape: [2], values: [bad, 1] } });
      t.throws(() => quantizeWeights(kernel, dtype), QuantizationError);
      t.throws(() => quantizeWeights(bias, dtype), /weight bias holds .* at index 0/);
    }
  }
  t.end();
});

t.test('vectors, other types and numbers too large for float16 stay as they are', (t) => {
  const values = [0.1, 0.2, 0.3];
  const bias = weightsOf({ bias: { shape: [3], values } });
  t.same(quantizeWeights(bias, 'uint8').specs, bias.specs);
  t.same([...quantizeWeights(bias, 'uint8').bytes], [...bias.bytes]);

  const large = weightsOf({ kernel: { shape: [1, 2], values: [1, FLOAT16_MAX + 100] } });
  t.same(quantizeWeights(large, 'float16').specs, large.specs);

  const steps: Weights = {
    specs: [
      { name: 'steps', shape: [1, 1], dtype: 'int32' },
      { name: 'flags', shape: [1, 3], dtype: 'bool' },
      { name: 'kernel', shape: [1, 2], dtype: 'float32' },
    ],
    bytes: Uint8Array.of(7, 0, 0, 0, 1, 0, 1, ...new Uint8Array(Float32Array.of(1, 2).buffer)),
  };
  const after = quantizeWeights(steps, 'uint8');
  t.same([...after.bytes], [7, 0, 0, 0, 1, 0, 1, 0, 255]);
  t.same(after.specs[2]?.quantization, {
    dtype: 'uint8',
    scale: 1 / 255,
    min: 1,
    original_dtype: 'float32',
  });
  t.end();
});

t.test('the same weights give the same bytes; bytes that do not fit the specs are a bug', (t) => {
  const values = Array.from({ length: 12 }, next);
  const weights = weightsOf({ kernel: { shape: [3, 4], values } });
  t.same(quantizeWeights(weights, 'uint8'), quantizeWeights(weights, 'uint8'));
  const short = { specs: weights.specs, bytes: weights.bytes.slice(4) };
  t.throws(() => quantizeWeights(short, 'uint8'), /bug/);
  const long = { specs: [], bytes: weights.bytes };
  t.throws(() => quantizeWeights(long, 'uint8'), /bug/);
  const twice = quantizeWeights(weights, 'uint8');
  t.throws(() => quantizeWeights(twice, 'float16'), /bug/);
  t.end();
});
