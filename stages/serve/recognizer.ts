/** From the bytes of a photograph to an answer: decode, batch, predict, put into words. */
import { colourStatistics } from '../vision/colours.ts';
import { decodeImage } from '../vision/images.ts';
import type { Predictor } from '../vision/predictor.ts';
import { answerFor, type Answer } from './answer.ts';
import { createBatcher } from './batcher.ts';
import type { ServiceConfig } from './config.ts';
import type { Observer } from './observer.ts';
import { ServiceError } from './service-error.ts';
import type { ServiceMetrics } from './service-metrics.ts';

export interface Recognizer {
  /** Throws ImageError for what cannot be decoded, ServiceError where too many wait. */
  recognize(photograph: Uint8Array): Promise<Answer>;
}

export function createRecognizer(
  predictor: Predictor,
  config: Pick<ServiceConfig, 'maxBatch' | 'batchDelayMs' | 'maxWaiting' | 'maxPixels'>,
  metrics: Pick<ServiceMetrics, 'batchSize' | 'step' | 'predictions' | 'confidence'>,
  observer: Observer,
): Recognizer {
  const { input, labels } = predictor.contract;
  const batcher = createBatcher<Uint8Array, Float32Array>({
    maxBatch: config.maxBatch,
    maxDelayMs: config.batchDelayMs,
    maxWaiting: config.maxWaiting,
    onBatch: (size) => {
      metrics.batchSize.observe(size);
    },
    run: async (images) => {
      const size = input.height * input.width * 3;
      const pixels = new Uint8Array(images.length * size);
      images.forEach((image, index) => {
        pixels.set(image, index * size);
      });
      const probabilities = await predictor.predict(pixels, images.length);
      return images.map((_, index) =>
        probabilities.subarray(index * labels.length, (index + 1) * labels.length),
      );
    },
  });

  return {
    async recognize(photograph) {
      const decodeStarted = performance.now();
      const pixels = await decodeImage(photograph, { ...input, maxPixels: config.maxPixels });
      const predictStarted = performance.now();
      metrics.step.observe({ step: 'decode' }, (predictStarted - decodeStarted) / 1000);

      const colours = colourStatistics(pixels);
      const submitted = batcher.submit(pixels);
      if (submitted.kind === 'full') {
        throw new ServiceError(
          'too-busy',
          `${submitted.waiting} photographs wait already`,
          'try again in a second',
        );
      }
      const answer = answerFor(await submitted.answer, labels);
      metrics.step.observe({ step: 'predict' }, (performance.now() - predictStarted) / 1000);
      metrics.predictions.inc({ species: answer.species });
      metrics.confidence.observe(answer.probability);
      observer.observe({ colours, species: answer.species, confidence: answer.probability });
      return answer;
    },
  };
}
