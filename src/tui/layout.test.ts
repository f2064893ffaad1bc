import t from 'tap';
import { displayWidth } from '../report/display-width.ts';
import { createStyle } from '../report/style.ts';
import { randomFrom, seedOf } from '../testing/random.ts';
import { sampleRun, stage } from '../testing/samples.ts';
import { layout } from './layout.ts';
import { judged, withUsual } from './reduce-view.ts';
import type { TuiState } from './state.ts';
import { done, executed, failed, output, plan, settled, started } from '../testing/events.ts';
import { after, at, press, screenOf } from './testing.ts';

const PLAIN = createStyle({ colour: false, ascii: false });
const drawn = (state: TuiState): string =>
  `\n${layout(state, PLAIN, false)
    .map((line) => `${line.trimEnd()}\n`)
    .join('')}`;

const training = (columns: number, rows: number): TuiState => {
  const planned = after(screenOf(columns, rows), plan('fetch', 'stats', 'train', 'evaluate'));
  const running = after(
    at(
      withUsual(
        planned,
        new Map([
          [stage('train'), 60_000],
          [stage('evaluate'), 5000],
        ]),
      ),
      1000,
    ),
    settled('fetch', { kind: 'skipped' }),
    settled('stats', { kind: 'restored', run: sampleRun(), bytes: 2048 }, 40),
    started('train'),
    output(
      'train',
      Array.from({ length: 9 }, (_, n) => `epoch ${n + 1} of 20  loss 0.${9 - n}\n`).join(''),
    ),
  );
  return at(running, 28_000);
};

t.test('a run in an ordinary terminal', async (t) => {
  t.equal(
    drawn(training(80, 24)),
    `
avian  28s, up to 38s left: 4 stages: 1 fresh, 1 restored, 1 running, 1 queued
  · fetch     fresh
  ↺ stats     restored        40 ms  from run 3f2a91 (3 days ago, ana@host), 2.…
❯ ▶ train     running           27s, 45%, 33s left  params.train.lr 0.001 -> 0.…
  ○ evaluate  queued
──[1 log] 2 why  3 lineage  4 runs  train following, 9 lines ───────────────────
loss 0.1 █▇▆▅▅▄▃▂▁
epoch 1 of 20  loss 0.9
epoch 2 of 20  loss 0.8
epoch 3 of 20  loss 0.7
epoch 4 of 20  loss 0.6
epoch 5 of 20  loss 0.5
epoch 6 of 20  loss 0.4
epoch 7 of 20  loss 0.3
epoch 8 of 20  loss 0.2
epoch 9 of 20  loss 0.1






j k move  / filter  x stop  ? help  q quit
`,
  );
});

t.test('the smallest terminal shows the stage, its log and the way out', async (t) => {
  t.equal(
    drawn(training(40, 10)),
    `
avian  28s, up to 38s left: 4 stages: 1…
  ↺ stats     restored        40 ms  fr…
❯ ▶ train     running           27s, 45…
  ○ evaluate  queued
──[1 log] 2 why  3 lineage  4 runs  tra…
epoch 8 of 20  loss 0.2
epoch 9 of 20  loss 0.1

j k move / filter x stop ? help q quit
`,
  );
});

t.test('ASCII and no colour say the same: glyph and word for every state', async (t) => {
  const reasons = [{ kind: 'never-ran' }] as const;
  let state = judged(screenOf(80, 40), {
    stages: [
      { name: stage('a'), verdict: { kind: 'up-to-date' } },
      { name: stage('b'), verdict: { kind: 'restorable', outs: {}, reasons } },
      { name: stage('c'), verdict: { kind: 'stale', reasons } },
      { name: stage('d'), verdict: { kind: 'undetermined', waitingOn: [stage('c')] } },
      { name: stage('e'), verdict: { kind: 'frozen' } },
      {
        name: stage('f'),
        verdict: { kind: 'stale', reasons: [{ kind: 'interrupted', at: '2026-11-23' }] },
      },
    ],
  });
  state = after(
    state,
    plan('g', 'h', 'i', 'j', 'k', 'l', 'm'),
    started('h'),
    settled('i', executed, 1000),
    settled('j', { kind: 'restored', bytes: 0 }),
    settled('k', failed, 1000),
    settled('l', { kind: 'blocked', by: stage('k') }),
    settled('m', { kind: 'cancelled' }),
  );
  const lines = layout(state, createStyle({ colour: false, ascii: true }), true);
  t.same(
    lines.slice(1, 14).map((line) => line.slice(2, 19).trim()),
    [
      '. a  fresh',
      '< b  restorable',
      '! c  stale',
      '~ d  undetermined',
      '= e  frozen',
      '/ f  interrupted',
      'o g  queued',
      '> h  running',
      '+ i  done',
      '< j  restored',
      'x k  failed',
      '- l  blocked',
      '# m  cancelled',
    ],
  );
  t.match(lines.join('\n'), /^[\x20-\x7e\n]*$/, 'nothing but ASCII');
});

