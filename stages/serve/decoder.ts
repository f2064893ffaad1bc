/** Photographs to pixels in threads of their own, so that a large one keeps nobody else from being answered. */
import type { ModelInput } from '../vision/contract.ts';
import { ImageError, type ImageErrorKind } from '../vision/images.ts';
import { createSharedGate } from './shared-gate.ts';
import { openWorkerPool } from './worker-pool.ts';

export interface DecoderSetup {
  readonly input: ModelInput;
  readonly maxPixels: number;
}

/** What a thread gets. */
export interface DecodeSetup extends DecoderSetup {
  /** Of the gate that all threads share. */
  readonly gateState: SharedArrayBuffer;
}

export type Decoded =
  | { readonly kind: 'pixels'; readonly pixels: Uint8Array }
  | { readonly kind: 'refused'; readonly error: ImageErrorKind; readonly message: string };

export interface Decoder {
  /** As decodeImage does. Throws ImageError. */
  decode(photograph: Uint8Array): Promise<Uint8Array>;
  /** Resolves with the reason if a thread ends by itself. */
  readonly died: Promise<Error>;
  /** Lets the threads finish what they were given; resolves when they have ended. */
  end(): Promise<void>;
}

export async function openDecoder(setup: DecoderSetup, threads: number): Promise<Decoder> {
  const shared: DecodeSetup = { ...setup, gateState: createSharedGate() };
  const pool = await openWorkerPool<null, Uint8Array, Decoded>('decode-worker', shared, threads);
  return {
    died: pool.died,
    async decode(photograph) {
      // Copied, since a view is sent with all that lies around it: the whole form.
      const own = new Uint8Array(photograph);
      const decoded = await pool.ask(own, [own.buffer]);
      if (decoded.kind === 'pixels') return decoded.pixels;
      throw new ImageError(decoded.error, decoded.message);
    },
    end: () => pool.end(),
  };
}
