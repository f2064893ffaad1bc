import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { tinyInput, tinyLabels } from '../vision/testing/tiny-model.ts';
import { createRecognizer } from './recognizer.ts';
import { createServiceMetrics } from './service-metrics.ts';
import type { Sight } from './worker-predictor.ts';

const sight: Sight = {
  kind: 'seen',
  probabilities: Float32Array.of(0.1, 0.7, 0.1, 0.1),
  embedding: undefined,
  colours: { mean: [0, 0, 0], std: [0, 0, 0], saturation: 0, sharpness: 0, grain: 0 },
  decodeSeconds: undefined,
};

t.test('one call more than there are threads is begun; who comes then waits', async (t) => {
  const ends: (() => void)[] = [];
  const training = { backend: 'cpu', seed: 1, epochs: 0 };
  const contract = { input: tinyInput, labels: tinyLabels, architecture: 'tiny', training };
  const recognizer = createRecognizer(
    { decode: () => Promise.resolve(new Uint8Array(32 * 32 * 3)) },
    {
      workers: 2,
      contract: { version: 1, ...contract },
      look: (photographs) =>
        new Promise((resolve) => ends.push(() => resolve(photographs.map(() => sight)))),
    },
    { maxBatch: 8, batchDelayMs: 0, maxWaiting: 64 },
    createServiceMetrics(),
    { observe: () => undefined },
  );

  const answers = [];
  for (const begun of [1, 2, 3, 3, 3]) {
    answers.push(recognizer.recognize(Buffer.from('a photograph')));
    await turn();
    await turn();
    t.equal(ends.length, begun);
  }
  ends[1]?.();
  t.equal((await answers[1])?.species, 'blue-tit');
  t.equal(ends.length, 4, 'the two that waited are one call');
  for (const end of ends) end();
  t.equal((await Promise.all(answers)).length, 5);
});
