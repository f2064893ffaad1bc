import t from 'tap';
import { digest, path, sampleRun, stage } from '../testing/samples.ts';
import type { Verdict } from '../model/verdict.ts';
import { answered, shown } from './reduce-action.ts';
import { relieved } from './reduce-event.ts';
import { LOOKING, judged, listed, withUsual } from './reduce-view.ts';
import { shownNames, type TuiState } from './state.ts';
import { done, executed, failed, output, plan, settled, started } from '../testing/events.ts';
import { after, at, press, screenOf } from './testing.ts';

const phases = (state: TuiState): { readonly [name: string]: string } =>
  Object.fromEntries([...state.rows].map(([name, { phase }]) => [name, phase]));

t.test('a run: queued, running, and every way to end', async (t) => {
  let state = after(screenOf(), plan('fetch', 'stats', 'train', 'evaluate', 'deploy', 'report'));
  t.same(new Set(Object.values(phases(state))), new Set(['queued']));
  state = after(
    at(state, 1000),
    settled('fetch', { kind: 'skipped' }),
    settled('stats', { kind: 'restored', run: sampleRun(), bytes: 2048 }, 5),
    started('train'),
    output('train', 'epoch 1 of 4  loss 0.5\n'),
  );
  t.equal(state.selected, 'train', 'the selection goes along with what runs');
  t.same(phases(state), {
    fetch: 'fresh',
    stats: 'restored',
    train: 'running',
    evaluate: 'queued',
    deploy: 'queued',
    report: 'queued',
  });
  const train = state.rows.get('train')!;
  t.same(train.reasons, ['params.train.lr 0.001 -> 0.0003']);
  t.equal(train.startedMs, 1000);
  t.equal(train.gauges.progress, 0.25);
  t.equal(train.gauges.series.get('loss')?.last, 0.5);
  state = after(
    at(state, 3000),
    settled('train', executed, 2000),
    started('evaluate'),
    settled('evaluate', failed, 100),
    settled('deploy', { kind: 'blocked', by: stage('evaluate') }),
    settled('report', { kind: 'cancelled' }),
    done({ executed: 1, failed: 1 }),
  );
  t.match(phases(state), {
    train: 'done',
    evaluate: 'failed',
    deploy: 'blocked',
    report: 'cancelled',
  });
  t.equal(state.rows.get('evaluate')?.detail, 'exit 1');
  t.equal(state.selected, 'evaluate', 'then with what failed');
  t.equal(state.activity.kind, 'idle');
});

t.test(
  'what a person stopped while it ran was interrupted; what had not begun was called off',
  async (t) => {
    const running = after(screenOf(), plan('a', 'b'), started('a'));
    const asked = press(running, 'x');
    t.equal(asked.state.mode.kind, 'confirm');
    t.same(asked.effects, [], 'no single key stops anything');
    t.same(press(asked.state, 'n').effects, []);
    const stopped = press(asked.state, 'y');
    t.same(stopped.effects, [{ kind: 'stop', stage: 'a' }]);
    t.match(press(running, 'j', 'x').state, { notice: { text: /^b does not run/ } });
    const all = press(running, 'j', 'X', 'y');
    t.same(all.effects.at(-1), { kind: 'stop-run' });
    t.match(all.state.activity, { stopping: true });
    const state = after(
      stopped.state,
      settled('a', { kind: 'cancelled' }),
      settled('b', { kind: 'cancelled' }),
      done({ cancelled: 2 }),
    );
    t.same(phases(state), { a: 'interrupted', b: 'cancelled' });
  },
);

t.test('Ctrl-C is heard in every mode', async (t) => {
  const running = after(screenOf(), plan('a'), started('a'));
  for (const keys of [[], ['/'], ['?'], ['x']]) {
    t.same(press(running, ...keys, 'ctrl-c').effects, [{ kind: 'interrupt' }], keys.join());
  }
});

t.test('verdicts of every kind, in the order of status', async (t) => {
  const reasons = [{ kind: 'never-ran' }] as const;
  const verdicts: readonly (readonly [string, Verdict])[] = [
    ['a', { kind: 'up-to-date' }],
    ['b', { kind: 'frozen' }],
    ['c', { kind: 'restorable', outs: {}, reasons }],
    ['d', { kind: 'stale', reasons }],
    ['e', { kind: 'stale', reasons: [{ kind: 'interrupted', at: '2026-11-23T10:00:00Z' }] }],
    ['f', { kind: 'undetermined', waitingOn: [stage('d')] }],
  ];
  const view = { stages: verdicts.map(([name, verdict]) => ({ name: stage(name), verdict })) };
  const state = judged(screenOf(), view);
  t.same(phases(state), {
    a: 'fresh',
    b: 'frozen',
    c: 'restorable',
    d: 'stale',
    e: 'interrupted',
    f: 'undetermined',
  });
  t.equal(state.selected, 'a');
  t.equal(state.rows.get('f')?.detail, 'waits for d');
  t.match(judged(state, { ...view, contested: [path('data')] }).notice, { tone: 'warn' });

  const again = judged(state, { stages: [{ name: stage('d'), verdict: { kind: 'up-to-date' } }] });
  t.same(again.order, ['d'], 'stages that are gone are gone');
  t.equal(again.selected, 'd');

  const frozen = after(state, plan('b', 'd'), settled('b', { kind: 'skipped', frozen: true }));
  t.match(phases(frozen), { b: 'frozen', d: 'queued' });
  const unjudged = after(screenOf(), plan('b'), settled('b', { kind: 'skipped', frozen: true }));
  t.match(phases(unjudged), { b: 'frozen' }, 'the run says so by itself');
});