t.test('idle, with questions, filters and help', async (t) => {
  const idle = after(screenOf(60, 10), plan('a', 'b'), done());
  t.match(drawn(idle), /^\navian {2}done in 12s: 2 stages: 2 queued\n/);
  t.match(drawn(press(idle, 'F').state), /\nrun a again\?\ny yes {2}n no\n$/);
  t.match(drawn(press(idle, '/', 'b').state), /\n\/b_\nEnter keep {2}Esc forget\n$/);
  t.match(drawn(press(idle, '/', 'z').state), /\nno stage is like `z`\n/);
  t.match(drawn(press(idle, '?').state), /\nkeys\n {2}j k +one down/);
  t.match(
    drawn(press(idle, '?', ...Array<string>(99).fill('j')).state),
    /\n {2}Ctrl-C .*\nj k scroll/,
  );
  t.match(drawn(screenOf()), /\nlooking at the project …\n/);
});

t.test('long lines are wrapped, or cut; wide characters take their columns', async (t) => {
  const state = after(
    screenOf(40, 14),
    plan('a'),
    started('a'),
    output('a', `${'鳥'.repeat(30)}\n${'x'.repeat(90)}\n`),
  );
  t.match(drawn(state), `\n${'鳥'.repeat(20)}\n${'鳥'.repeat(10)}\n${'x'.repeat(40)}\n`);
  t.match(drawn(press(state, 'w').state), `\n${'鳥'.repeat(19)}…\n${'x'.repeat(39)}…\n`);
});

t.test(
  'at every size, after any events and keys: as many lines as said, none too wide',
  async (t) => {
    const seed = seedOf(process.env);
    t.comment(`seed ${seed}`);
    const random = randomFrom(seed);
    const colour = createStyle({ colour: true, ascii: false });
    const KEYS = [
      ...Array.from('jkgGud1234z/fwecrRFsPpx?qyn '),
      'tab',
      'escape',
      'enter',
      'backspace',
      'up',
    ];
    const names = Array.from({ length: 30 }, (_, n) => `stage-${n}@${'ü'.repeat(n)}`);
    const events = [
      () => plan(...names.slice(0, random.below(30) + 1)),
      () => started(random.pick(names)),
      () =>
        output(
          random.pick(names),
          `${random.pick(['loss 0.5', '鳥'.repeat(99), '\t', '\x1b[2J'])}\n`,
        ),
      () => output(random.pick(names), `${random.below(100)}%\r`),
      () => settled(random.pick(names), random.pick([executed, failed, { kind: 'cancelled' }]), 99),
      () => done(),
    ];
    for (let round = 0; round < 25; round += 1) {
      let state = screenOf(40 + random.below(261), 10 + random.below(91));
      for (let step = 0; step < 40; step += 1) {
        state =
          random.below(2) === 0
            ? after(state, random.pick(events)())
            : press(state, random.pick(KEYS)).state;
        const lines = layout(state, colour, false);
        const { columns, rows } = state.size;
        if (lines.length !== rows - 1) return t.fail(`${lines.length} lines of ${rows}`);
        const plain = lines.map((line) => line.replace(/\x1b\[\d+m/g, ''));
        const wide = plain.find((line) => displayWidth(line) > columns || /[\x00-\x1f]/.test(line));
        if (wide !== undefined) return t.fail(`${columns} columns: ${JSON.stringify(wide)}`);
        const uncoloured = layout(state, PLAIN, false);
        if (plain.join() !== uncoloured.join()) return t.same(plain, uncoloured, 'only colour');
      }
    }
    return t.pass('every frame fits');
  },
);
