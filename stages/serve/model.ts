/** The one model that a service answers from. */
import { nameModel } from './model-name.ts';
import {
  openWorkerPredictor,
  type WorkerPredictor,
  type WorkerPredictorOptions,
} from './worker-predictor.ts';

export interface ServedModel {
  /** As `nameModel` gives it, such as `plate-cnn-uint8@3f2a91c0d4e7`. */
  readonly name: string;
  readonly folder: string;
  readonly predictor: WorkerPredictor;
}

/** Loads a model in threads of its own. Throws ModelError. */
export async function openServedModel(
  modelDir: string,
  options: WorkerPredictorOptions = {},
): Promise<ServedModel> {
  const predictor = await openWorkerPredictor(modelDir, options);
  return { name: await nameModel(modelDir, predictor.contract), folder: modelDir, predictor };
}
