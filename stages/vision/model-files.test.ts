import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { openBackend } from './backend.ts';
import { parseContract, type ModelContract } from './contract.ts';
import { loadModel, saveModel } from './model-files.ts';
import { readArtifacts } from './model-folder.ts';
import { findArchitecture } from './zoo.ts';

const contract: ModelContract = {
  version: 1,
  architecture: 'plate-cnn',
  input: {
    height: 16,
    width: 16,
    channels: 3,
    interpolation: 'bilinear',
    fit: 'cover',
    mean: [0.5, 0.5, 0.5],
    std: [0.2, 0.2, 0.2],
  },
  labels: ['crow', 'robin', 'wren'],
  training: { backend: 'wasm', seed: 1, epochs: 2 },
};

interface StoredModel {
  modelTopology: Record<string, unknown>;
  weightsManifest: [{ paths: string[]; weights: tf.io.WeightsManifestEntry[] }];
}

function build(): LayersModel {
  const options = { inputSize: 16, classes: 3, width: 4, dropout: 0.5, seed: 1 };
  return findArchitecture('plate-cnn').build(options);
}

function answer(model: LayersModel): number[] {
  const x = tf.randomNormal([2, 16, 16, 3], 0, 1, 'float32', 4);
  return Array.from((model.predict(x) as tf.Tensor).dataSync());
}

function edit(dir: string, change: (stored: StoredModel) => void): void {
  const path = join(dir, 'model.json');
  const stored = JSON.parse(readFileSync(path, 'utf8')) as StoredModel;
  change(stored);
  writeFileSync(path, JSON.stringify(stored));
}

t.before(() => openBackend({ prefer: 'wasm', training: false }));

t.test('a saved model answers as before, wrapped in model_config or not', async (t) => {
  const dir = join(t.testdir(), 'model');
  const model = build();
  await saveModel(dir, model, contract);
  const loaded = await loadModel(dir);
  t.same(answer(loaded.model), answer(model));
  t.same(loaded.contract, contract);
  edit(dir, (stored) => {
    stored.modelTopology = { model_config: stored.modelTopology };
  });
  t.same(answer((await loadModel(dir)).model), answer(model));
});

t.test('the same model is the same bytes', async (t) => {
  const dir = t.testdir();
  for (const name of ['a', 'b']) await saveModel(join(dir, name), build(), contract);
  for (const file of ['model.json', 'weights.bin', 'contract.json']) {
    t.ok(readFileSync(join(dir, 'a', file)).equals(readFileSync(join(dir, 'b', file))), file);
  }
});

t.test('what cannot be used says why', async (t) => {
  const dir = join(t.testdir(), 'model');
  await t.rejects(loadModel(dir), { kind: 'missing', message: /contract.json/, hint: /train/ });
  await saveModel(dir, build(), contract);
  const weights = readFileSync(join(dir, 'weights.bin'));
  writeFileSync(join(dir, 'weights.bin'), weights.subarray(4));
  await t.rejects(loadModel(dir), { kind: 'invalid', message: /bytes where model.json describes/ });
  writeFileSync(join(dir, 'weights.bin'), weights);

  edit(dir, (stored) => (stored.weightsManifest[0].paths = ['../weights.bin']));
  await t.rejects(readArtifacts(dir), { kind: 'invalid', message: /outside its folder/ });
  edit(dir, (stored) => (stored.weightsManifest[0].paths = ['weights.bin']));

  const fewer = { ...contract, labels: ['crow', 'robin'] };
  writeFileSync(join(dir, 'contract.json'), JSON.stringify(fewer));
  await t.rejects(loadModel(dir), { kind: 'invalid', message: /3 outputs, its contract 2 labels/ });
  writeFileSync(join(dir, 'model.json'), '{"modelTopology"');
  await t.rejects(loadModel(dir), { kind: 'invalid', message: /not JSON/ });
});

t.test('a contract lists everything that is wrong with it', async (t) => {
  t.same(parseContract(JSON.parse(JSON.stringify(contract))), contract);
  const broken = {
    ...contract,
    labels: ['crow', 'crow'],
    input: { ...contract.input, std: [0.2, 0, 0.2], fit: 'stretch' },
    quantization: { dtype: 'int4' },
  };
  t.throws(() => parseContract(broken), {
    message: /fit is not .*; input.std is not .*; labels is not .*; quantization.dtype is not/,
  });
  for (const value of [null, 3, [], {}]) {
    t.throws(() => parseContract(value), /the model's contract is not valid/);
  }
});
