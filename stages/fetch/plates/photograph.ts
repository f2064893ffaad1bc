/** Takes the picture of a scene: lens blur, grain and a JPEG encoder, all from the same seed. */
import sharp from 'sharp';
import type { Random } from '../../vision/random.ts';
import { clamp } from './paint.ts';

/**
 * A JPEG of the SVG text. The same text and seed give the same bytes, as long as sharp (which brings
 * librsvg and mozjpeg along) is the same version.
 */
export async function photograph(svg: string, random: Random): Promise<Buffer> {
  const blur = random.between(0, 0.7);
  const drawn = sharp(Buffer.from(svg)).flatten({ background: '#ffffff' });
  // Below 0.3 libvips refuses to blur, and nobody would see it.
  const { data, info } = await (blur < 0.3 ? drawn : drawn.blur(blur))
    .raw()
    .toBuffer({ resolveWithObject: true });
  addGrain(data, random.between(0, 6), random);
  return sharp(data, { raw: { width: info.width, height: info.height, channels: 3 } })
    .jpeg({ quality: 82 + random.int(13), chromaSubsampling: '4:4:4' })
    .toBuffer();
}

/** Adds noise of that standard deviation (in steps of 0..255) to all three channels of a pixel alike, and a third of it to each. */
function addGrain(pixels: Uint8Array, deviation: number, random: Random): void {
  for (let offset = 0; offset < pixels.length; offset += 3) {
    const grey = random.normal() * deviation;
    for (let channel = offset; channel < offset + 3; channel += 1) {
      const colour = ((random.next() - 0.5) * deviation) / 3;
      pixels[channel] = clamp(Math.round((pixels[channel] ?? 0) + grey + colour), 0, 255);
    }
  }
}
