/** From the bytes of a photograph to an answer: decode, batch, look, put into words. */
import { isPlainJpeg } from '../vision/small-jpeg.ts';
import { answerFor, type Answer } from './answer.ts';
import { createBatcher } from './batcher.ts';
import type { ServiceConfig } from './config.ts';
import type { Decoder } from './decoder.ts';
import type { Observer } from './observer.ts';
import { ServiceError } from './service-error.ts';
import type { ServiceMetrics } from './service-metrics.ts';
import type { Photograph, Sight, WorkerPredictor } from './worker-predictor.ts';

export interface Recognizer {
  /** Throws ImageError for what cannot be decoded, ServiceError where too many wait. */
  recognize(photograph: Uint8Array): Promise<Answer>;
}

export function createRecognizer(
  decoder: Pick<Decoder, 'decode'>,
  predictor: Pick<WorkerPredictor, 'contract' | 'workers' | 'look'>,
  config: Pick<ServiceConfig, 'maxBatch' | 'batchDelayMs' | 'maxWaiting'>,
  metrics: Pick<ServiceMetrics, 'batchSize' | 'step' | 'predictions' | 'confidence'>,
  observer: Observer,
): Recognizer {
  const { input, labels } = predictor.contract;
  const batcher = createBatcher<Photograph, Sight>({
    // One more than there are threads waits in a thread's line, so that nobody computes nothing while answers are written.
    maxRuns: predictor.workers + 1,
    maxBatch: config.maxBatch,
    maxDelayMs: config.batchDelayMs,
    maxWaiting: config.maxWaiting,
    onBatch: (size) => {
      metrics.batchSize.observe(size);
    },
    run: (photographs) => predictor.look(photographs),
  });

  function look(photograph: Photograph): Promise<Sight> {
    const submitted = batcher.submit(photograph);
    if (submitted.kind === 'accepted') return submitted.answer;
    const message = `${submitted.waiting} photographs wait already`;
    throw new ServiceError('too-busy', message, 'try again in a second');
  }

  /** Photographs that fit the model are decoded beside it; all others are made to fit first. */
  async function see(bytes: Uint8Array): Promise<Sight & { kind: 'seen' }> {
    if (isPlainJpeg(bytes, input.width, input.height)) {
      const sight = await look({ kind: 'jpeg', bytes });
      if (sight.kind === 'seen') return sight;
    }
    const started = performance.now();
    const pixels = await decoder.decode(bytes);
    const decodeSeconds = (performance.now() - started) / 1000;
    const sight = await look({ kind: 'pixels', bytes: pixels });
    if (sight.kind === 'undecoded') throw new Error('bug: pixels need no decoding');
    return { ...sight, decodeSeconds };
  }

  return {
    async recognize(photograph) {
      const started = performance.now();
      const { probabilities, embedding, colours, decodeSeconds = 0 } = await see(photograph);
      const answer = answerFor(probabilities, labels);
      const seconds = (performance.now() - started) / 1000;
      metrics.step.observe({ step: 'decode' }, decodeSeconds);
      metrics.step.observe({ step: 'predict' }, seconds - decodeSeconds);
      metrics.predictions.inc({ species: answer.species });
      metrics.confidence.observe(answer.probability);
      observer.observe({
        ...(embedding && { embedding }),
        ...{ colours, probabilities, species: answer.species, confidence: answer.probability },
      });
      return answer;
    },
  };
}
