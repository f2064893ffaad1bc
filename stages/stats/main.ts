/**
 * The stage `stats`: mean and standard deviation per channel over the training split.
 * `--data DIR --out FILE`; reads no params.
 */
import { join } from 'node:path';
import { IMAGES_AT_ONCE, mapConcurrently } from '../vision/concurrency.ts';
import { openImage } from '../vision/images.ts';
import { imagesOf, readManifest } from '../vision/manifest.ts';
import { runStage, StageError, writeJson, type StageIo } from '../vision/stage.ts';
import { createChannelSums } from './channel-sums.ts';

async function main(io: StageIo): Promise<void> {
  const { data, out } = io.flags({ data: 'required', out: 'required' });
  const images = imagesOf(await readManifest(data), 'train');
  if (images.length === 0) {
    throw new StageError(`${data} has no training images`, 'check the params of the fetch stage');
  }
  const sums = createChannelSums();
  const tick = io.progress('measure', images.length);
  let done = 0;
  // As stored, not as the model reads it: the figures belong to the data, whatever size is trained at.
  await mapConcurrently(images, IMAGES_AT_ONCE, async (image) => {
    const opened = await openImage(join(data, image.path));
    sums.add(await opened.pixels());
    done += 1;
    tick(done);
  });
  const { mean, std, pixels } = sums.result();
  await writeJson(out, { version: 1, mean, std, pixels, images: images.length });
  io.say(`mean ${mean.map(short).join(' ')}, std ${std.map(short).join(' ')}`);
}

function short(value: number): string {
  return value.toFixed(3);
}

await runStage(main);
