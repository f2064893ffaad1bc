import sharp from 'sharp';
import t from 'tap';
import { createRandom } from '../../vision/random.ts';
import { drawScene } from '../plates/scene.ts';
import { SPECIES } from '../plates/species.ts';
import { groupByLooks, RADIUS } from './groups.ts';
import { distance, looksOf, LOOKS_WORDS, type Looks } from './looks.ts';

const scene = (index: number): Promise<Buffer> =>
  sharp(Buffer.from(drawScene(SPECIES[index % SPECIES.length], createRandom(index), 256)))
    .jpeg({ quality: 95 })
    .toBuffer();

t.test(
  'copies in another size, quality or format fall together; other pictures do not',
  async (t) => {
    const originals = await Promise.all(Array.from({ length: 40 }, (_, index) => scene(index)));
    const copies = await Promise.all(
      originals.flatMap((bytes) => [
        sharp(bytes).jpeg({ quality: 40 }).toBuffer(),
        sharp(bytes).resize(120).webp({ quality: 80 }).toBuffer(),
        sharp(bytes).modulate({ brightness: 1.08 }).png().toBuffer(),
      ]),
    );
    const looks = await Promise.all([...originals, ...copies].map((bytes) => looksOf(bytes)));
    const groups = groupByLooks(looks);
    const ofOriginals = groups.slice(0, originals.length);
    t.equal(new Set(ofOriginals).size, originals.length, 'forty pictures, forty groups');
    const missed = copies.filter(
      (_, at) => groups[originals.length + at] !== groups[Math.floor(at / 3)],
    );
    t.ok(
      missed.length <= 6,
      `${copies.length - missed.length} of ${copies.length} copies are with their originals`,
    );
  },
);

t.test('the search by words finds what comparing all with all finds', async (t) => {
  const seed = String(process.env['SEED'] ?? Date.now());
  t.comment(`SEED=${seed}`);
  const random = createRandom(seed);
  const looks: Looks[] = [];
  for (let index = 0; index < 300; index += 1) {
    // Some are another one with up to 18 bits turned over: on both sides of the radius.
    const base = index > 0 && random.next() < 0.7 ? looks[random.int(index)] : undefined;
    const copy =
      base?.slice() ?? Uint16Array.from({ length: LOOKS_WORDS }, () => random.int(65536));
    if (base !== undefined) {
      for (let flips = random.int(19); flips > 0; flips -= 1) {
        const word = random.int(LOOKS_WORDS);
        copy[word] = (copy[word] ?? 0) ^ (1 << random.int(16));
      }
    }
    looks.push(copy);
  }
  t.same(groupByLooks(looks), groupByComparingAll(looks));
});

/** Spreads the lowest number of each group until nothing changes. */
function groupByComparingAll(looks: readonly Looks[]): number[] {
  const lowest = looks.map((_, index) => index);
  for (let changed = true; changed;) {
    changed = false;
    for (const [a, first] of looks.entries()) {
      for (const [b, second] of looks.entries()) {
        if (lowest[b]! < lowest[a]! && distance(first, second) <= RADIUS) {
          lowest[a] = lowest[b]!;
          changed = true;
        }
      }
    }
  }
  const order = [...new Set(lowest)];
  return lowest.map((root) => order.indexOf(root));
}

t.test('distance counts bits', async (t) => {
  const zero = new Uint16Array(LOOKS_WORDS);
  const all = new Uint16Array(LOOKS_WORDS).fill(0xffff);
  t.equal(distance(zero, zero), 0);
  t.equal(distance(zero, all), 128);
  t.equal(distance(zero, Uint16Array.of(1, 0x8000, 0x0180, 0, 0, 0, 0, 0)), 4);
  t.same(groupByLooks([]), []);
});
