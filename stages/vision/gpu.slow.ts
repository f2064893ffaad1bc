import t from 'tap';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { openBackend, type BackendChoice } from './backend.ts';
import { createLearner } from './learner.ts';
import { trainBriefly, wrongGradients, type TrainingSize } from './testing/agreement.ts';
import { referenceGradients, relativeError } from './testing/gradient-cases.ts';
import { mobileNetV2 } from './testing/mobile-net-v2.ts';
import { findWebGpu, mayHaveGpu } from './webgpu/open.ts';
import { findArchitecture } from './zoo.ts';

/*
 * Training on the GPU of this machine: `npm run test:gpu`, a minute. Right as the plain backend is, and what a step
 * takes beside wasm. SOFTWARE=1 is content with a GPU that a CPU plays (hours where it is asked for large pictures).
 */
const patient = { timeout: 900_000 };
const gpu = mayHaveGpu() || process.env['SOFTWARE'] === '1' ? await findWebGpu() : undefined;
const reason =
  gpu === undefined
    ? 'the kernel shows no GPU'
    : gpu.kind === 'absent'
      ? `${gpu.reason}: ${gpu.hint}`
      : gpu.software && process.env['SOFTWARE'] !== '1'
        ? `${gpu.adapter} is no GPU (SOFTWARE=1 tries it all the same)`
        : undefined;
const skip = reason === undefined ? {} : { skip: reason };
if (gpu?.kind === 'found') t.comment(gpu.adapter);

await t.test('auto chooses the GPU', skip, async (t) => {
  const { name, device } = await openBackend();
  t.match(name, gpu?.kind === 'found' && gpu.software ? /wasm|tfjs-node/ : /webgpu|tfjs-node-gpu/);
  t.comment(`${name} on ${device ?? 'CUDA'}`);
});

await t.test('gradients agree with the plain backend', { ...skip, ...patient }, async (t) => {
  await openBackend({ prefer: 'cpu' });
  const expected = await referenceGradients();
  await openBackend({ prefer: 'webgpu' });
  t.same(await wrongGradients(expected), []);
});

await t.test(
  'a training and its predictions agree with wasm',
  { ...skip, ...patient },
  async (t) => {
    const sizes: TrainingSize[] = [
      { architecture: 'plate-cnn', inputSize: 32, width: 8, batch: 12, steps: 8 },
      { architecture: 'small-mobile-net', inputSize: 32, width: 8, batch: 12, steps: 6 },
    ];
    for (const size of sizes) {
      await openBackend({ prefer: 'wasm' });
      const expected = await trainBriefly(size);
      await openBackend({ prefer: 'webgpu' });
      const actual = await trainBriefly(size);
      const errors = actual.losses.map((loss, i) => Math.abs(loss - (expected.losses[i] ?? NaN)));
      // Rounding grows from step to step, as batch norm divides by what is small at first.
      t.ok(
        Math.max(...errors) < 5e-3,
        `${size.architecture}: losses off by ${Math.max(...errors)}`,
      );
      const error = relativeError(actual.logits, expected.logits);
      t.ok(error < 5e-2, `${size.architecture}: logits off by ${error}`);
      t.equal(actual.leaked, 0, 'no tensor is left behind');
    }
  },
);

/** Milliseconds of a step: the first, which compiles, and the median of the others. */
async function stepTimes(
  prefer: BackendChoice,
  build: () => LayersModel,
  size: { inputSize: number; batch: number; steps: number },
): Promise<{ first: number; median: number }> {
  const { inputSize, batch, steps } = size;
  await openBackend({ prefer });
  const model = build();
  const rates = { encoderRate: 1e-3, headRate: 1e-3, weightDecay: 0.05, labelSmoothing: 0.05 };
  const learner = createLearner(model, rates);
  const pixels = Float32Array.from({ length: batch * inputSize ** 2 * 3 }, (_, i) => Math.sin(i));
  const labels = Int32Array.from({ length: batch }, (_, i) => i % 13);
  const times: number[] = [];
  for (let step = 0; step < steps; step++) {
    const startedAt = performance.now();
    await learner.learn({ pixels, labels, count: batch }, step, 1);
    times.push(performance.now() - startedAt);
  }
  learner.dispose();
  model.dispose();
  const [first = NaN, ...others] = times;
  return { first, median: others.sort((a, b) => a - b)[others.length >> 1] ?? NaN };
}

await t.test('a step is quicker than on wasm', { ...skip, ...patient }, async (t) => {
  const head = { classes: 13, dropout: 0, seed: 1 };
  const plate = findArchitecture('plate-cnn');
  const models = [
    {
      name: 'plate-cnn, 64 px, batch 32',
      build: () => plate.build({ ...head, ...plate.defaults, inputSize: 64 }),
      sizes: [
        { inputSize: 64, batch: 32, steps: 60 },
        { inputSize: 64, batch: 32, steps: 12 },
      ],
    },
    {
      // wasm would take a quarter of an hour over full batches.
      name: 'MobileNetV2, 224 px, batch 32 and on wasm 4, per picture',
      build: () => mobileNetV2({ ...head, inputSize: 224 }),
      sizes: [
        { inputSize: 224, batch: 32, steps: 12 },
        { inputSize: 224, batch: 4, steps: 3 },
      ],
    },
  ] as const;
  for (const { name, build, sizes } of models) {
    const [onGpu, onWasm] = sizes;
    const fast = await stepTimes('webgpu', build, onGpu);
    const slow = await stepTimes('wasm', build, onWasm);
    const perPicture = [fast.median / onGpu.batch, slow.median / onWasm.batch] as const;
    const ms = (value: number): string => `${value.toFixed(1)} ms`;
    t.comment(
      `${name}: webgpu ${ms(fast.median)} a step (the first ${ms(fast.first)}), wasm ${ms(slow.median)}; ` +
        `${ms(perPicture[0])} and ${ms(perPicture[1])} a picture`,
    );
    if (process.env['SOFTWARE'] !== '1') t.ok(perPicture[0] < perPicture[1], name);
  }
});
