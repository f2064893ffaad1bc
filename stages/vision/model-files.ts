/** A model folder: model.json (topology and manifest), weights.bin, contract.json. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, normalize, isAbsolute } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel, type LayersModel } from '@tensorflow/tfjs-layers';
import { ModelError, parseContract, type ModelContract } from './contract.ts';

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

/** Reads contract.json alone: what a service needs before it decides to load the weights. */
export async function loadContract(dir: string): Promise<ModelContract> {
  return parseContract(await readJson(join(dir, 'contract.json')));
}

/** Reads topology, weight specs as they are in the file (quantised or not) and weight bytes. */
export async function readArtifacts(dir: string): Promise<tf.io.ModelArtifacts> {
  const path = join(dir, 'model.json');
  const json = (await readJson(path)) as Partial<tf.io.ModelJSON> | null;
  const { modelTopology, weightsManifest } = json ?? {};
  if (typeof modelTopology !== 'object' || !Array.isArray(weightsManifest)) {
    throw invalid(`${path} has no modelTopology or no weightsManifest`);
  }
  const weightSpecs = weightsManifest.flatMap((group) => group.weights);
  const parts: Buffer[] = [];
  for (const name of weightsManifest.flatMap((group) => group.paths)) {
    parts.push(await readPart(join(dir, insideFolder(name, path))));
  }
  const bytes = Buffer.concat(parts);
  const expected = weightSpecs.reduce((sum, spec) => sum + byteLength(spec), 0);
  if (bytes.byteLength !== expected) {
    throw invalid(
      `the weights in ${dir} have ${bytes.byteLength} bytes where model.json describes ${expected}`,
    );
  }
  return { modelTopology, weightSpecs, weightData: toArrayBuffer(bytes), format: 'layers-model' };
}

/** Bytes that one entry of a weights manifest takes in the file. */
function byteLength(spec: tf.io.WeightsManifestEntry): number {
  const size = tf.util.sizeFromShape(spec.shape);
  const dtype = spec.quantization?.dtype ?? spec.dtype;
  switch (dtype) {
    case 'uint8':
    case 'bool':
      return size;
    case 'uint16':
    case 'float16':
      return size * 2;
    case 'float32':
    case 'int32':
      return size * 4;
    case 'complex64':
      return size * 8;
    default:
      throw invalid(`weight ${spec.name} has the unsupported dtype ${dtype}`);
  }
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

async function readJson(path: string): Promise<unknown> {
  const text = (await readPart(path)).toString('utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(`${path} is not JSON: ${messageOf(error)}`);
  }
}

async function readPart(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new ModelError(
      'missing',
      `there is no ${path}`,
      'run the train stage, or name the folder that it wrote',
    );
  }
}

/** A manifest is data from outside: it may only name files of its own folder. */
function insideFolder(name: string, manifest: string): string {
  const path = normalize(name);
  if (isAbsolute(path) || path.split(/[\\/]/).includes('..')) {
    throw invalid(`${manifest} names a weight file outside its folder: ${name}`);
  }
  return path;
}

function toArrayBuffer(bytes: Buffer): ArrayBuffer {
  const copy = new Uint8Array(bytes.byteLength);
  copy.set(bytes);
  return copy.buffer;
}

function invalid(message: string): ModelError {
  return new ModelError('invalid', message, 'train the model again, or restore its folder');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
