/** From the bytes of a photograph to an answer: decode, batch, predict, put into words. */
import { colourStatistics } from '../vision/colours.ts';
import type { Predictor, Seen } from '../vision/predictor.ts';
import { answerFor, type Answer } from './answer.ts';
import { createBatcher } from './batcher.ts';
import type { ServiceConfig } from './config.ts';
import type { Decoder } from './decoder.ts';
import type { Observer } from './observer.ts';
import { ServiceError } from './service-error.ts';
import type { ServiceMetrics } from './service-metrics.ts';

export interface Recognizer {
  /** Throws ImageError for what cannot be decoded, ServiceError where too many wait. */
  recognize(photograph: Uint8Array): Promise<Answer>;
}

export function createRecognizer(
  decoder: Pick<Decoder, 'decode'>,
  predictor: Predictor,
  config: Pick<ServiceConfig, 'maxBatch' | 'batchDelayMs' | 'maxWaiting'>,
  metrics: Pick<ServiceMetrics, 'batchSize' | 'step' | 'predictions' | 'confidence'>,
  observer: Observer,
): Recognizer {
  const { input, labels } = predictor.contract;
  const batcher = createBatcher<Uint8Array, Row>({
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
      const seen = await predictor.see(pixels, images.length);
      return images.map((_, index) => rowOf(seen, index, images.length));
    },
  });

  return {
    async recognize(photograph) {
      const decodeStarted = performance.now();
      const pixels = await decoder.decode(photograph);
      const predictStarted = performance.now();
      metrics.step.observe({ step: 'decode' }, (predictStarted - decodeStarted) / 1000);

      const submitted = batcher.submit(pixels);
      if (submitted.kind === 'full') {
        throw new ServiceError(
          'too-busy',
          `${submitted.waiting} photographs wait already`,
          'try again in a second',
        );
      }
      const { probabilities, embedding } = await submitted.answer;
      const answer = answerFor(probabilities, labels);
      metrics.step.observe({ step: 'predict' }, (performance.now() - predictStarted) / 1000);
      metrics.predictions.inc({ species: answer.species });
      metrics.confidence.observe(answer.probability);
      observer.observe({
        ...(embedding && { embedding }),
        colours: colourStatistics(pixels, input.width),
        probabilities,
        species: answer.species,
        confidence: answer.probability,
      });
      return answer;
    },
  };
}

/** What was seen of one image. */
interface Row {
  readonly probabilities: Float32Array;
  readonly embedding: Float32Array | undefined;
}

function rowOf({ probabilities, embeddings }: Seen, index: number, count: number): Row {
  const row = (values: Float32Array): Float32Array => {
    const width = values.length / count;
    return values.subarray(index * width, (index + 1) * width);
  };
  return { probabilities: row(probabilities), embedding: embeddings && row(embeddings) };
}