t.test('names come before verdicts, and what was asked meanwhile is still awaited', async (t) => {
  const known = listed(screenOf(), ['a', 'b']);
  t.same(phases(known), { a: 'unknown', b: 'unknown' });
  t.match(known, { selected: 'a', notice: { text: LOOKING } });
  const asked = shown(known);
  t.match(asked.effects, [{ kind: 'ask', question: 'log', stage: 'a' }]);
  const view = {
    stages: ['a', 'b'].map((name) => ({
      name: stage(name),
      verdict: { kind: 'up-to-date' } as const,
    })),
  };
  const seen = judged(asked.state, view);
  t.equal(seen.notice, undefined);
  t.same(shown(seen).effects, [], 'not asked twice');
  const told = answered(seen, 'log', 'a', ['hello']);
  t.equal(listed(told, ['a', 'b']).notice, undefined, 'nothing new');
  t.match(shown(judged(told, view)).effects, [{ question: 'log' }], 'what is old is asked again');
});

t.test('after a run the list keeps how a stage ended', async (t) => {
  const ran = after(
    screenOf(),
    plan('a', 'b'),
    started('a'),
    settled('a', executed, 1200),
    started('b'),
    settled('b', failed, 10),
    done(),
  );
  const state = judged(ran, {
    stages: [
      { name: stage('a'), verdict: { kind: 'up-to-date' } },
      { name: stage('b'), verdict: { kind: 'stale', reasons: [{ kind: 'last-run-failed' }] } },
    ],
  });
  t.same(phases(state), { a: 'done', b: 'failed' });
  t.equal(state.rows.get('b')?.detail, 'exit 1');
});

t.test(
  'moving selects, asks for what the pane shows, and is heard no more once answered',
  async (t) => {
    const state = judged(screenOf(), {
      stages: ['a', 'b', 'c'].map((name) => ({
        name: stage(name),
        verdict: { kind: 'up-to-date' },
      })),
    });
    const moved = press(state, 'j');
    t.equal(moved.state.selected, 'b');
    t.same(moved.effects, [{ kind: 'ask', question: 'log', stage: 'b' }]);
    t.same(press(moved.state, 'G', 'g', 'k', 'up').state.selected, 'a', 'the ends hold');
    const why = press(moved.state, '2');
    t.same(why.effects, [{ kind: 'ask', question: 'why', stage: 'b' }]);
    const told = answered(why.state, 'why', 'b', ['b is up to date']);
    t.same(told.answers.why, { stage: 'b', lines: ['b is up to date'] });
    t.same(
      press(told, '1', '2').effects.filter(({ kind }) => kind === 'ask'),
      [],
      'asked once',
    );
    t.equal(answered(told, 'why', 'c', ['late']), told, 'an answer nobody waits for');
  },
);

t.test('the selection stays once a person has moved it', async (t) => {
  let state = after(screenOf(), plan('a', 'b', 'c'), started('a'));
  state = press(state, 'G').state;
  state = after(state, settled('a', executed), started('b'));
  t.equal(state.selected, 'c');
});

t.test('filter by names and states; Esc takes it back', async (t) => {
  const state = after(screenOf(), plan('train@a', 'train@b', 'test'), started('train@b'));
  const typed = press(state, '/', ...Array.from('TRAIN run'), 'enter').state;
  t.same(shownNames(typed), ['train@b']);
  t.equal(typed.selected, 'train@b');
  t.same(shownNames(press(typed, 'escape').state), ['train@a', 'train@b', 'test']);
  t.equal(press(typed, '/', 'x', 'escape').state.filter, 'TRAIN run', 'as it was before');
  t.same(shownNames(press(state, '/', 'z', 'z').state), [], 'nothing is like it');
  t.equal(press(state, '/', 'q').state.filter, 'q', 'keys are letters here');
});

