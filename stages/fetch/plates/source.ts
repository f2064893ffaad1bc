/** The source that needs no network: birds drawn from genes, as many as asked for, the same bytes for the same seed. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { IMAGES_AT_ONCE, mapConcurrently } from '../../vision/concurrency.ts';
import { SPLITS, type ManifestImage, type Split } from '../../vision/manifest.ts';
import type { Params } from '../../vision/params.ts';
import type { FetchContext, Fetched, Source } from '../source.ts';
import { storeImage } from '../store.ts';
import { LOONEY_BIRDS } from './looney.ts';
import { photograph } from './photograph.ts';
import { drawScene } from './scene.ts';
import { SPECIES, type Species } from './species.ts';

/** Changes whenever the same parameters would draw other pictures. */
const EDITION = 1;

/** One picture to draw; `species` undefined is a looney bird. */
interface Plate {
  readonly species: Species | undefined;
  readonly split: Split;
  readonly index: number;
}

async function fetchPlates(data: Params, context: FetchContext): Promise<Fetched> {
  const size = data.integer('size', { min: 32, max: 512 });
  const species = SPECIES.slice(0, data.integer('species', { min: 2, max: SPECIES.length }));
  const subjects: (Species | undefined)[] = [...species];
  if (data.boolean('looney')) subjects.push(undefined);
  const plates = SPLITS.flatMap((split) => {
    const count = data.integer(`${split}_per_species`, {
      min: split === 'train' ? 1 : 0,
      max: 100_000,
    });
    return subjects.flatMap((subject) =>
      Array.from({ length: count }, (_, index): Plate => ({ species: subject, split, index })),
    );
  });

  const folders = new Set(plates.map((plate) => join(context.out, plate.split, nameOf(plate))));
  for (const folder of folders) await mkdir(folder, { recursive: true });
  const tick = context.progress('draw', plates.length);
  let done = 0;
  const images = await mapConcurrently(plates, IMAGES_AT_ONCE, async (plate) => {
    const image = await drawPlate(plate, size, context);
    done += 1;
    tick(done);
    return image;
  });
  return { images };
}

async function drawPlate(
  { species, split, index }: Plate,
  size: number,
  { out, random }: FetchContext,
): Promise<ManifestImage> {
  const name = nameOf({ species });
  // Each plate has its own chance: more pictures of one species leave all others as they were.
  const recipe = `${split}/${name}/${index}`;
  const chance = random.fork(recipe);
  const jpeg = await photograph(drawScene(species, chance, size), chance);
  return storeImage(out, jpeg, String(index).padStart(4, '0'), {
    split,
    species: name,
    licence: 'CC0-1.0',
    origin: `plates edition ${EDITION}, ${size} px, seed ${chance.state().key}`,
    group: recipe,
  });
}

function nameOf({ species }: Pick<Plate, 'species'>): string {
  return species?.name ?? LOONEY_BIRDS;
}

export const plates: Source = {
  fetch: fetchPlates,
  probe: async () => `plates edition ${EDITION}`,
};
