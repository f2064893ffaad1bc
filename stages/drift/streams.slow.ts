/*
 * Drift as the flagship's model sees it, measured on newly drawn birds: `npm run test:drift` (a quarter of an hour on two cores).
 * Needs artifacts/quantized/uint8 and artifacts/reference/drift.json: `npx avian repro reference`.
 * STREAMS (200), SHIFTED (20 streams a kind of drift), POOL and SEED change what is measured; not part of `npm test`.
 * POOL is how many photographs are drawn for the quiet streams (20,000): each stream is 500 of them that no other one of
 * its forty has. POOL=100000 draws all of 200 streams anew.
 */
import sharp, { type Sharp } from 'sharp';
import t from 'tap';
import { drawScene } from '../fetch/plates/scene.ts';
import { photograph } from '../fetch/plates/photograph.ts';
import { SPECIES, type Species } from '../fetch/plates/species.ts';
import { decodeImage } from '../vision/images.ts';
import { openFastPredictor } from '../vision/fast-predictor.ts';
import { createRandom, type Random } from '../vision/random.ts';
import type { Observed } from './features.ts';
import { judgeDrift } from './judge.ts';
import { lookAt } from './look.ts';
import { readReference } from './reference.ts';
import { createSketcher } from './sketch.ts';

const STREAM = 500;
/** Pixels of a plate, as conf/data/plates.yaml says. */
const SIZE = 64;
const BATCH = 50;
const pool = Number(process.env['POOL'] ?? 20_000);
const streams = Number(process.env['STREAMS'] ?? 200);
const shiftedStreams = Number(process.env['SHIFTED'] ?? 20);
const seed = process.env['SEED'] ?? '2026';
t.comment(`seed ${seed}`);

const reference = await readReference('artifacts/reference/drift.json');
const { predictor } = await openFastPredictor('artifacts/quantized/uint8');
t.teardown(() => predictor.dispose());
const { input } = predictor.contract;

/** One photograph: of which subject, and what the camera makes of it. */
interface Scene {
  readonly subject: (random: Random) => Species | undefined;
  readonly camera?: (picture: Sharp, random: Random) => Promise<Buffer>;
}

const known: Scene['subject'] = (random) => [...SPECIES, undefined][random.int(SPECIES.length + 1)];
const unchanged: Scene = { subject: known };

async function takePhotographs(scene: Scene, count: number, random: Random): Promise<Observed[]> {
  const size = input.height * input.width * 3;
  const pixels = new Uint8Array(count * size);
  await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const chance = random.fork(index);
      const jpeg = await photograph(drawScene(scene.subject(chance), chance, SIZE), chance);
      const taken = scene.camera === undefined ? jpeg : await scene.camera(sharp(jpeg), chance);
      pixels.set(await decodeImage(taken, input), index * size);
    }),
  );
  return lookAt(predictor, pixels, count);
}

/** What nobody drew for the training: palettes and shapes of their own. */
const STRANGERS: readonly Species[] = [
  {
    name: 'sulphur-toucan',
    palette: {
      upper: [0, 0, 12],
      lower: [52, 95, 60],
      head: [0, 0, 96],
      mark: [0, 85, 45],
      beak: [28, 95, 55],
    },
    beak: { kind: 'sickle', size: 1.9 },
    crest: 'none',
    tail: 'long',
    wingBars: 0,
    face: 'cheek',
    breast: 'band',
    reach: 0.9,
    girth: 1.15,
  },
  {
    name: 'jade-pitta',
    palette: {
      upper: [155, 70, 34],
      lower: [172, 55, 62],
      head: [140, 45, 22],
      mark: [190, 80, 70],
      beak: [0, 0, 15],
    },
    beak: { kind: 'cone', size: 1 },
    crest: 'fan',
    tail: 'short',
    wingBars: 1,
    face: 'mask',
    breast: 'spots',
    reach: 1.3,
    girth: 1.2,
  },
  {
    name: 'crimson-stilt',
    palette: {
      upper: [350, 75, 40],
      lower: [345, 70, 78],
      head: [0, 80, 50],
      mark: [0, 0, 98],
      beak: [0, 0, 12],
    },
    beak: { kind: 'spoon', size: 1.2 },
    crest: 'plume',
    tail: 'fork',
    wingBars: 2,
    face: 'cap',
    breast: 'plain',
    reach: 2,
    girth: 0.8,
  },
];

