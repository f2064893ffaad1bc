import t from 'tap';
import { createRandom, type Random } from '../vision/random.ts';
import { FEATURES } from './features.ts';
import { judgeDrift, type Verdict } from './judge.ts';
import { createSketcher, parseSketch, type Sketch } from './sketch.ts';
import { madeUp, madeUpReference, SETTINGS, type Weather } from './testing/observations.ts';
import { verdictText } from './verdict-text.ts';
import type { Reference } from './reference.ts';

const seed = process.env['SEED'] ?? String(Math.floor(Math.random() * 2 ** 32));
t.comment(`seed ${seed}`);
const root = createRandom(seed);

function windowOf(reference: Reference, random: Random, weather: Weather = {}): Sketch {
  const sketcher = createSketcher(reference);
  for (;;) {
    const full = sketcher.add(madeUp(random, weather));
    if (full !== undefined) return full;
  }
}

const names = ({ tests }: Verdict): string[] =>
  tests.filter(({ drifted }) => drifted).map(({ name }) => name);

t.test('200 windows without drift: no more alarms than the rate that was asked for', (t) => {
  // A reference for every forty windows: the rate is one over references as well.
  let alarms = 0;
  for (let round = 0; round < 5; round += 1) {
    const random = root.fork(`quiet ${round}`);
    const reference = madeUpReference(random, 250, { permutations: 4999 });
    for (let window = 0; window < 40; window += 1) {
      const sketch = windowOf(reference, random);
      if (judgeDrift(reference, sketch).drifted) alarms += 1;
    }
  }
  // 0.01 of 200 is 2; more than 10 come once in 100,000 runs, windows of one reference going together somewhat.
  t.ok(alarms <= 10, `${alarms} false alarms of 200`);
  t.end();
});

t.test('each kind of drift is found by the test that looks for it', (t) => {
  const reference = madeUpReference(root.fork('reference'));
  const found = (weather: Weather): string[] =>
    names(judgeDrift(reference, windowOf(reference, root.fork(JSON.stringify(weather)), weather)));
  t.ok(found({ light: -0.15 }).includes('brightness'));
  t.notOk(found({ light: -0.15 }).includes('confidence'));
  const unsure = found({ sureness: 1 });
  for (const name of ['confidence', 'entropy', 'embedding']) t.ok(unsure.includes(name), name);
  t.notOk(unsure.includes('brightness'));
  t.ok(found({ crows: 0.6 }).includes('species'));
  t.end();
});

t.test('a verdict has every test once, corrected over all, and adds up', (t) => {
  const reference = madeUpReference(root.fork('whole'));
  const verdict = judgeDrift(reference, windowOf(reference, root.fork('dark'), { light: -0.2 }));
  t.same(
    verdict.tests.map(({ name }) => name),
    [...FEATURES, 'species', 'embedding'],
  );
  for (const { p, adjusted, drifted, effect } of verdict.tests) {
    t.ok(p >= 0 && p <= 1 && adjusted >= p && adjusted <= 1);
    t.equal(drifted, adjusted <= verdict.alpha);
    t.ok(Number.isFinite(effect.value) && effect.value >= 0);
  }
  t.match(verdict, {
    v: 1,
    drifted: true,
    found: /^brightness \(p \S+, psi \d\.\d\d\)/,
    falseAlarms: SETTINGS.falseAlarms,
    alpha: SETTINGS.falseAlarms / 4,
    correction: 'holm',
    images: SETTINGS.window,
    reference: { images: 250, model: 'made-up@1' },
  });
  t.match(verdictText(verdict), /^drifted: brightness\n/);
  t.match(
    verdictText(verdict),
    /brightness +KS D 0\.\d{3} .* PSI \d\.\d{3}, large {2}<< drifted\n/,
  );
  t.match(verdictText(verdict), /at most 1 % of verdicts are false alarms\n$/);
  const quiet = judgeDrift(reference, windowOf(reference, root.fork('same')));
  if (!quiet.drifted) t.match(verdictText(quiet), /^no drift: /);
  t.end();
});

t.test('a window is kept as numbers, as many as the window has images, and begins again', (t) => {
  const reference = madeUpReference(root.fork('sketch'), 200, { window: 60, permutations: 999 });
  const sketcher = createSketcher(reference);
  const random = root.fork('stream');
  for (let image = 1; image <= 150; image += 1) {
    const full = sketcher.add(madeUp(random));
    t.equal(full !== undefined, image % 60 === 0);
    if (full !== undefined) {
      t.equal(full.images, 60);
      t.equal(full.features.brightness.length, 60);
      t.equal(
        full.classes.reduce((sum, count) => sum + count, 0),
        60,
      );
    }
  }
  t.equal(sketcher.images, 30);
  const sketch = sketcher.sketch();
  t.equal(sketch.features.entropy.length, 30);
  const parsed = parseSketch(JSON.parse(JSON.stringify(sketch)), reference);
  t.same(parsed, sketch, 'the same after a way over the network');
  t.end();
});

t.test('a sketch that does not fit the reference is refused with what to do', (t) => {
  const reference = madeUpReference(root.fork('parse'), 200, { permutations: 999 });
  const sketch = windowOf(reference, root.fork('parse window'));
  const refused = (change: object, message: RegExp): void => {
    t.throws(() => parseSketch({ ...sketch, ...change }, reference), { message, hint: /./ });
  };
  refused({ model: 'other@2' }, /another model \(other@2, the reference is of made-up@1\)/);
  refused({ version: 2 }, /version 1/);
  refused({ images: 99 }, /does not hold together/);
  refused({ classes: [1] }, /does not hold together/);
  refused({ embedding: ['a'] }, /does not hold together/);
  refused({ features: {} }, /does not hold together/);
  for (const nothing of [undefined, null, 7, 'x', []]) {
    t.throws(() => parseSketch(nothing, reference), { name: 'StageError' });
  }
  t.end();
});
