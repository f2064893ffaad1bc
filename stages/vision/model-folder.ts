/** What lies in a model folder, as data: contract, topology, weights. Needs no TensorFlow.js, which takes a second to load. */
import { readFile } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import type { io } from '@tensorflow/tfjs-core';
import { ModelError, parseContract, type ModelContract } from './contract.ts';

/** Reads contract.json alone: what a service needs before it decides to load the weights. */
export async function loadContract(dir: string): Promise<ModelContract> {
  return parseContract(await readJson(join(dir, 'contract.json')));
}

/** Reads topology, weight specs as they are in the file (quantised or not) and weight bytes. */
export async function readArtifacts(dir: string): Promise<io.ModelArtifacts> {
  const path = join(dir, 'model.json');
  const json = (await readJson(path)) as Partial<io.ModelJSON> | null;
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
function byteLength(spec: io.WeightsManifestEntry): number {
  const size = spec.shape.reduce((product, side) => product * side, 1);
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

/** A folder that does not hold what it should. */
export function invalid(message: string): ModelError {
  return new ModelError('invalid', message, 'train the model again, or restore its folder');
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
