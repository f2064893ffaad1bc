/**
 * JPEGs that are of the wanted size already, such as a data set's: libjpeg-turbo in WebAssembly decodes one of 64 px in
 * 0.14 ms, where a pipeline of sharp takes 2 ms to be built, run and taken down. The bytes are the same to the bit.
 */
import { createRequire } from 'node:module';

interface Decoder {
  getEncodedBuffer(length: number): Uint8Array;
  decode(): void;
  getFrameInfo(): { width: number; height: number; componentCount: number };
  getDecodedBuffer(): Uint8Array;
  delete(): void;
}

interface Codec {
  readonly JPEGDecoder: new () => Decoder;
}

/** A failed decoding leaves 3.5 kB behind in the memory of the codec, which is replaced after this many. */
const MOST_FAILURES = 5000;

let codec: Promise<Codec> | undefined;
let failures = 0;

/**
 * The pixels of a JPEG of exactly this size: RGB, row-major. Undefined for whatever is not as plain as that (another size,
 * progressive, rotated, with a colour profile, damaged): then sharp decodes it, or says what is wrong with it.
 */
export async function decodeSmallJpeg(
  bytes: Uint8Array,
  width: number,
  height: number,
): Promise<Uint8Array | undefined> {
  if (!isPlainJpeg(bytes, width, height)) return undefined;
  codec ??= loadCodec();
  const { JPEGDecoder } = await codec;
  const decoder = new JPEGDecoder();
  try {
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    decoder.decode();
    const pixels = decoder.getDecodedBuffer();
    // Copied, as the codec's memory is reused by the next photograph; by Uint8Array.from that would go through an iterator.
    return pixels.length === width * height * 3 ? new Uint8Array(pixels) : undefined;
  } catch {
    if (++failures % MOST_FAILURES === 0) codec = undefined;
    return undefined;
  } finally {
    decoder.delete();
  }
}

function loadCodec(): Promise<Codec> {
  const require = createRequire(import.meta.url);
  const create =
    require('@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs') as () => Promise<Codec>;
  return create();
}

/** Bytes a plain JPEG may have: far above what this many pixels need, so that no file can keep a thread busy. */
const MOST_BYTES = 1 << 20;
const MOST_SIDE = 512;

/** Baseline, eight bits, grey or YCbCr, of this size, and nothing before the picture that changes how it is to be seen. */
export function isPlainJpeg(bytes: Uint8Array, width: number, height: number): boolean {
  if (bytes.length > MOST_BYTES || Math.max(width, height) > MOST_SIDE) return false;
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return false;
  const word = (at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  let at = 2;
  while (at + 9 < bytes.length) {
    if (bytes[at] !== 0xff) return false;
    const marker = bytes[at + 1];
    switch (marker) {
      case 0xc0: // baseline frame: length, bits, height, width, components
        return (
          bytes[at + 4] === 8 &&
          word(at + 5) === height &&
          word(at + 7) === width &&
          (bytes[at + 9] === 1 || bytes[at + 9] === 3)
        );
      case 0xe0: // JFIF
      case 0xfe: // a comment
      case 0xdb: // quantisation tables
      case 0xc4: // Huffman tables
      case 0xdd: // restart interval
        at += 2 + Math.max(2, word(at + 2));
        break;
      default: // EXIF, colour profiles, Adobe's colour spaces, progressive frames, anything unknown
        return false;
    }
  }
  return false;
}
