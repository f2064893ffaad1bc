/** The one model that a service answers from. */
import { nameModel } from './model-name.ts';
import { openWorkerPredictor, type WorkerPredictor } from './worker-predictor.ts';

export interface ServedModel {
  /** As `nameModel` gives it, such as `plate-cnn-uint8@3f2a91c0d4e7`. */
  readonly name: string;
  readonly folder: string;
  readonly predictor: WorkerPredictor;
}

/** Loads a model in a thread of its own, which computes with `threads` threads. Throws ModelError. */
export async function openServedModel(modelDir: string, threads?: number): Promise<ServedModel> {
  const predictor = await openWorkerPredictor(modelDir, threads);
  return { name: await nameModel(modelDir, predictor.contract), folder: modelDir, predictor };
}