const KINDS: Readonly<Record<string, Scene>> = {
  'darker photographs (all values times 0.75)': {
    subject: known,
    camera: (picture) => picture.linear(0.75, 0).jpeg({ quality: 90 }).toBuffer(),
  },
  'new species (three unknown ones, every third photograph)': {
    subject: (random) => (random.int(3) === 0 ? random.pick(STRANGERS) : known(random)),
  },
  'another camera (warmer, a softer lens, a harder JPEG)': {
    subject: known,
    camera: (picture) =>
      picture.linear([1.06, 1, 0.94], [0, 0, 0]).blur(0.6).jpeg({ quality: 70 }).toBuffer(),
  },
};

await t.test(`${streams} streams of ${STREAM} photographs without drift`, async (t) => {
  const drawn: Observed[] = [];
  const random = createRandom(seed).fork('unchanged');
  while (drawn.length < pool) {
    drawn.push(...(await takePhotographs(unchanged, BATCH, random.fork(drawn.length))));
    if (drawn.length % 2500 === 0) t.comment(`${drawn.length} of ${pool} photographs taken`);
  }
  const perRound = Math.floor(pool / STREAM);
  let order: number[] = [];
  let [windows, alarms, alarmed] = [0, 0, 0];
  for (let stream = 0; stream < streams; stream += 1) {
    const at = stream % perRound;
    if (at === 0) order = random.fork(`round ${stream}`).shuffle([...drawn.keys()]);
    const sketcher = createSketcher(reference);
    let here = 0;
    for (const index of order.slice(at * STREAM, (at + 1) * STREAM)) {
      const one = drawn[index];
      const full = one === undefined ? undefined : sketcher.add(one);
      if (full === undefined) continue;
      const verdict = judgeDrift(reference, full);
      windows += 1;
      if (!verdict.drifted) continue;
      here += 1;
      t.comment(`stream ${stream}: false alarm, ${verdict.found}`);
    }
    alarms += here;
    if (here > 0) alarmed += 1;
  }
  const rate = reference.falseAlarms;
  // Three deviations of a binomial above the mean: a rate as stated stays below in 999 runs of 1,000.
  const most = windows * rate + 3 * Math.sqrt(windows * rate * (1 - rate));
  t.ok(
    alarms <= most,
    `${alarms} false alarms of ${windows} windows (stated: ${rate}, so at most ${most.toFixed(1)}); ${alarmed} of ${streams} streams`,
  );
});

for (const [kind, scene] of Object.entries(KINDS)) {
  await t.test(kind, async (t) => {
    const needed: number[] = [];
    for (let stream = 0; stream < shiftedStreams; stream += 1) {
      const random = createRandom(seed).fork(`${kind} ${stream}`);
      const sketcher = createSketcher(reference);
      // It begins anywhere in a window: what was seen before is mixed into the first one.
      const before = random.int(reference.window);
      for (const one of await takePhotographs(unchanged, before, random.fork('before')))
        sketcher.add(one);
      needed.push(await imagesUntilAlarm(scene, random));

      async function imagesUntilAlarm(drifting: Scene, chance: Random): Promise<number> {
        for (let taken = 0; taken < STREAM; taken += BATCH) {
          const photographs = await takePhotographs(drifting, BATCH, chance.fork(taken));
          for (const [index, one] of photographs.entries()) {
            const full = sketcher.add(one);
            if (full === undefined) continue;
            const verdict = judgeDrift(reference, full);
            if (!verdict.drifted) continue;
            if (stream === 0) t.comment(verdict.found);
            return taken + index + 1;
          }
        }
        return Infinity;
      }
    }
    const sorted = [...needed].sort((a, b) => a - b);
    const [median, most] = [sorted[sorted.length >> 1], sorted.at(-1)];
    t.comment(`found after ${String(median)} photographs in the median, ${String(most)} at most`);
    t.ok(
      needed.every((count) => count <= STREAM),
      `${needed.length} of ${needed.length} within ${STREAM}`,
    );
  });
}
