/** Photographs to pixels in threads of their own, so that a large one keeps nobody else from being answered. */
import type { ModelInput } from '../vision/contract.ts';
import { ImageError, type ImageErrorKind } from '../vision/images.ts';
import { decodeSmallJpeg } from '../vision/small-jpeg.ts';
import { movable, openWorkerLine } from './worker-line.ts';

export interface DecoderSetup {
  readonly input: ModelInput;
  readonly maxPixels: number;
}

export type Decoded =
  | { readonly kind: 'pixels'; readonly pixels: Uint8Array }
  | { readonly kind: 'refused'; readonly error: ImageErrorKind; readonly message: string };

export interface Decoder {
  /** As decodeImage does; takes the bytes over. Throws ImageError. */
  decode(photograph: Uint8Array): Promise<Uint8Array>;
  /** Resolves with the reason if a thread ends by itself. */
  readonly died: Promise<Error>;
  /** Lets the threads finish what they were given; resolves when they have ended. */
  end(): Promise<void>;
}

/**
 * Pictures with as many pixels are decoded where they are, if they are plain JPEGs of the model's size: that takes 0.15 ms at
 * 64 px, as long as handing one over to another thread and back.
 */
const NOT_WORTH_A_THREAD = 128 * 128;

export async function openDecoder(setup: DecoderSetup, threads: number): Promise<Decoder> {
  const lines = await Promise.all(
    Array.from({ length: threads }, () =>
      openWorkerLine<null, Uint8Array, Decoded>('decode-worker', setup),
    ),
  );
  const busy = lines.map(() => 0);
  const { height, width } = setup.input;
  const isTiny = height * width <= NOT_WORTH_A_THREAD;

  return {
    died: Promise.race(lines.map((line) => line.died)),
    async decode(photograph) {
      const plain = isTiny ? await decodeSmallJpeg(photograph, width, height) : undefined;
      if (plain !== undefined) return plain;
      const least = busy.indexOf(Math.min(...busy));
      const line = lines[least];
      if (line === undefined) throw new Error('bug: a decoder without threads');
      busy[least] = (busy[least] ?? 0) + 1;
      try {
        // A view is sent with all that lies around it, so a part of a form is copied out first.
        const isAlone = photograph.byteLength === photograph.buffer.byteLength;
        const own = isAlone ? photograph : new Uint8Array(photograph);
        const decoded = await line.ask(own, movable(own));
        if (decoded.kind === 'pixels') return decoded.pixels;
        throw new ImageError(decoded.error, decoded.message);
      } finally {
        busy[least] = (busy[least] ?? 1) - 1;
      }
    },
    async end() {
      await Promise.all(lines.map((line) => line.end()));
    },
  };
}
