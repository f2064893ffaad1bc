/** A model folder: model.json (topology and manifest), weights.bin, contract.json. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel, type LayersModel } from '@tensorflow/tfjs-layers';
import type { ModelContract } from './contract.ts';
import { invalid, loadContract, messageOf, readArtifacts } from './model-folder.ts';

/**
 * Writes `model` into `dir` in TF.js's layers format, with its contract beside it.
 * Every file appears whole (temp file, rename); model.json comes last, so a folder that has it is complete.
 */
export async function saveModel(
  dir: string,
  model: LayersModel,
  contract: ModelContract,
): Promise<void> {
  await model.save({
    save: async (artifacts) => {
      await writeArtifacts(dir, artifacts, contract);
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
    },
  });
}

/** Writes artifacts that are already in memory: topology, weight specs (quantised or not), bytes. */
export async function writeArtifacts(
  dir: string,
  artifacts: tf.io.ModelArtifacts,
  contract: ModelContract,
): Promise<void> {
  const { modelTopology, weightSpecs, weightData } = artifacts;
  if (modelTopology === undefined || weightSpecs === undefined || weightData === undefined) {
    throw new Error('bug: a model without topology or weights cannot be written');
  }
  const manifest = {
    format: 'layers-model',
    generatedBy: artifacts.generatedBy ?? 'AvianSight',
    convertedBy: null,
    modelTopology,
    weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }],
  };
  await mkdir(dir, { recursive: true });
  await replaceFile(join(dir, 'weights.bin'), joinBytes(weightData));
  await replaceFile(join(dir, 'contract.json'), `${JSON.stringify(contract, null, 2)}\n`);
  await replaceFile(join(dir, 'model.json'), JSON.stringify(manifest));
}

/**
 * Reads a model folder. Quantised weights are expanded to float32, as their manifest says, and the
 * topology may or may not be wrapped in `model_config` (TF.js writes it bare, Keras wraps it).
 * A backend must be open. Throws ModelError 'missing' or 'invalid'.
 */
export async function loadModel(
  dir: string,
): Promise<{ model: LayersModel; contract: ModelContract }> {
  const contract = await loadContract(dir);
  const artifacts = await readArtifacts(dir);
  let model: LayersModel;
  try {
    model = await loadLayersModel(tf.io.fromMemory(artifacts));
  } catch (error) {
    throw invalid(`the model in ${dir} cannot be built: ${messageOf(error)}`);
  }
  const outputs = model.outputs[0]?.shape.at(-1);
  if (outputs !== contract.labels.length) {
    model.dispose();
    throw invalid(
      `the model in ${dir} has ${outputs ?? 'no'} outputs, its contract ${contract.labels.length} labels`,
    );
  }
  return { model, contract };
}

/** One buffer out of what TF.js calls weight data: a buffer or a list of them. */
export function joinBytes(data: tf.io.WeightData): Uint8Array {
  return new Uint8Array(tf.io.CompositeArrayBuffer.join(data));
}

/** Writes beside the target and renames, so that a reader never sees half a file. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
