/** A small data set on disk: coloured discs, one colour a species, for tests of what reads data sets. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { createManifest, SPLITS, writeManifest, type ManifestImage } from '../manifest.ts';
import { tinyLabels } from './tiny-model.ts';

/** Writes `perSpecies` images of every species into every split of `dir`, with the manifest. */
export async function writeTinyData(
  dir: string,
  {
    perSpecies = 3,
    species = tinyLabels,
  }: { perSpecies?: number; species?: readonly string[] } = {},
): Promise<void> {
  const images: ManifestImage[] = [];
  for (const split of SPLITS) {
    for (const [index, name] of species.entries()) {
      for (let number = 0; number < perSpecies; number++) {
        const path = `${split}/${name}/${number}.jpg`;
        const jpeg = await disc(index, number + SPLITS.indexOf(split) * perSpecies).toBuffer();
        await mkdir(dirname(join(dir, path)), { recursive: true });
        await writeFile(join(dir, path), jpeg);
        images.push({
          path,
          split,
          species: name,
          digest: `sha256:${createHash('sha256').update(jpeg).digest('hex')}`,
          bytes: jpeg.length,
          licence: 'CC0-1.0',
          origin: 'drawn for a test',
          group: path,
        });
      }
    }
  }
  await writeManifest(dir, createManifest('test', images));
}

/** One of the pictures: the colour tells the species, place and size tell one picture from another. */
export function disc(species: number, number: number): Sharp {
  const circle = `<circle cx="${20 + number * 3}" cy="${22 + number}" r="${9 + number}" fill="hsl(${species * 90} 80% 50%)"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="64" height="64" fill="#9cf"/>${circle}</svg>`;
  return sharp(Buffer.from(svg)).removeAlpha().jpeg({ quality: 92 });
}
