import t from 'tap';
import type { AvianEvent } from '../model/event.ts';
import {
  attempt,
  createManualTicker,
  fingerprint,
  path,
  sampleRun,
  stage,
} from '../testing/samples.ts';
import { createPlainRenderer } from './plain.ts';

function conversation(options: { columns?: number; ascii?: boolean; colour?: boolean } = {}) {
  const said = { out: '', err: '' };
  const ticker = createManualTicker();
  const renderer = createPlainRenderer({
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    ticker,
    colour: false,
    ascii: false,
    ...options,
  });
  return { said, ticker, ...renderer };
}

const started = (name: string, ...reasons: string[]): AvianEvent => {
  const [first = 'train.lr', ...more] = reasons;
  const changed = (key: string) => ({ kind: 'param-changed', key, before: 1, after: 2 }) as const;
  return {
    type: 'stage-started',
    stage: stage(name),
    attempt: attempt(),
    fingerprint: fingerprint('ab'),
    reasons: [changed(first), ...more.map(changed)],
    cmd: ['node train.ts'],
  };
};
const plan = (...names: string[]): AvianEvent => ({ type: 'plan-ready', stages: names.map(stage) });
const output = (chunk: string, name = 'train', replayed = false): AvianEvent => ({
  type: 'stage-output',
  stage: stage(name),
  stream: 'stdout',
  chunk,
  ...(replayed && { replayed: true }),
});

t.test('a whole conversation', async (t) => {
  const { said, onEvent, close, ticker } = conversation();
  onEvent(plan('fetch', 'stats', 'train', 'evaluate', 'deploy'));
  onEvent({
    type: 'stage-settled',
    stage: stage('fetch'),
    outcome: { kind: 'skipped', run: sampleRun() },
    elapsedMs: 3,
  });
  onEvent(output('mean 0.47\n', 'stats', true));
  onEvent({
    type: 'stage-settled',
    stage: stage('stats'),
    outcome: { kind: 'restored', run: sampleRun(), bytes: 2048, remote: 'lab' },
    elapsedMs: 3,
  });
  onEvent(started('train', 'train.lr', 'train.seed'));
  onEvent(output('epoch 1/2 10%\repoch 1/2 100%\n\x1b[31mloss\x1b[0m 0.5\nunfinished'));
  ticker.pass(1000);
  onEvent({
    type: 'stage-settled',
    stage: stage('train'),
    outcome: { kind: 'executed', run: sampleRun(), unchangedOuts: true },
    elapsedMs: 130_000,
  });
  onEvent(started('evaluate'));
  onEvent({
    type: 'stage-settled',
    stage: stage('evaluate'),
    outcome: {
      kind: 'failed',
      failure: { kind: 'exited', code: 137, tail: 'one\n\x1b[1mtwo\x1b[0m\n' },
    },
    elapsedMs: 12_000,
  });
  onEvent({
    type: 'stage-settled',
    stage: stage('deploy'),
    outcome: { kind: 'blocked', by: stage('evaluate') },
    elapsedMs: 0,
  });
  onEvent({
    type: 'repro-done',
    counts: { skipped: 1, restored: 1, executed: 1, failed: 1, blocked: 1, cancelled: 0 },
    elapsedMs: 143_000,
    urls: ['http://127.0.0.1:8080'],
  });
  close();
  t.equal(
    said.err,
    `plan  5 stages: fetch, stats, train, evaluate, deploy
· fetch     up to date
stats    : mean 0.47
↺ stats     restored from run 3f2a91 (3 days ago, ana@host) in lab, 2.0 KiB
▶ train     params.train.lr 1 -> 2
            params.train.seed 1 -> 2
train    | epoch 1/2 100%
train    | loss 0.5
train    | unfinished
✓ train     executed 2m 10s, outs unchanged
▶ evaluate  params.train.lr 1 -> 2
✗ evaluate  failed after 12s: exit 137 -> killed (SIGKILL), often out of memory
⊘ deploy    blocked by evaluate

✗ evaluate: exit 137 -> killed (SIGKILL), often out of memory
  one
  two
  the whole log: avian logs evaluate
done in 2m 23s: 1 executed, 1 restored, 1 up to date, 1 failed, 1 blocked
`,
  );
  t.equal(said.out, 'url http://127.0.0.1:8080\n', 'stdout holds results only');
  t.equal(ticker.ticking(), 0, 'no timer is left');
});

t.test('at most five lines of reasons', async (t) => {
  const { said, onEvent } = conversation();
  onEvent(started('train', 'a', 'b', 'c', 'd', 'e', 'f'));
  t.equal(
    said.err,
    `▶ train  params.a 1 -> 2
         params.b 1 -> 2
         params.c 1 -> 2
         params.d 1 -> 2
         +2 more: avian why train --all
`,
  );
});

