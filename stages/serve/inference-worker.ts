/** A thread that owns a model: it decodes what fits the model already, and computes, so that the main thread can go on answering. */
import { parentPort, workerData } from 'node:worker_threads';
import { colourStatistics } from '../vision/colours.ts';
import { openFastPredictor } from '../vision/fast-predictor.ts';
import type { Predictor } from '../vision/predictor.ts';
import { decodeSmallJpeg } from '../vision/small-jpeg.ts';
import { answerQuestions, type FromThread } from './worker-line.ts';
import type { Photographs, PredictorGreeting, PredictorSetup, Sight } from './worker-predictor.ts';

if (parentPort === null) throw new Error('bug: inference-worker is started by worker-predictor');
const port = parentPort;
const { modelDir, threads, wasmFolder } = workerData as PredictorSetup;

try {
  const { predictor, instead } = await openFastPredictor(modelDir, { threads, wasmFolder });
  const { contract, backend } = predictor;
  const greeting = { contract, backend, instead, msEach: await timeOne(predictor) };
  answerQuestions<PredictorGreeting, Photographs, readonly Sight[]>(
    port,
    greeting,
    async (photographs) => ({ answer: await lookAt(predictor, photographs), transfer: [] }),
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

/**
 * The quickest of up to 20 calls, within 50 ms or three calls. Timed here, as on a machine that is busy starting, the way to this
 * thread and back may take ten times as long as a small model does.
 */
async function timeOne(predictor: Predictor): Promise<number> {
  const { height, width } = predictor.contract.input;
  const blank = new Uint8Array(height * width * 3);
  let quickest = Infinity;
  const until = performance.now() + 50;
  for (let turn = 0; turn < 3 || (turn < 20 && performance.now() < until); turn++) {
    const started = performance.now();
    await predictor.see(blank, 1);
    quickest = Math.min(quickest, performance.now() - started);
  }
  return quickest;
}

async function lookAt(predictor: Predictor, { bytes, each }: Photographs): Promise<Sight[]> {
  const { height, width } = predictor.contract.input;
  const size = height * width * 3;
  const pixels = new Uint8Array(each.length * size);
  const decodings: ({ row: number; decodeSeconds: number | undefined } | undefined)[] = [];
  let at = 0;
  let count = 0;
  for (const { kind, length } of each) {
    const photograph = bytes.subarray(at, at + length);
    at += length;
    const started = performance.now();
    const isJpeg = kind === 'jpeg';
    const plain = isJpeg ? await decodeSmallJpeg(photograph, width, height) : photograph;
    if (plain !== undefined && plain.length !== size) {
      throw new Error(`bug: ${plain.length} bytes for an image of ${size}`);
    }
    if (plain !== undefined) pixels.set(plain, count * size);
    decodings.push(
      plain && {
        row: count++,
        decodeSeconds: isJpeg ? (performance.now() - started) / 1000 : undefined,
      },
    );
  }

  if (count === 0) return decodings.map(() => ({ kind: 'undecoded' }));
  const { probabilities, embeddings } = await predictor.see(
    pixels.subarray(0, count * size),
    count,
  );
  return decodings.map((decoding) => {
    if (decoding === undefined) return { kind: 'undecoded' };
    const { row, decodeSeconds } = decoding;
    const part = (values: Float32Array): Float32Array => {
      const columns = values.length / count;
      return values.subarray(row * columns, (row + 1) * columns);
    };
    return {
      kind: 'seen',
      probabilities: part(probabilities),
      embedding: embeddings && part(embeddings),
      colours: colourStatistics(pixels.subarray(row * size, (row + 1) * size), width),
      decodeSeconds,
    };
  });
}
