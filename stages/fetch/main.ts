/**
 * The stage `fetch`: fills a folder with images by split and species, and lists them in its manifest.
 * `--out DIR`; reads the params `seed` and `data`.
 */
import { mkdir, readdir } from 'node:fs/promises';
import { createManifest, writeManifest, type Manifest } from '../vision/manifest.ts';
import { createRandom } from '../vision/random.ts';
import { runStage, StageError, type StageIo } from '../vision/stage.ts';
import { sourceName, SOURCES } from './sources.ts';

async function main(io: StageIo): Promise<void> {
  const { out } = io.flags({ out: 'required' });
  const params = io.params();
  const seed = params.integer('seed');
  const data = params.group('data');
  const name = sourceName(data);

  await mkdir(out, { recursive: true });
  if ((await readdir(out)).length > 0) {
    throw new StageError(`${out} is not empty`, 'move it away; images of two fetches must not mix');
  }
  const fetched = await SOURCES[name].fetch(data, {
    out,
    random: createRandom(seed).fork(name),
    say: io.say,
    progress: io.progress,
  });
  const manifest = createManifest(name, fetched.images, fetched.skipped);
  refuseUntrainable(manifest);
  // Last, so that a folder with a manifest is a whole data set.
  await writeManifest(out, manifest);
  io.say(describe(manifest));
}

function refuseUntrainable({ classes, counts }: Manifest): void {
  if (classes.length < 2) {
    throw new StageError(
      `the data set has ${classes.length} species, and a classifier needs two`,
      'check data.path and the folders in it',
    );
  }
  if (counts.train === 0) {
    throw new StageError('no image is left for training', 'raise the share of training images');
  }
}

function describe({ classes, counts, skipped = {} }: Manifest): string {
  const { train, val, test } = counts;
  const left = Object.entries(skipped).map(([reason, count]) => `, ${count} skipped (${reason})`);
  return `${classes.length} classes: ${train} images to train on, ${val} to validate, ${test} to test${left.join('')}`;
}

await runStage(main);
