/** A photograph of the service's own, answered before anyone else's: code and weights are then where they are needed. */
import sharp from 'sharp';
import type { Predictor } from '../vision/predictor.ts';
import type { Decoder } from './decoder.ts';

/** Takes the ways of a JPEG that fits and of one that does not. Throws what decoding or predicting throws. */
export async function warmUp(decoder: Decoder, predictor: Predictor): Promise<void> {
  const { height, width } = predictor.contract.input;
  for (const scale of [1, 2]) {
    const create = {
      ...{ height: height * scale, width: width * scale, channels: 3 as const },
      background: '#9cf',
    };
    const photograph = await sharp({ create }).jpeg().toBuffer();
    await predictor.predict(await decoder.decode(photograph), 1);
  }
}
