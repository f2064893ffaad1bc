/** Photographs as drift sees them: decoded as the model reads them, and answered by it. */
import { colourStatistics } from '../vision/colours.ts';
import type { Predictor } from '../vision/predictor.ts';
import { observed, type Observed } from './features.ts';

/** Images that are predicted between two calls of `onProgress`. */
const CHUNK = 64;

/** `pixels` are `count` images as `predictor` reads them. */
export async function lookAt(
  predictor: Predictor,
  pixels: Uint8Array,
  count: number,
  onProgress: (done: number) => void = () => undefined,
): Promise<Observed[]> {
  const { input, labels } = predictor.contract;
  const size = input.height * input.width * 3;
  const all: Observed[] = [];
  for (let start = 0; start < count; start += CHUNK) {
    const end = Math.min(count, start + CHUNK);
    const chunk = pixels.subarray(start * size, end * size);
    const probabilities = await predictor.predict(chunk, end - start);
    for (let index = 0; index < end - start; index += 1) {
      const image = chunk.subarray(index * size, (index + 1) * size);
      const answer = probabilities.subarray(index * labels.length, (index + 1) * labels.length);
      all.push(observed(colourStatistics(image, input.width), answer));
    }
    onProgress(end);
  }
  return all;
}
