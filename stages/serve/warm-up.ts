/** Photographs of the service's own, answered before anyone else's: code and weights are then where they are needed. */
import sharp from 'sharp';
import type { Decoder } from './decoder.ts';
import type { WorkerPredictor } from './worker-predictor.ts';

/**
 * Takes the ways of a JPEG that fits and of one that does not, the first in every thread of the model.
 * Resolves with the milliseconds that the model takes for one photograph. Throws what decoding or looking throws.
 */
export async function warmUp(decoder: Decoder, predictor: WorkerPredictor): Promise<number> {
  const { height, width } = predictor.contract.input;
  const draw = (scale: number): Promise<Buffer> => {
    const create = { height: height * scale, width: width * scale, channels: 3 as const };
    return sharp({ create: { ...create, background: '#9cf' } })
      .jpeg()
      .toBuffer();
  };
  const jpeg = { kind: 'jpeg', bytes: await draw(1) } as const;
  await Promise.all(Array.from({ length: predictor.workers }, () => predictor.look([jpeg])));
  const pixels = { kind: 'pixels', bytes: await decoder.decode(await draw(2)) } as const;

  let quickest = Infinity;
  for (let turn = 0; turn < 3; turn++) {
    const started = performance.now();
    await predictor.look([pixels]);
    quickest = Math.min(quickest, performance.now() - started);
  }
  return quickest;
}
