import t from 'tap';
import type { AvianEvent } from '../model/event.ts';
import { LOG_LINES } from './log.ts';
import { createStore, type StoreClock } from './store.ts';
import type { Effect, TuiState } from './state.ts';
import { executed, output, plan, settled, started } from '../testing/events.ts';
import { screenOf } from './testing.ts';

/** A clock whose timers a test lets run. */
function manualClock(): StoreClock & { readonly pass: (ms: number) => void } {
  let time = 0;
  const timers = new Set<{ readonly due: number; readonly act: () => void }>();
  return {
    now: () => time,
    monotonic: () => time,
    after(ms, act) {
      const timer = { due: time + ms, act };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    pass(ms) {
      time += ms;
      for (const timer of timers) {
        if (timer.due > time) continue;
        timers.delete(timer);
        timer.act();
      }
    },
  };
}

function storeWith(state: TuiState = screenOf()) {
  const clock = manualClock();
  const effects: Effect[] = [];
  const errors: unknown[] = [];
  const store = createStore(state, {
    clock,
    onEffect: (effect) => effects.push(effect),
    onError: (error) => errors.push(error),
  });
  let changes = 0;
  store.subscribe(() => (changes += 1));
  return { store, clock, effects, errors, changes: () => changes };
}

t.test('events wait for their batch and make one change; a key does not wait', async (t) => {
  const { store, clock, changes } = storeWith();
  store.event(plan('a', 'b'));
  store.event(started('a'));
  t.equal(changes(), 0);
  clock.pass(33);
  t.equal(changes(), 1);
  t.equal(store.state().rows.get('a')?.phase, 'running');
  store.event(settled('a', executed));
  store.key('G');
  t.equal(store.state().rows.get('a')?.phase, 'done', 'what came before the key is in');
  t.equal(store.state().selected, 'b');
});

t.test('100,000 lines in 2 s: bounded work a batch, bounded memory, the end is kept', async (t) => {
  const { store, clock, changes } = storeWith();
  store.event(plan('a'));
  store.event(started('a'));
  const line = (n: number): AvianEvent => output('a', `line ${n} ${'.'.repeat(60)}\n`);
  for (let n = 0; n < 100_000; n += 1) {
    store.event(line(n));
    if (n % 1667 === 0) clock.pass(33);
  }
  clock.pass(33);
  const { log } = store.state().rows.get('a')!;
  t.equal(log.lines.length, LOG_LINES);
  t.equal(log.dropped + log.lines.length, 100_000);
  t.match(log.lines.at(-1), /^line 99999 /);
  t.ok(changes() <= 62, 'one change a batch');
});

t.test('time passes on screen while something is under way, and stands still after', async (t) => {
  const { store, clock, changes } = storeWith();
  store.event(plan('a'));
  clock.pass(33);
  const before = changes();
  clock.pass(1000);
  clock.pass(1000);
  t.equal(changes(), before + 2);
  t.equal(store.state().clock.monotonicMs, 2033);
  store.event({ type: 'repro-done', counts: {}, elapsedMs: 2000, urls: [] });
  clock.pass(33);
  const after = changes();
  clock.pass(5000);
  t.equal(changes(), after);
});

t.test('an error of its own is handed on once, and ends it', async (t) => {
  const { store, clock, errors } = storeWith();
  store.event({ type: 'stage-started' } as AvianEvent);
  clock.pass(33);
  t.equal(errors.length, 1);
  store.event(plan('a'));
  store.key('j');
  clock.pass(33);
  t.equal(errors.length, 1);
  t.equal(store.state().rows.size, 0);
});

t.test('what a change makes necessary is asked for', async (t) => {
  const { store, effects } = storeWith();
  store.event(plan('a'));
  store.update((state) => ({ ...state, activity: { kind: 'idle' } }));
  t.same(effects, [{ kind: 'ask', question: 'log', stage: 'a' }]);
});
