import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import * as tf from '@tensorflow/tfjs-core';
import { openBackend } from '../backend.ts';
import { trainBriefly, wrongGradients, type TrainingSize } from '../testing/agreement.ts';
import { referenceGradients, relativeError } from '../testing/gradient-cases.ts';
import { useSoftwareGpu } from '../testing/software-gpu.ts';
import { isSoftware, mayHaveGpu } from './open.ts';

// Every shader is compiled for a CPU, which a busy machine takes minutes for.
const patient = { timeout: 600_000 };
const gpu = await useSoftwareGpu();
const skip = typeof gpu === 'string' ? { skip: gpu } : {};

t.test('a GPU is looked for where the kernel shows one', async (t) => {
  const linux = (dev: string[], dri: string[] = []): boolean =>
    mayHaveGpu('linux', (folder) => (folder === '/dev' ? dev : dri));
  t.equal(linux(['null', 'tty', 'nvidiactl', 'nvidia-uvm']), false);
  t.equal(linux(['null'], ['card0', 'by-path']), false, 'a screen is no GPU');
  t.equal(linux(['nvidia0']), true);
  t.equal(linux([], ['renderD128']), true);
  t.equal(linux(['dxg']), true, 'WSL');
  t.equal(
    mayHaveGpu('darwin', () => []),
    true,
  );
});

t.test('a CPU that plays a GPU is known by what it says, or by its name', async (t) => {
  const info = { vendor: '', architecture: '', device: '', description: '' };
  t.equal(isSoftware({ ...info, isFallbackAdapter: true }), true);
  const named = { ...info, isFallbackAdapter: false };
  t.equal(isSoftware({ ...named, device: 'llvmpipe (LLVM 15.0.6, 256 bits)' }), true);
  t.equal(isSoftware({ ...named, architecture: 'swiftshader' }), true);
  t.equal(isSoftware({ ...named, vendor: 'nvidia', device: 'nvidia-h100-80gb-hbm3' }), false);
});

t.test('gradients agree with the plain backend', { ...skip, ...patient }, async (t) => {
  await openBackend({ prefer: 'cpu' });
  const expected = await referenceGradients();
  const backend = await openBackend({ prefer: 'webgpu' });
  t.match(backend, { name: 'webgpu', device: /swiftshader/i, describe: /played by the CPU/ });
  const before = tf.memory().numTensors;
  t.same(await wrongGradients(expected), []);
  t.equal(expected.size, 38);
  t.equal(tf.memory().numTensors, before, 'no tensor is left behind');
});

t.test('a training and its predictions agree as well', { ...skip, ...patient }, async (t) => {
  const sizes: TrainingSize[] = [
    { architecture: 'plate-cnn', inputSize: 8, width: 4, batch: 6, steps: 3 },
    { architecture: 'small-mobile-net', inputSize: 8, width: 2, batch: 6, steps: 2 },
  ];
  for (const size of sizes) {
    await openBackend({ prefer: 'cpu' });
    const expected = await trainBriefly(size);
    await openBackend({ prefer: 'webgpu' });
    const actual = await trainBriefly(size);
    const { architecture } = size;
    for (const [step, loss] of actual.losses.entries()) {
      t.ok(Math.abs(loss - (expected.losses[step] ?? NaN)) < 1e-3, `${architecture}: step ${step}`);
    }
    const error = relativeError(actual.logits, expected.logits);
    t.ok(error < 1e-2, `${architecture}: logits off by ${error}`);
    t.equal(actual.leaked, 0, `${architecture}: no tensor is left behind`);
  }
});

t.test('the process ends by itself, and auto takes no played GPU', skip, async (t) => {
  const dir = t.testdir();
  const file = join(dir, 'end.mjs');
  writeFileSync(
    file,
    `
    const tf = await import('${import.meta.resolve('@tensorflow/tfjs-core')}');
    const { openBackend } = await import('${new URL('../backend.ts', import.meta.url).href}');
    const { name } = await openBackend({ prefer: process.argv[2] });
    const x = tf.ones([64, 64]);
    console.log(name, (await tf.sum(tf.matMul(x, x)).data())[0]);`,
  );
  const run = (prefer: string): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [file, prefer], { encoding: 'utf8', timeout: 120_000 });
  t.match(run('webgpu'), { status: 0, stdout: 'webgpu 262144\n', stderr: '' });
  t.match(run('auto'), {
    status: 0,
    stdout: /^(wasm|tfjs-node|tfjs-node-gpu) 262144\n$/,
    stderr: '',
  });
});

t.test('a device that fails gives no more results', skip, async (t) => {
  await openBackend({ prefer: 'webgpu' });
  const x = tf.ones([64, 64]);
  t.throws(() => tf.matMul(x, x).dataSync(), /read synchronously/);
  // More than a device allows: WebGPU reports it beside the calls and computes on with nothing.
  const huge = 2 ** 29;
  const y = tf.fill([huge], 1);
  await t.rejects(tf.sum(y).data(), { name: 'GpuError', hint: /train.backend=wasm/ });
  await t.rejects(tf.matMul(x, x).data(), { name: 'GpuError' }, 'from then on nothing is believed');
});
