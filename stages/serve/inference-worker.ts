/** The thread that owns the model: it computes, so that the main thread can go on answering. */
import { parentPort, workerData } from 'node:worker_threads';
import { openFastPredictor } from '../vision/fast-predictor.ts';
import type { Seen } from '../vision/predictor.ts';
import { answerQuestions, movable, type FromThread } from './worker-line.ts';
import type { Photographs, PredictorGreeting, PredictorSetup } from './worker-predictor.ts';

if (parentPort === null) throw new Error('bug: inference-worker is started by worker-predictor');
const port = parentPort;
const { modelDir, threads, wasmFolder } = workerData as PredictorSetup;

try {
  const { predictor, instead } = await openFastPredictor(modelDir, { threads, wasmFolder });
  const greeting = { contract: predictor.contract, backend: predictor.backend, instead };
  answerQuestions<PredictorGreeting, Photographs, Seen>(
    port,
    greeting,
    async ({ pixels, count }) => {
      const seen = await predictor.see(pixels, count);
      const { probabilities, embeddings = new Float32Array() } = seen;
      return { answer: seen, transfer: [...movable(probabilities), ...movable(embeddings)] };
    },
  );
} catch (error) {
  const { message, hint } = error as { message?: string; hint?: string };
  const unusable: FromThread<never, never> = {
    kind: 'unusable',
    message: message ?? String(error),
    hint: hint ?? '',
  };
  port.postMessage(unusable);
}
