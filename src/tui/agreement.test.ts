import t from 'tap';
import type { AvianEvent } from '../model/event.ts';
import type { StageOutcome } from '../model/outcome.ts';
import { createJsonRenderer } from '../report/json.ts';
import { createPlainRenderer } from '../report/plain.ts';
import { createStyle } from '../report/style.ts';
import { randomFrom, seedOf, type Random } from '../testing/random.ts';
import { createManualTicker, sampleRun, stage } from '../testing/samples.ts';
import { layout } from './layout.ts';
import { done, executed, failed, output, plan, settled, started } from '../testing/events.ts';
import { after, screenOf } from './testing.ts';

/** As far as it is looked at here. */
interface JsonLine {
  readonly type: string;
  readonly stage?: string;
  readonly chunk?: string;
}

/** A run of the engine's grammar: a plan, each stage in some order begun, printing and ended, the end. */
function randomRun(random: Random): readonly AvianEvent[] {
  const names = Array.from({ length: 1 + random.below(12) }, (_, n) => `s${n}-end`);
  const events: AvianEvent[] = [plan(...names)];
  const counts: { [kind in StageOutcome['kind']]?: number } = {};
  const waiting = [...names];
  const running: string[] = [];
  const end = (name: string, outcome: StageOutcome): void => {
    counts[outcome.kind] = (counts[outcome.kind] ?? 0) + 1;
    events.push(settled(name, outcome, random.below(100_000)));
  };
  while (waiting.length + running.length > 0) {
    const name = running[0];
    if (waiting.length > 0 && random.chance(0.5)) {
      const next = waiting.shift()!;
      if (random.chance(0.5)) {
        events.push(started(next));
        running.push(next);
      } else {
        end(
          next,
          random.pick<StageOutcome>([
            { kind: 'skipped' },
            { kind: 'restored', run: sampleRun(), bytes: 10 },
            { kind: 'blocked', by: stage('s0-end') },
            { kind: 'cancelled' },
          ]),
        );
      }
    } else if (name !== undefined) {
      const lines = random.below(4);
      for (let line = 0; line < lines; line += 1) {
        events.push(output(name, `${name} says ${line}${random.pick(['\n', '\r', ' '])}`));
      }
      if (random.chance(0.5)) {
        running.shift();
        end(name, random.pick([executed, failed]));
      }
    }
  }
  return [...events, done(counts)];
}

const WORDS: { readonly [kind in StageOutcome['kind']]: readonly [plain: RegExp, screen: string] } =
  {
    skipped: [/up to date/, 'fresh'],
    restored: [/restored from run/, 'restored'],
    executed: [/executed/, 'done'],
    failed: [/failed after/, 'failed'],
    blocked: [/blocked by/, 'blocked'],
    cancelled: [/cancelled/, 'cancelled'],
  };

t.test('plain lines, JSON and the screen agree on every fact of the same events', async (t) => {
  const seed = seedOf(process.env);
  t.comment(`seed ${seed}`);
  const random = randomFrom(seed);
  for (let round = 0; round < 40; round += 1) {
    const events = randomRun(random);
    const told = { plain: '', json: '' };
    const look = { ticker: createManualTicker(), colour: false, ascii: false };
    const plain = createPlainRenderer({
      ...look,
      out: () => undefined,
      err: (text) => void (told.plain += text),
    });
    const json = createJsonRenderer({
      ...look,
      out: (text) => void (told.json += text),
      err: () => undefined,
    });
    for (const event of events) {
      plain.onEvent(event);
      json.onEvent(event);
    }
    const state = after(screenOf(200, 100), ...events);
    const screen = layout(state, createStyle(look), false);
    const lines = told.json
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as JsonLine);

    for (const event of events) {
      if (event.type !== 'stage-settled') continue;
      const { stage: name, outcome, elapsedMs } = event;
      const [inPlain, onScreen] = WORDS[outcome.kind];
      const said = told.plain.split('\n').filter((line) => line.slice(2).startsWith(`${name} `));
      t.match(said.at(-1), inPlain, `${name}: plain`);
      t.match(
        lines.filter(({ type, stage: of }) => type === 'stage-settled' && of === name),
        [{ outcome: { kind: outcome.kind }, elapsedMs }],
        `${name}: JSON`,
      );
      const row = screen.find((line) => line.slice(4).startsWith(`${name} `));
      t.match(row, new RegExp(` ${onScreen} `), `${name}: screen`);
      // What it printed: the same lines in all three.
      const printed = told.plain
        .split('\n')
        .filter((line) => line.startsWith(`${name} `) && line.includes('| '))
        .map((line) => line.slice(line.indexOf('| ') + 2));
      const chunks = lines.flatMap(({ type, stage: of, chunk }) =>
        type === 'stage-output' && of === name ? [chunk] : [],
      );
      t.same(chunks.join('').split('\n').slice(0, -1), printed, `${name}: lines in JSON`);
      t.same(state.rows.get(name)?.log.lines, printed, `${name}: lines on the screen`);
    }
  }
});
