/** A thread that turns photographs into pixels. */
import { parentPort, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import { decodeImage, ImageError } from '../vision/images.ts';
import type { Decoded, DecodeSetup } from './decoder.ts';
import { openSharedGate } from './shared-gate.ts';
import { answerQuestions, movable } from './worker-line.ts';

if (parentPort === null) throw new Error('bug: decode-worker is started by decoder');
const { input, maxPixels, gateState } = workerData as DecodeSetup;

// Photographs are decoded side by side, so one thread each is enough (measured: twice as many of 6 megapixels a second);
// libvips' cache of operations would only hold memory, since no photograph comes twice.
sharp.concurrency(1);
sharp.cache(false);

// Progressive JPEGs, interlaced PNGs and WebPs are held whole while they are decoded: all threads together have room for one of
// the largest at its dearest, four channels of 16 bits.
const gate = openSharedGate(gateState, maxPixels * 8);
const options = { ...input, maxPixels, maxSeconds: 10, gate };

answerQuestions<null, Uint8Array, Decoded>(parentPort, null, async (photograph) => {
  try {
    const pixels = await decodeImage(photograph, options);
    return { answer: { kind: 'pixels', pixels }, transfer: movable(pixels) };
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return { answer: { kind: 'refused', error: error.kind, message: error.message }, transfer: [] };
  }
});
