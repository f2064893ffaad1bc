/** Statistics of colour, cheap enough for every photograph; pure. Reference and service share them. */

export interface ColourStatistics {
  /** Per channel (RGB), of values scaled to 0..1. */
  readonly mean: readonly [number, number, number];
  /** Standard deviation over the pixels of one image. */
  readonly std: readonly [number, number, number];
}

/** `pixels` are one image: height * width * 3 bytes, RGB, at least one pixel. */
export function colourStatistics(pixels: Uint8Array): ColourStatistics {
  const count = pixels.length / 3;
  let [red, green, blue, red2, green2, blue2] = [0, 0, 0, 0, 0, 0];
  for (let index = 0; index < pixels.length; index += 3) {
    const r = pixels[index] ?? 0;
    const g = pixels[index + 1] ?? 0;
    const b = pixels[index + 2] ?? 0;
    red += r;
    green += g;
    blue += b;
    // Sums of squares of bytes stay whole numbers far below 2^53, so nothing is lost before the subtraction.
    red2 += r * r;
    green2 += g * g;
    blue2 += b * b;
  }
  const mean = (sum: number): number => sum / count / 255;
  const std = (sum: number, squares: number): number =>
    Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2)) / 255;
  return {
    mean: [mean(red), mean(green), mean(blue)],
    std: [std(red, red2), std(green, green2), std(blue, blue2)],
  };
}
