/** Pictures to look at: one of each species, and the mistakes that the model was surest of. */
import { join } from 'node:path';
import { openImage } from '../vision/images.ts';
import { replaceFile } from '../vision/model-files.ts';
import { csv, type PredictionLine } from './evaluation.ts';

/** What fits on a screen or two, and in a page. */
const MOST_PICTURES = 24;
const LARGEST_SIDE = 160;

/** The first image of every species, in the order of the split. */
export function samplesOf(lines: readonly PredictionLine[]): readonly PredictionLine[] {
  const seen = new Set<string>();
  const first = lines.filter(({ label }) => !seen.has(label) && seen.add(label).size > 0);
  return first.slice(0, MOST_PICTURES);
}

/** The surest mistakes first; of equals the one that comes first in the split. */
export const worstMistakes = (lines: readonly PredictionLine[]): readonly PredictionLine[] =>
  lines
    .filter(({ label, predicted }) => label !== predicted)
    .toSorted((a, b) => b.probability - a.probability)
    .slice(0, MOST_PICTURES);

/** Writes `<name>.csv`, and beside it in `<name>/` the pictures that its rows name, small. */
export async function writeExamples(
  out: string,
  name: string,
  data: string,
  lines: readonly PredictionLine[],
): Promise<void> {
  const rows: string[][] = [];
  for (const [index, { path, label, predicted, probability }] of lines.entries()) {
    const picture = `${name}/${String(index + 1).padStart(2, '0')}.jpg`;
    const image = await openImage(join(data, path));
    const side = Math.max(image.width, image.height, 1);
    const scale = Math.min(1, LARGEST_SIDE / side);
    const [width, height] = [image.width, image.height].map((length) =>
      Math.max(1, Math.round(length * scale)),
    );
    await replaceFile(
      join(out, picture),
      await image.jpeg(85, { width: width ?? 1, height: height ?? 1 }),
    );
    rows.push([picture, label, predicted, probability.toFixed(4), path]);
  }
  const head = ['picture', 'species', 'predicted', 'confidence', 'file'];
  await replaceFile(join(out, `${name}.csv`), csv([head, ...rows]));
}
