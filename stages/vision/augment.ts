/** Random changes of training pictures, on bytes: 8-bit RGB in, 8-bit RGB of the same size out. */
import type { Random } from './random.ts';

export const augmentations = ['none', 'light', 'upright', 'moderate', 'heavy'] as const;
export type Augmentation = (typeof augmentations)[number];

/** A change of one picture: out(x, y) is read at source = centre + scale * rotate(flip(x, y)). */
export interface Change {
  readonly flipX: boolean;
  readonly flipY: boolean;
  /** Clockwise, in radians. */
  readonly angle: number;
  /** The part that is kept, as shares of the whole: its size and its centre. */
  readonly crop: {
    readonly width: number;
    readonly height: number;
    readonly x: number;
    readonly y: number;
  };
}

const WHOLE = { width: 1, height: 1, x: 0.5, y: 0.5 };

/**
 * Draws a change. `light` mirrors left and right; `upright` also turns by up to 15 degrees and cuts out a part as
 * `heavy` does, for what always stands on its feet; `moderate` mirrors also upside down and turns by up to 90 degrees either
 * way; `heavy` also cuts out a part of 40 to 100 % of the area, of shape 3:4 to 4:3, and stretches it to the whole.
 */
export function drawChange(kind: Augmentation, random: Random): Change {
  const change = { flipX: false, flipY: false, angle: 0, crop: WHOLE };
  switch (kind) {
    case 'none':
      return change;
    case 'light':
      return { ...change, flipX: coin(random) };
    case 'upright':
      return {
        ...change,
        flipX: coin(random),
        angle: (random.next() * 2 - 1) * (Math.PI / 12),
        crop: drawCrop(random),
      };
    case 'moderate':
      return turned(random);
    case 'heavy':
      return { ...turned(random), crop: drawCrop(random) };
  }
}

/**
 * Writes the changed picture to `target` (height*width*3 bytes, from `at` on), reading `source` from `from` on.
 * Without rotation and crop it is an exact copy or mirror image; else bilinear, mirrored beyond the edges.
 */
export function applyChange(
  change: Change,
  source: Uint8Array,
  from: number,
  target: Uint8Array,
  at: number,
  height: number,
  width: number,
): void {
  if (change.angle === 0 && change.crop === WHOLE) {
    mirror(change, source, from, target, at, height, width);
  } else {
    resample(change, source, from, target, at, height, width);
  }
}

function coin(random: Random): boolean {
  return random.next() < 0.5;
}

function turned(random: Random): Change {
  return {
    flipX: coin(random),
    flipY: coin(random),
    angle: (random.next() * 2 - 1) * (Math.PI / 2),
    crop: WHOLE,
  };
}

function drawCrop(random: Random): Change['crop'] {
  const area = 0.4 + 0.6 * random.next();
  const shape = Math.exp((random.next() * 2 - 1) * Math.log(4 / 3));
  const width = Math.min(1, Math.sqrt(area * shape));
  const height = Math.min(1, Math.sqrt(area / shape));
  return {
    width,
    height,
    x: width / 2 + (1 - width) * random.next(),
    y: height / 2 + (1 - height) * random.next(),
  };
}

function mirror(
  { flipX, flipY }: Change,
  source: Uint8Array,
  from: number,
  target: Uint8Array,
  at: number,
  height: number,
  width: number,
): void {
  let out = at;
  for (let y = 0; y < height; y++) {
    const row = from + (flipY ? height - 1 - y : y) * width * 3;
    for (let x = 0; x < width; x++) {
      const pixel = row + (flipX ? width - 1 - x : x) * 3;
      target[out] = source[pixel] ?? 0;
      target[out + 1] = source[pixel + 1] ?? 0;
      target[out + 2] = source[pixel + 2] ?? 0;
      out += 3;
    }
  }
}

function resample(
  { flipX, flipY, angle, crop }: Change,
  source: Uint8Array,
  from: number,
  target: Uint8Array,
  at: number,
  height: number,
  width: number,
): void {
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const centreX = crop.x * width - 0.5;
  const centreY = crop.y * height - 0.5;
  let out = at;
  for (let y = 0; y < height; y++) {
    const v = (flipY ? -1 : 1) * (y - (height - 1) / 2) * crop.height;
    for (let x = 0; x < width; x++) {
      const u = (flipX ? -1 : 1) * (x - (width - 1) / 2) * crop.width;
      const sourceX = reflect(centreX + u * cos + v * sin, width - 1);
      const sourceY = reflect(centreY - u * sin + v * cos, height - 1);
      const left = Math.min(Math.floor(sourceX), Math.max(0, width - 2));
      const top = Math.min(Math.floor(sourceY), Math.max(0, height - 2));
      const right = width > 1 ? 3 : 0;
      const below = height > 1 ? width * 3 : 0;
      const shareX = sourceX - left;
      const shareY = sourceY - top;
      const pixel = from + (top * width + left) * 3;
      for (let channel = 0; channel < 3; channel++) {
        const i = pixel + channel;
        const a = source[i] ?? 0;
        const b = source[i + right] ?? 0;
        const c = source[i + below] ?? 0;
        const d = source[i + below + right] ?? 0;
        const upper = a + (b - a) * shareX;
        const lower = c + (d - c) * shareX;
        target[out + channel] = Math.round(upper + (lower - upper) * shareY);
      }
      out += 3;
    }
  }
}

/** Folds a position into 0..last, as in a mirror at either end. */
function reflect(position: number, last: number): number {
  if (last <= 0) return 0;
  const folded = Math.abs(position) % (2 * last);
  return folded > last ? 2 * last - folded : folded;
}
