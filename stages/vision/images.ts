/** From the bytes of a photograph to the pixels that a model reads. Training and serving share it. */
import { readFile } from 'node:fs/promises';
import sharp, { type Metadata, type ResizeOptions, type Sharp } from 'sharp';
import type { ModelInput } from './contract.ts';
import { decodeSmallJpeg } from './small-jpeg.ts';

/** `unsupported`: no JPEG, PNG or WebP; `broken`: cut short or damaged; `too-large`: more pixels than are decoded. */
export type ImageErrorKind = 'unsupported' | 'broken' | 'too-large';

/** A file that cannot be decoded: an expected failure. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
  readonly kind: ImageErrorKind;
  readonly hint: string;

  constructor(kind: ImageErrorKind, message: string) {
    super(message);
    this.kind = kind;
    this.hint = HINTS[kind];
  }
}

const HINTS: Record<ImageErrorKind, string> = {
  unsupported: 'give a JPEG, PNG or WebP; the content counts, not the name',
  broken: 'does it open in a viewer? it may have been cut short on its way',
  'too-large': 'scale the photograph down',
};

/** Above what cameras make, below what fills the memory: a small file can announce any size. */
export const MAX_PIXELS = 100_000_000;

/**
 * Longer than any panorama. Rows are held by the hundred while they are shrunk, so a PNG of a million pixels by thirty takes
 * more memory than a square one of as many.
 */
export const MAX_SIDE = 32_768;

export type ImageFormat = 'jpeg' | 'png' | 'webp';

/** The format that the first bytes announce, undefined for any that is not decoded here. */
export function sniffFormat(bytes: Uint8Array): ImageFormat | undefined {
  const text = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  if (text.startsWith('\xff\xd8\xff')) return 'jpeg';
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'png';
  if (text.startsWith('RIFF') && text.slice(8) === 'WEBP') return 'webp';
  return undefined;
}

export interface DecodeOptions extends Pick<
  ModelInput,
  'height' | 'width' | 'interpolation' | 'fit'
> {
  /** Width times height that the file may announce; MAX_PIXELS unless given. */
  readonly maxPixels?: number;
  /** Decoding that takes longer fails as 'broken'; a file can be made to take minutes. No limit unless given. */
  readonly maxSeconds?: number;
  /** Bounds what is decoded side by side, by `OpenImage.heldBytes`. */
  readonly gate?: Gate;
}

export interface Gate {
  /** Waits for room for `size`, then does the task. */
  run<T>(size: number, task: () => Promise<T>): Promise<T>;
}

const KERNELS = { bilinear: 'linear', cubic: 'cubic', lanczos3: 'lanczos3' } as const;

/**
 * Decodes a JPEG, PNG or WebP (a path, or its bytes) to height * width * 3 bytes: RGB, row-major, sRGB.
 * EXIF orientation is applied, transparency falls on white, the first frame of an animation counts.
 * Throws ImageError; a path that cannot be read throws the error of the file system.
 */
export async function decodeImage(
  source: string | Uint8Array,
  options: DecodeOptions,
): Promise<Uint8Array> {
  const { height, width, interpolation, fit, gate } = options;
  const bytes = typeof source === 'string' ? await readFile(source) : source;
  const plain = await decodeSmallJpeg(bytes, width, height);
  if (plain !== undefined) return plain;
  const name = typeof source === 'string' ? source : undefined;
  const image = await openBytes(bytes, { ...options, ...(name === undefined ? {} : { name }) });
  const resize = {
    width,
    height,
    kernel: KERNELS[interpolation],
    fit: fit === 'squash' ? 'fill' : 'cover',
  } as const;
  if (gate === undefined) return image.pixels(resize);
  return gate.run(image.heldBytes, () => image.pixels(resize));
}

export interface OpenImage {
  readonly bytes: Uint8Array;
  readonly format: ImageFormat;
  /** Upright: after EXIF orientation. */
  readonly width: number;
  readonly height: number;
  /** Bytes that decoding it takes at a time, about; the file itself is not in it. */
  readonly heldBytes: number;
  /** Width * height * 3 bytes, RGB, resized where asked. Throws ImageError 'broken'. */
  pixels(resize?: ResizeOptions): Promise<Uint8Array>;
  /** The image as a JPEG, resized where asked, without metadata. Throws ImageError 'broken'. */
  jpeg(quality: number, resize?: ResizeOptions): Promise<Buffer>;
}

