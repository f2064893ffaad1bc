/** The model that the service is measured with. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openBackend } from '../../stages/vision/backend.ts';
import { saveModel } from '../../stages/vision/model-files.ts';
import { findArchitecture } from '../../stages/vision/zoo.ts';

/** The trained model's folder, absolute; its architecture with random weights, written into `root`, where there is none. */
export async function flagshipFolder(trained: string, root: string): Promise<string> {
  if (existsSync(join(trained, 'model.json'))) return resolve(trained);
  const dir = join(root, 'flagship');
  await openBackend({ prefer: 'wasm', training: false });
  const { build, defaults, name, input } = findArchitecture('plate-cnn');
  const model = build({ inputSize: 64, classes: 13, width: defaults.width, dropout: 0, seed: 47 });
  await saveModel(dir, model, {
    version: 1,
    architecture: name,
    input: {
      ...{ height: 64, width: 64, channels: 3, ...input },
      ...{ mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    },
    labels: Array.from({ length: 13 }, (_, index) => `bird-${index}`),
    training: { backend: 'none', seed: 47, epochs: 0 },
  });
  return dir;
}
