import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { LayersModel, SequentialArgs } from '@tensorflow/tfjs-layers';
import { input, layers, model, sequential, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { openBackend } from '../backend.ts';
import type { ModelContract } from '../contract.ts';
import { saveModel, writeArtifacts } from '../model-files.ts';
import { readArtifacts } from '../model-folder.ts';
import { openPredictor } from '../predictor.ts';
import { quantizeWeights } from '../quantization.ts';
import { architectures } from '../zoo.ts';
import { openOnnxPredictor } from './predictor.ts';

const LABELS = ['amber-finch', 'blue-tit', 'crow'];
await openBackend({ prefer: 'wasm', training: false });

async function folderWith(t: Test, network: LayersModel, size = 33): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'aviansight-onnx-'));
  t.teardown(() => {
    rmSync(dir, { recursive: true });
  });
  const contract: ModelContract = {
    version: 1,
    architecture: 'test',
    input: {
      ...{ height: size, width: size, channels: 3, interpolation: 'bilinear', fit: 'cover' },
      ...{ mean: [0.47, 0.46, 0.39], std: [0.24, 0.23, 0.25] },
    },
    labels: LABELS,
    training: { backend: 'test', seed: 1, epochs: 0 },
  };
  await saveModel(dir, network, contract);
  network.dispose();
  return dir;
}

function noise(count: number, size = 33): Uint8Array {
  const length = count * size * size * 3;
  return Uint8Array.from({ length }, (_, index) => (index * 7919 + (index >> 5) * 31) % 256);
}

/** Both runtimes answer the same photographs; gives the largest difference of a probability. */
async function difference(dir: string): Promise<number> {
  const pixels = noise(5);
  const [wasm, onnx] = [await openPredictor(dir), await openOnnxPredictor(dir, { batchSize: 2 })];
  const [expected, actual] = [await wasm.predict(pixels, 5), await onnx.predict(pixels, 5)];
  wasm.dispose();
  onnx.dispose();
  if (new Set(expected).size < 10) throw new Error('the model gives every photograph one answer');
  return Math.max(...actual.map((value, index) => Math.abs(value - (expected[index] ?? NaN))));
}

for (const architecture of architectures) {
  t.test(`${architecture.name} answers on onnxruntime as on TF.js`, async (t) => {
    const options = { inputSize: 33, classes: 3, width: 8, dropout: 0.2, seed: 47 };
    const dir = await folderWith(t, architecture.build(options));
    t.ok((await difference(dir)) < 1e-5);
    for (const dtype of ['uint8', 'float16'] as const) {
      const { weightSpecs = [], weightData, ...artifacts } = await readArtifacts(dir);
      const bytes = new Uint8Array(weightData as ArrayBuffer);
      const quantized = quantizeWeights({ specs: weightSpecs, bytes }, dtype);
      const contract = JSON.parse(
        readFileSync(join(dir, 'contract.json'), 'utf8'),
      ) as ModelContract;
      const into = `${dir}/${dtype}`;
      await writeArtifacts(
        into,
        {
          ...artifacts,
          weightSpecs: [...quantized.specs],
          weightData: Uint8Array.from(quantized.bytes).buffer,
        },
        contract,
      );
      t.ok((await difference(into)) < 1e-5, dtype);
    }
  });
}