t.test('never more than two seconds of silence, whatever happens', async (t) => {
  const { said, onEvent, ticker } = conversation();
  let longest = 0;
  let silent = 0;
  let seen = said.err.length;
  const wait = (ms: number): void => {
    for (let at = 0; at < ms; at += 50) {
      ticker.pass(50);
      silent = said.err.length === seen ? silent + 50 : 0;
      seen = said.err.length;
      longest = Math.max(longest, silent);
    }
  };
  wait(5000);
  onEvent({
    type: 'waiting-for-lock',
    holder: { pid: 7, command: 'avian repro', since: '2026-11-23T11:00:00Z' },
  });
  wait(5000);
  onEvent(plan('fetch', 'train'));
  onEvent(started('train'));
  wait(2500);
  onEvent(output('epoch 1 \x1b[32m50%\x1b[0m'));
  wait(2500);
  onEvent({
    type: 'progress',
    phase: 'committing',
    path: path('artifacts/model'),
    files: 12_000,
    bytes: 5_000_000,
  });
  wait(2500);
  t.ok(longest < 2000, `longest silence ${longest} ms`);
  const lines = new Set(said.err.split('\n'));
  for (const line of [
    '⋯ working 1.8s',
    '⋯ waiting for `avian repro` (pid 7, since 2026-11-23T11:00:00Z) to finish',
    '⋯ waiting 1.8s for `avian repro` (pid 7, since 2026-11-23T11:00:00Z)',
    '⋯ 0 of 2 done, train 1.8s',
    '⋯ 0 of 2 done, train 3.5s, epoch 1 50%',
    '⋯ 0 of 2 done, train 5.3s, committing artifacts/model (12,000 files, 4.8 MiB), epoch 1 50%',
  ]) {
    t.ok(lines.has(line), line);
  }
  t.equal(said.err.match(/to finish/g)?.length, 1, 'whom it waits for is named once');
  t.equal(said.out, '');
});

t.test('on a terminal the heartbeat is redrawn in place and cut to fit', async (t) => {
  const { said, onEvent, ticker, close } = conversation({ columns: 24 });
  onEvent(started('train'));
  onEvent(output('a very long progress bar without an end'));
  ticker.pass(3500);
  const drawn = said.err.split('\n').at(-1) ?? '';
  t.equal(drawn, '⋯ train 1.8s, a very l…\r                       \r⋯ train 3.5s, a very l…');
  onEvent(output(' at last\n'));
  close();
  const screen = said.err.split('\n').map((line) => line.split('\r').at(-1));
  t.same(screen, [
    '▶ train  params.train.lr 1 -> 2',
    'train | a very long progress bar without an end at last',
    '',
  ]);
});

t.test('ASCII and no colour: nothing but printable ASCII', async (t) => {
  const { said, onEvent, ticker } = conversation({ ascii: true });
  onEvent(plan('train'));
  onEvent(started('train'));
  ticker.pass(2000);
  for (const outcome of [
    { kind: 'cancelled' },
    { kind: 'skipped' },
    { kind: 'blocked', by: stage('x') },
  ] as const) {
    onEvent({ type: 'stage-settled', stage: stage('train'), outcome, elapsedMs: 1 });
  }
  t.match(said.err, /^[\x20-\x7e\n]*$/);
});

t.test('colour only adds: without it the text is the same', async (t) => {
  const events: AvianEvent[] = [
    plan('train'),
    started('train'),
    output('x\n'),
    {
      type: 'stage-settled',
      stage: stage('train'),
      outcome: { kind: 'failed', failure: { kind: 'out-missing', path: path('m') } },
      elapsedMs: 5,
    },
    {
      type: 'transfer-progress',
      direction: 'push',
      phase: 'sending',
      files: 0,
      totalFiles: 2,
      bytes: 1,
      totalBytes: 2,
      bytesPerSecond: 0.5,
      etaMs: 2000.5,
      slowest: { name: 'packs/0a.pack', silentMs: 12.5 },
    },
    {
      type: 'diagnostic',
      diagnostic: { severity: 'warning', code: 'a/b', message: 'm', hint: 'h' },
    },
    { type: 'repro-done', counts: { failed: 1 }, elapsedMs: 9, urls: [] },
  ];
  const [plain, coloured] = [conversation(), conversation({ colour: true })];
  for (const event of events) {
    plain.onEvent(event);
    coloured.onEvent(event);
  }
  t.match(coloured.said.err, /\x1b\[31m/);
  t.notMatch(coloured.said.err, /\x1b\[(?!(0|1|2|31|32|33|36)m)/, 'sixteen colours, no background');
  t.equal(coloured.said.err.replace(/\x1b\[\d+m/g, ''), plain.said.err);
});