t.test('work is started once at a time, and asked for where it changes something', async (t) => {
  const state = judged(screenOf(), {
    stages: [{ name: stage('a'), verdict: { kind: 'up-to-date' } }],
  });
  t.same(press(state, 'r').effects, [{ kind: 'run', targets: ['a'], force: false }]);
  t.same(press(state, 'R').effects, [{ kind: 'run', targets: [], force: false }]);
  t.same(press(state, 'F').effects, []);
  t.same(press(state, 'F', 'y').effects, [{ kind: 'run', targets: ['a'], force: true }]);
  t.same(press(state, 'P', 'y').effects, [{ kind: 'push' }]);
  t.same(press(state, 'p', 'y').effects, [{ kind: 'pull' }]);
  for (const key of ['F', 'P', 'p']) {
    for (const no of ['n', 'escape', 'j', 'enter', key]) {
      t.same(press(state, key, no).effects, [], `${key} ${no}`);
    }
  }
  const busy = press(state, 'R').state;
  t.same(press(busy, 'r').effects, []);
  t.match(press(busy, 'r').state.notice, { tone: 'warn' });
  t.same(press({ ...state, purpose: 'run' }, 'R').effects, [], 'one repro starts no other');
});

t.test('what runs elsewhere is looked at, not stopped', async (t) => {
  const run = after(screenOf(), plan('a'));
  const { activity } = run;
  if (activity.kind !== 'run') throw new Error('a plan starts a run');
  const elsewhere = { ...run, activity: { ...activity, by: 'another' as const } };
  t.equal(press(elsewhere, 'x').state.mode.kind, 'normal');
  t.same(press(elsewhere, 'x', 'y').effects, []);
});

t.test(
  'e: the next failed stage, round and round; in the log the next line of an error',
  async (t) => {
    const run = after(
      screenOf(80, 10),
      plan('a', 'b', 'c'),
      settled('a', failed),
      settled('b', executed),
      settled('c', failed),
      output('c', `${'fine\n'.repeat(20)}Traceback: here\n${'fine\n'.repeat(20)}`),
    );
    const first = press(run, 'g', 'e').state;
    t.equal(first.selected, 'c');
    t.equal(press(first, 'e').state.selected, 'a');
    const found = press(first, 'tab', 'e').state;
    t.equal(found.top, 20);
    t.equal(found.following, false);
    t.match(press(after(screenOf(), plan('a')), 'e').state.notice, { text: 'no stage has failed' });
  },
);

t.test('copy: the whole lines that are on screen', async (t) => {
  const long = 'y'.repeat(200);
  const state = after(
    screenOf(80, 12),
    plan('a'),
    started('a'),
    output('a', `one\ntwo\n${long}\n`),
  );
  const { effects, state: next } = press(state, 'c');
  t.same(effects, [{ kind: 'copy', text: `one\ntwo\n${long}\n` }]);
  t.equal(next.notice?.text, 'copied 3 lines');
});

t.test(
  'the log follows its end until it is held, and holds its place while lines come and go',
  async (t) => {
    const lines = (from: number, to: number): string =>
      Array.from({ length: to - from }, (_, n) => `line ${from + n}\n`).join('');
    let state = after(screenOf(80, 16), plan('a'), started('a'), output('a', lines(0, 100)));
    state = press(state, 'tab', 'k').state;
    t.equal(state.following, false);
    const { top } = state;
    state = after(state, output('a', lines(100, 200)));
    t.equal(state.top, top);
    t.equal(press(state, 'G').state.following, true);
    t.equal(press(state, 'f').state.following, true);
    t.equal(press(state, 'f', 'f').state.following, false);
    t.equal(press(state, 'g').state.top, 0);
  },
);

t.test('usual times of stages that are there', async (t) => {
  const state = withUsual(
    after(screenOf(), plan('a')),
    new Map([
      [stage('a'), 5000],
      [stage('z'), 1],
    ]),
  );
  t.equal(state.rows.get('a')?.usualMs, 5000);
  t.notOk(state.rows.has('z'));
});

t.test(
  'logs of many stages together are bounded; who runs and who is looked at keep theirs',
  async (t) => {
    const names = Array.from({ length: 20 }, (_, n) => `s${n}`);
    let state = after(screenOf(), plan(...names));
    for (const name of names) {
      state = after(state, started(name), output(name, `${'x'.repeat(999)}\n`.repeat(1000)));
      if (name !== 's1') state = after(state, settled(name, executed));
    }
    state = relieved(press(state, 'g').state);
    const sizes = [...state.rows.values()].map(({ log }) => log.size);
    t.ok(sizes.reduce((a, b) => a + b) <= 13_000_000);
    t.ok(state.rows.get('s0')!.log.lines.length > 50, 'selected');
    t.ok(state.rows.get('s1')!.log.lines.length > 50, 'running');
    t.equal(state.rows.get('s2')!.log.lines.length, 50);
  },
);

t.test('progress, transfers and warnings are told in a line', async (t) => {
  const state = after(
    screenOf(),
    {
      type: 'transfer-progress',
      direction: 'push',
      phase: 'sending',
      ...{ files: 1, totalFiles: 2, bytes: 50, totalBytes: 100, bytesPerSecond: 10 },
    },
    {
      type: 'diagnostic',
      diagnostic: { severity: 'warning', code: 'a/b', message: `odd\n${digest('ab')}` },
    },
  );
  t.match(state.work, { share: 0.5, text: /^push: sending 1 of 2 objects/ });
  t.match(state.notice, { tone: 'warn', text: /^warning\[a\/b\]: odd b3:/ });
});