/** Reads the header of an image, checks format and size; pixels are decoded later. Throws as decodeImage does. */
export async function openImage(
  source: string | Uint8Array,
  maxPixels = MAX_PIXELS,
): Promise<OpenImage> {
  if (typeof source !== 'string') return openBytes(source, { maxPixels });
  return openBytes(await readFile(source), { maxPixels, name: source });
}

interface OpenOptions extends Pick<DecodeOptions, 'maxPixels' | 'maxSeconds'> {
  readonly name?: string;
}

async function openBytes(
  bytes: Uint8Array,
  { maxPixels = MAX_PIXELS, maxSeconds = 0, name = 'the image' }: OpenOptions,
): Promise<OpenImage> {
  const format = sniffFormat(bytes);
  // libvips opens SVG, PDF and more, with all that those can refer to; such bytes never reach it.
  if (format === undefined) {
    throw new ImageError('unsupported', `${name} is no JPEG, PNG or WebP`);
  }
  // 'error': damage fails, while the harmless oddities of old cameras ('warning') pass.
  const decoding = { failOn: 'error', autoOrient: true } as const;
  const header = await readHeader(sharp(bytes, { ...decoding, limitInputPixels: false }), name);
  const { width, height } = header;
  if (width * height > maxPixels) {
    throw new ImageError(
      'too-large',
      `${name} has ${width} x ${height} pixels, at most ${maxPixels} are decoded`,
    );
  }
  if (Math.max(width, height) > MAX_SIDE) {
    throw new ImageError(
      'too-large',
      `${name} has ${width} x ${height} pixels, no side may have more than ${MAX_SIDE}`,
    );
  }

  const colours = (resize?: ResizeOptions): Sharp => {
    const decoded = sharp(bytes, { ...decoding, limitInputPixels: maxPixels });
    decoded.timeout({ seconds: maxSeconds });
    const image = resize === undefined ? decoded : decoded.resize(resize);
    return image.flatten({ background: '#ffffff' }).toColourspace('srgb');
  };
  const orBroken = async <T>(decoded: Promise<T>): Promise<T> => {
    try {
      return await decoded;
    } catch (error) {
      throw broken(name, error);
    }
  };
  return {
    bytes,
    format,
    ...header,
    pixels: (resize) => orBroken(colours(resize).raw({ depth: 'uchar' }).toBuffer()),
    jpeg: (quality, resize) =>
      orBroken(colours(resize).jpeg({ quality, chromaSubsampling: '4:4:4' }).toBuffer()),
  };
}

async function readHeader(
  image: Sharp,
  name: string,
): Promise<Pick<OpenImage, 'width' | 'height' | 'heldBytes'>> {
  try {
    const metadata = await image.metadata();
    return { ...metadata.autoOrient, heldBytes: heldBytes(metadata) };
  } catch (error) {
    throw broken(name, error);
  }
}

/** Rows that libvips holds at a time while it shrinks an image that is read from top to bottom (measured: 860 to 950). */
const ROWS_HELD = 1024;

/** Held against 20 images of 40 megapixels, 6,000 to 32,000 wide: resident memory grew by this and 5 %, or by less. */
function heldBytes({ format, width, height, channels, depth, isProgressive }: Metadata): number {
  // Coefficients of 16 bits, until the last scan has come.
  if (format === 'jpeg' && isProgressive) return width * height * channels * 2;
  // libwebp decodes a whole image, to 4 bytes a pixel.
  if (format === 'webp') return width * height * 4;
  const rows = isProgressive ? height : Math.min(height, ROWS_HELD);
  return width * rows * channels * (depth === 'ushort' ? 2 : 1);
}

function broken(name: string, error: unknown): ImageError {
  const reason = (error as Error).message.split('\n')[0]?.replace(/[:\s]+$/, '') ?? '';
  return new ImageError('broken', `${name} cannot be decoded: ${reason}`);
}