/** Of one image, through every layer that is translated and not in an architecture of ours. */
function everythingElse(): LayersModel {
  const image = input({ name: 'embedding', shape: [33, 33, 3] });
  const stem = layers.conv2d({
    name: 'pixels',
    filters: 6,
    kernelSize: [3, 5],
    strides: [2, 1],
    activation: 'relu',
  });
  let x = stem.apply(image) as SymbolicTensor;
  x = layers
    .averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' })
    .apply(x) as SymbolicTensor;
  x = layers.maxPooling2d({ poolSize: 2, padding: 'valid' }).apply(x) as SymbolicTensor;
  const depthwise = layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same' });
  const wide = layers.reLU({ maxValue: 6 }).apply(depthwise.apply(x)) as SymbolicTensor;
  const other = layers.conv2d({ filters: 12, kernelSize: 1, useBias: false }).apply(x);
  const sum = layers.add().apply([wide, other as SymbolicTensor]) as SymbolicTensor;
  const both = layers.concatenate().apply([sum, x]) as SymbolicTensor;
  const flat = layers.flatten().apply(layers.activation({ activation: 'relu6' }).apply(both));
  const hidden = layers.dense({ units: 32, activation: 'relu' }).apply(flat) as SymbolicTensor;
  const outputs = layers.dense({ units: 3, useBias: false }).apply(hidden) as SymbolicTensor;
  return model({ inputs: image, outputs });
}

t.test('pooling, sums, flattening and names that the graph has itself', async (t) => {
  t.ok((await difference(await folderWith(t, everythingElse()))) < 1e-5);
  const plain = sequential({
    layers: [
      layers.conv2d({ inputShape: [33, 33, 3], filters: 4, kernelSize: 3, strides: 2 }),
      layers.globalMaxPooling2d({}),
      layers.dense({ units: 3 }),
    ],
  });
  t.ok((await difference(await folderWith(t, plain))) < 1e-5);
});

t.test('an embedding is what the last layer reads', async (t) => {
  const dir = await folderWith(t, everythingElse());
  const predictor = await openOnnxPredictor(dir);
  const { probabilities, embeddings = new Float32Array() } = await predictor.see(noise(3), 3);
  t.equal(predictor.embeddingSize, 32);
  t.equal(embeddings.length, 3 * 32);
  t.equal(probabilities.length, 3 * 3);
  t.ok(
    embeddings.every((value) => value >= 0),
    'behind a ReLU',
  );
  // The weights are random: of 32 units, half are above zero.
  const rows = [0, 1, 2].map((row) => embeddings.slice(row * 32, (row + 1) * 32).join());
  t.equal(new Set(rows).size, 3, 'each image has its own');
  t.ok(new Set(embeddings).size > 7);
  predictor.dispose();
});

t.test('bytes that are not `count` images are a bug; no images are no answers', async (t) => {
  const predictor = await openOnnxPredictor(await folderWith(t, everythingElse()));
  await t.rejects(predictor.predict(noise(2), 3), /bug: 6534 bytes for 3 images/);
  t.same(await predictor.predict(new Uint8Array(), 0), new Float32Array());
  predictor.dispose();
});

t.test(
  'what has no translation is named, a folder that is wrong is an expected failure',
  async (t) => {
    const head = (...body: NonNullable<SequentialArgs['layers']>) =>
      sequential({ layers: [...body, layers.globalMaxPooling2d({}), layers.dense({ units: 3 })] });
    const inputShape = [33, 33, 3];
    const refused = [
      [layers.upSampling2d({ inputShape }), /layer .* is a UpSampling2D/],
      [layers.conv2d({ inputShape, filters: 2, kernelSize: 3, dilationRate: 2 }), /is dilated/],
      [
        layers.conv2d({ inputShape, filters: 2, kernelSize: 3, activation: 'elu' }),
        /the activation "elu"/,
      ],
      [layers.batchNormalization({ inputShape, axis: 1 }), /along axis 1/],
    ] as const;
    for (const [layer, message] of refused) {
      const dir = await folderWith(t, head(layer));
      await t.rejects(openOnnxPredictor(dir), { name: 'UnsupportedModel', message });
    }
    await t.rejects(openOnnxPredictor('absent'), { name: 'ModelError', kind: 'missing' });
    const fewer = sequential({
      layers: [layers.globalMaxPooling2d({ inputShape }), layers.dense({ units: 2 })],
    });
    await t.rejects(openOnnxPredictor(await folderWith(t, fewer)), {
      name: 'ModelError',
      message: /2 outputs, its contract 3 labels/,
    });
  },
);
