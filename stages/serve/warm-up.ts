/** Photographs of the service's own, answered before anyone else's: code and weights are then where they are needed. */
import sharp from 'sharp';
import type { Decoder } from './decoder.ts';
import type { WorkerPredictor } from './worker-predictor.ts';

/**
 * Takes the ways of a JPEG that fits and of one that does not, the first in every thread of the model.
 * Throws what decoding or looking throws.
 */
export async function warmUp(decoder: Decoder, predictor: WorkerPredictor): Promise<void> {
  const { height, width } = predictor.contract.input;
  const draw = (scale: number): Promise<Buffer> => {
    const create = { height: height * scale, width: width * scale, channels: 3 as const };
    return sharp({ create: { ...create, background: '#9cf' } })
      .jpeg()
      .toBuffer();
  };
  const jpeg = { kind: 'jpeg', bytes: await draw(1) } as const;
  await Promise.all(Array.from({ length: predictor.workers }, () => predictor.look([jpeg])));
  await predictor.look([{ kind: 'pixels', bytes: await decoder.decode(await draw(2)) }]);
}
