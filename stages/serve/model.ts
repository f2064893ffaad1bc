/** The one model that a service answers from. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { openWorkerPredictor, type WorkerPredictor } from './worker-predictor.ts';

export interface ServedModel {
  /** Architecture, weight type and the first digits of a digest over the model's files, such as `plate-cnn-uint8@3f2a91c0d4e7`. */
  readonly name: string;
  readonly folder: string;
  readonly predictor: WorkerPredictor;
}

/** Loads a model in a thread of its own, which computes with `threads` threads. Throws ModelError. */
export async function openServedModel(modelDir: string, threads?: number): Promise<ServedModel> {
  const predictor = await openWorkerPredictor(modelDir, threads);
  const { architecture, quantization } = predictor.contract;
  const digest = await digestFiles(modelDir, ['contract.json', 'model.json', 'weights.bin']);
  return {
    name: `${architecture}-${quantization?.dtype ?? 'float32'}@${digest.slice(0, 12)}`,
    folder: modelDir,
    predictor,
  };
}

async function digestFiles(dir: string, names: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const name of names) {
    for await (const chunk of createReadStream(join(dir, name))) hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}
