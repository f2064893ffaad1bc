import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createRandom } from '../vision/random.ts';
import { observed } from './features.ts';
import { createReference, readReference } from './reference.ts';
import { LABELS, madeUp, madeUpReference, SETTINGS } from './testing/observations.ts';

const root = createRandom(47);

t.test('features: colours as they are called, the answer, and log ratios that add up to 0', (t) => {
  const colours = {
    mean: [0.6, 0.5, 0.1],
    std: [0.1, 0.2, 0.3],
    saturation: 0.4,
    sharpness: 0.05,
    grain: 0.01,
  } as const;
  const { values, label, embedding } = observed(colours, [0.1, 0.7, 0.2, 0]);
  const expected = [0.4, 0.2, 0.4, 0.5, 0.15, 0.05, 0.01, 0.7, 0.5784];
  expected.forEach((value, index) => t.ok(Math.abs((values[index] ?? NaN) - value) < 1e-4));
  t.equal(label, 1);
  t.ok(Math.abs(embedding.reduce((sum, value) => sum + value, 0)) < 1e-9);
  t.ok(Math.abs((embedding[1] ?? 0) - (embedding[0] ?? 0) - Math.log(7)) < 1e-9);
  t.ok(embedding.every(Number.isFinite), 'a probability of 0 is none below a millionth');
  t.end();
});

t.test('the same images and seed give the same reference, and it survives its file', async (t) => {
  const dir = t.testdir();
  const one = madeUpReference(root.fork('a'));
  t.same(madeUpReference(root.fork('a')), one);
  writeFileSync(join(dir, 'drift.json'), JSON.stringify(one));
  t.same(await readReference(join(dir, 'drift.json')), one);
});

t.test('many images are sampled, few are refused', (t) => {
  const big = madeUpReference(root.fork('big'), 2500, { permutations: 999 });
  t.equal(big.images, 2000);
  t.equal(big.features.grain.length, 2000);
  const few = Array.from({ length: 40 }, () => madeUp(root.fork('few')));
  t.throws(() => createReference('m', LABELS, few, SETTINGS), {
    message: '40 images are too few to judge windows of 100 by',
    hint: /drift\.window/,
  });
  t.end();
});

t.test('a damaged reference is refused, and how to make it again is said', async (t) => {
  const dir = t.testdir();
  const path = join(dir, 'drift.json');
  const whole = madeUpReference(root.fork('whole'), 200, { permutations: 999 });
  const refused = async (content: string, message: RegExp): Promise<void> => {
    writeFileSync(path, content);
    await t.rejects(readReference(path), { message, hint: 'make it again: avian repro reference' });
  };
  const changed = (change: object): string => JSON.stringify({ ...whole, ...change });
  await refused('{', /cannot be read/);
  await refused('[]', /version is undefined/);
  await refused(changed({ version: 2 }), /version is 2, not 1/);
  await refused(changed({ labels: [1] }), /labels/);
  await refused(changed({ images: 7 }), /features\.brightness is no sorted list of 7 numbers/);
  await refused(changed({ falseAlarms: 0 }), /falseAlarms/);
  await refused(changed({ classes: [1, 2] }), /classes/);
  await refused(changed({ embedding: { ...whole.embedding, sum: [1] } }), /embedding\.sum/);
  await refused(changed({ embedding: { ...whole.embedding, null: [] } }), /embedding\.null/);
  await refused(changed({ embedding: { ...whole.embedding, bandwidth: 0 } }), /no kernel/);
  const unsorted = [...whole.features.grain].reverse();
  await refused(changed({ features: { ...whole.features, grain: unsorted } }), /features\.grain/);
  await t.rejects(readReference(join(dir, 'none.json')), { message: /none\.json cannot be read/ });
});
