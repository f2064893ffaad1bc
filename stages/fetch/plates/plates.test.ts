import t from 'tap';
import { createRandom } from '../../vision/random.ts';
import { paint } from './paint.ts';
import { photograph } from './photograph.ts';
import { drawScene } from './scene.ts';
import { SPECIES } from './species.ts';

t.test(
  'species have names of their own, and pairs share their colours but not their shape',
  async (t) => {
    t.equal(new Set(SPECIES.map(({ name }) => name)).size, SPECIES.length);
    for (const species of SPECIES) {
      const twins = SPECIES.filter(({ palette }) => palette === species.palette);
      t.equal(twins.length, 2, `${species.name} has a twin`);
    }
    for (let first = 0; first < SPECIES.length; first += 2) {
      const [a, b] = SPECIES.slice(first, first + 2);
      t.equal(a!.palette, b!.palette);
      const genes = ['crest', 'tail', 'wingBars', 'face', 'breast', 'reach', 'girth'] as const;
      const others = genes.filter((gene) => a![gene] !== b![gene]).length;
      const beaks = a!.beak.kind === b!.beak.kind && a!.beak.size === b!.beak.size ? 0 : 1;
      t.ok(others + beaks >= 4, `${a!.name} and ${b!.name} differ in ${others + beaks} genes`);
    }
  },
);

t.test(
  'a plate is the same bytes for the same seed, and another picture for another',
  async (t) => {
    for (const species of [...SPECIES, undefined]) {
      const take = async (seed: string) => {
        const random = createRandom(seed);
        return photograph(drawScene(species, random, 64), random);
      };
      const [once, twice, other] = await Promise.all([take('1'), take('1'), take('2')]);
      t.ok(once.equals(twice), species?.name ?? 'looney');
      t.notOk(once.equals(other));
    }
  },
);

t.test('a scene holds no number that would be printed otherwise elsewhere', async (t) => {
  for (const [index, species] of [...SPECIES, undefined].entries()) {
    const svg = drawScene(species, createRandom(index), 64);
    t.notMatch(svg, /NaN|undefined|Infinity|\de[+-]/);
    t.notMatch(svg, /(?:x|y|r|rx|ry|cx|cy)="[^"]*\.\d{3}/);
  }
});

t.test('colours are those of CSS', async (t) => {
  const noon = { hue: 0, saturation: 1, lightness: 0 };
  t.equal(paint([0, 100, 50], noon), 'rgb(255,0,0)');
  t.equal(paint([120, 100, 25], noon), 'rgb(0,128,0)');
  t.equal(paint([210, 50, 60], noon), 'rgb(102,153,204)');
  t.equal(paint([350, 100, 50], { ...noon, hue: 130 }), 'rgb(0,255,0)', 'hue goes round');
  t.equal(paint([0, 0, 90], { ...noon, lightness: 90 }), 'rgb(250,250,250)', 'light has an end');
});
