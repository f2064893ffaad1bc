/** The thread that owns the model: it computes, so that the main thread can go on answering. */
import { parentPort, workerData } from 'node:worker_threads';
import { openPredictor } from '../vision/predictor.ts';
import type { FromWorker, ToWorker, WorkerSetup } from './worker-predictor.ts';

if (parentPort === null) throw new Error('bug: inference-worker is started by worker-predictor');
const port = parentPort;
const { modelDir, wasmFolder } = workerData as WorkerSetup;

function post(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

try {
  const predictor = await openPredictor(modelDir, wasmFolder === undefined ? {} : { wasmFolder });
  port.on('message', ({ id, pixels, count }: ToWorker) => {
    predictor.predict(pixels, count).then(
      (probabilities) => {
        post({ kind: 'answer', id, probabilities }, [probabilities.buffer as ArrayBuffer]);
      },
      (error: unknown) => {
        post({ kind: 'failure', id, message: String(error) });
      },
    );
  });
  post({ kind: 'ready', contract: predictor.contract, backend: predictor.backend });
} catch (error) {
  const { message, hint } = error as { message?: string; hint?: string };
  post({ kind: 'unusable', message: message ?? String(error), hint: hint ?? '' });
}
