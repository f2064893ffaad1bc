import t from 'tap';
import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import { openBackend } from './backend.ts';
import { createLearner } from './learner.ts';
import { batchNorm } from './models/batch-norm.ts';
import { globalMax } from './models/global-max.ts';
import type { ModelOptions } from './models/options.ts';
import { brightness } from './testing/agreement.ts';
import { architectures, findArchitecture } from './zoo.ts';

const options: ModelOptions = { inputSize: 16, classes: 3, width: 4, dropout: 0.2, seed: 5 };
const rates = { encoderRate: 0.01, headRate: 0.01, weightDecay: 0.01, labelSmoothing: 0.1 };

t.before(() => openBackend({ prefer: 'wasm', threads: 1 }));

/** What a reader is told to do about an unknown architecture. */
function hintFor(name: string): string {
  try {
    findArchitecture(name);
  } catch (error) {
    return (error as { hint?: string }).hint ?? '';
  }
  return '';
}

t.test('learns, leaves no tensors behind, and is the same twice', async (t) => {
  const batch = brightness(12, 16);
  async function train(): Promise<{ losses: number[]; weights: Float32Array[] }> {
    const model = findArchitecture('plate-cnn').build(options);
    const learner = createLearner(model, rates);
    const losses: number[] = [];
    let tensors = 0;
    for (let step = 0; step < 12; step++) {
      losses.push((await learner.learn(batch, step, 1)).loss / batch.count);
      if (step === 1) tensors = tf.memory().numTensors;
    }
    await learner.score(batch);
    t.equal(tf.memory().numTensors, tensors, 'steady from step to step');
    const weights = await learner.weights();
    learner.dispose();
    model.dispose();
    return { losses, weights };
  }
  const start = tf.memory().numTensors;
  const first = await train();
  t.equal(tf.memory().numTensors, start, 'nothing left at the end');
  t.ok((first.losses.at(-1) ?? NaN) < (first.losses[0] ?? NaN) * 0.8, first.losses.join(' '));
  t.same((await train()).weights, first.weights);
});

t.test('head and encoder move at their own rates', async (t) => {
  const batch = brightness(6, 16);
  for (const [encoderRate, headRate] of [
    [0, 0.01],
    [0.01, 0],
  ] as const) {
    const model = findArchitecture('plate-cnn').build(options);
    const learner = createLearner(model, { ...rates, encoderRate, headRate });
    const kernels = (): Record<'block1_conv' | 'head', string> => ({
      block1_conv: model.getLayer('block1_conv').getWeights()[0]?.dataSync().join() ?? '',
      head: model.getLayer('head').getWeights()[0]?.dataSync().join() ?? '',
    });
    const before = kernels();
    await learner.learn(batch, 0, 1);
    const after = kernels();
    t.equal(before.block1_conv !== after.block1_conv, encoderRate > 0, 'encoder');
    t.equal(before.head !== after.head, headRate > 0, 'head');
    learner.dispose();
    model.dispose();
  }
});

t.test('every architecture: a seed decides its weights, its output is logits', async (t) => {
  for (const { name, build } of architectures) {
    const [a, b, other] = [build(options), build(options), build({ ...options, seed: 6 })];
    const bytes = (model: typeof a): string =>
      model
        .getWeights()
        .map((weight) => weight.dataSync().join())
        .join(';');
    t.equal(bytes(a), bytes(b), `${name}: same seed`);
    t.not(bytes(a), bytes(other), `${name}: another seed`);
    const logits = a.predict(tf.zeros([2, 16, 16, 3])) as tf.Tensor;
    t.same(logits.shape, [2, 3], name);
    for (const model of [a, b, other]) model.dispose();
  }
  t.equal(hintFor('mobile-net'), 'there are plate-cnn, small-mobile-net');
  t.match(hintFor('plate_cnn'), /did you mean plate-cnn\?/);
  const { build, defaults } = findArchitecture('plate-cnn');
  const full = build({ inputSize: 64, classes: 13, ...defaults, dropout: 0, seed: 1 });
  t.ok(Math.abs(full.countParams() - 200_000) < 20_000, `${full.countParams()} parameters`);
});

t.test('global max computes and differentiates as the one of TF.js does', async (t) => {
  const x = tf.randomNormal([3, 4, 5, 6], 0, 1, 'float32', 8);
  const dy = tf.randomNormal([3, 6], 0, 1, 'float32', 9);
  const [ours, theirs] = [globalMax('ours-max'), layers.globalMaxPooling2d({})].map((layer) => {
    const run = (input: tf.Tensor): tf.Tensor =>
      layer.apply(input, { training: true }) as tf.Tensor;
    const dx = tf.grad((input) => tf.sum(tf.mul(run(input), dy)))(x);
    return { y: [...run(x).dataSync()], dx: [...dx.dataSync()] };
  });
  t.same(ours, theirs);
});

t.test('batch norm computes and differentiates as the one of TF.js does', async (t) => {
  const x = tf.randomNormal([3, 4, 4, 2], 1, 2, 'float32', 8);
  const dy = tf.randomNormal([3, 4, 4, 2], 0, 1, 'float32', 9);
  const results = [
    batchNorm('ours'),
    layers.batchNormalization({ name: 'theirs', momentum: 0.9, epsilon: 1e-3 }),
  ].map((layer) => {
    layer.build([null, 4, 4, 2]);
    layer.setWeights([
      tf.tensor1d([1.5, 0.5]),
      tf.tensor1d([0.1, -0.2]),
      tf.tensor1d([0, 0]),
      tf.tensor1d([1, 1]),
    ]);
    const variables = layer.trainableWeights.map(
      (weight) => weight.read() as unknown as tf.Variable,
    );
    const run = (input: tf.Tensor): tf.Scalar =>
      tf.sum(tf.mul(layer.apply(input, { training: true }) as tf.Tensor, dy));
    const y = layer.apply(x, { training: true }) as tf.Tensor;
    const { grads } = tf.variableGrads(() => run(x), variables);
    return {
      y: y.dataSync(),
      dx: tf.grad(run)(x).dataSync(),
      dGamma: grads[variables[0]?.name ?? '']?.dataSync(),
      dBeta: grads[variables[1]?.name ?? '']?.dataSync(),
      mean: layer.getWeights()[2]?.dataSync(),
    };
  });
  const [ours, theirs] = results;
  for (const key of ['y', 'dx', 'dGamma', 'dBeta', 'mean'] as const) {
    const a = [...(ours?.[key] ?? [])];
    const b = [...(theirs?.[key] ?? [NaN])];
    const error = Math.max(...b.map((value, i) => Math.abs(value - (a[i] ?? NaN))));
    t.ok(error < 1e-4, `${key}: off by ${error}`);
  }
});
