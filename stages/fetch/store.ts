/** Puts one image where the data set wants it, and tells the manifest of it. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ManifestImage } from '../vision/manifest.ts';

/** Writes `jpeg` to `<split>/<species>/<name>.jpg` below `out`; the folder is there already. */
export async function storeImage(
  out: string,
  jpeg: Uint8Array,
  name: string,
  facts: Omit<ManifestImage, 'path' | 'digest' | 'bytes'>,
): Promise<ManifestImage> {
  const path = `${facts.split}/${facts.species}/${name}.jpg`;
  await writeFile(join(out, path), jpeg);
  return { path, ...facts, digest: sha256(jpeg), bytes: jpeg.length };
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
