import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import t from 'tap';
import type { AvianEvent } from '../model/event.ts';
import type { StageFailure } from '../model/failure.ts';
import type { StageOutcome } from '../model/outcome.ts';
import type { NonEmptyArray } from '../model/result.ts';
import type { StaleReason } from '../model/verdict.ts';
import {
  attempt,
  createManualTicker,
  digest,
  fingerprint,
  path,
  sampleRun,
  stage,
} from '../testing/samples.ts';
import { createJsonRenderer } from './json.ts';
import { createPlainRenderer, type Renderer, type RendererOptions } from './plain.ts';

const schema = JSON.parse(
  readFileSync(new URL('../../schemas/event.schema.json', import.meta.url), 'utf8'),
) as object;
const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);

const birds = path('artifacts/birds');
const REASONS: NonEmptyArray<StaleReason> = [
  { kind: 'never-ran' },
  { kind: 'forced' },
  { kind: 'always-changed' },
  { kind: 'interrupted', at: '2026-11-23T11:00:00Z' },
  { kind: 'last-run-failed' },
  { kind: 'cmd-changed', before: 'a', after: 'b' },
  { kind: 'wdir-changed', before: path('.'), after: path('app') },
  {
    kind: 'dep-changed',
    path: birds,
    before: digest('1'),
    after: digest('2'),
    files: [{ path: 'a', kind: 'added' }],
    producer: stage('fetch'),
  },
  { kind: 'dep-changed', path: birds, before: undefined, after: digest('2') },
  { kind: 'param-changed', key: 'lr', before: { a: [1] }, after: null },
  { kind: 'env-changed', key: 'A', before: undefined, after: 'b' },
  { kind: 'tool-changed', key: 'node', before: '1', after: null },
  { kind: 'outs-declared', before: [birds], after: [] },
  { kind: 'out-missing', path: birds },
  { kind: 'out-modified', path: birds, before: digest('1'), after: digest('2') },
  { kind: 'outs-unavailable', path: birds },
  { kind: 'dep-missing', path: birds, producer: stage('fetch') },
  { kind: 'dep-missing', path: birds },
  { kind: 'dep-unreadable', path: birds, cause: 'EIO' },
  { kind: 'expired', ageMs: 2, ttlMs: 1 },
  { kind: 'probe-failed', message: 'no' },
  { kind: 'probe-changed' },
  { kind: 'other-target', before: 'a', after: 'b' },
  { kind: 'locked-run-unknown' },
  { kind: 'merge-conflict', branches: 2 },
];
const FAILURES: readonly StageFailure[] = [
  { kind: 'exited', code: 137, tail: 'x' },
  { kind: 'signalled', signal: 'SIGKILL', tail: '' },
  { kind: 'timed-out', afterMs: 5 },
  { kind: 'not-started', cause: 'c' },
  { kind: 'dep-missing', path: birds },
  { kind: 'dep-missing', path: birds, producer: stage('fetch') },
  { kind: 'dep-unreadable', path: birds, cause: 'c' },
  { kind: 'dep-changed-during-run', path: birds },
  { kind: 'wrote-others-out', path: birds, owner: stage('fetch') },
  { kind: 'out-missing', path: birds },
  { kind: 'out-refused', path: birds, cause: 'c' },
  { kind: 'restore-failed', path: birds, cause: 'c' },
  { kind: 'not-fetched', path: birds, remote: 'lab', cause: 'c' },
  { kind: 'metrics-unreadable', path: birds, cause: 'c' },
  { kind: 'probe-failed', message: 'm' },
  {
    kind: 'gate-failed',
    failed: [
      { path: birds, gate: { metric: 'a', comparison: '>=', bound: 1 }, actual: undefined },
      { path: birds, gate: { metric: 'a', comparison: '<', bound: 1 }, actual: NaN },
    ],
  },
];
const OUTCOMES: readonly StageOutcome[] = [
  { kind: 'skipped', run: sampleRun() },
  { kind: 'skipped' },
  { kind: 'skipped', frozen: true },
  { kind: 'restored', bytes: 5, run: sampleRun() },
  { kind: 'restored', bytes: 5 },
  { kind: 'restored', bytes: 5, run: sampleRun(), remote: 'lab' },
  { kind: 'executed', run: sampleRun(), unchangedOuts: true },
  { kind: 'blocked', by: stage('fetch') },
  { kind: 'cancelled' },
  ...FAILURES.map((failure): StageOutcome => ({ kind: 'failed', failure, run: sampleRun() })),
];
const settled = (name: string, outcome: StageOutcome): AvianEvent => ({
  type: 'stage-settled',
  stage: stage(name),
  outcome,
  elapsedMs: 12.6,
});

interface Conversation extends Renderer {
  readonly said: { out: string; err: string };
  readonly pass: (ms: number) => void;
}

function conversation(create: (options: RendererOptions) => Renderer): Conversation {
  const said = { out: '', err: '' };
  const ticker = createManualTicker();
  const renderer = create({
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    ticker,
    colour: false,
    ascii: false,
  });
  return { said, pass: ticker.pass, ...renderer };
}

const parsed = ({ said }: Conversation): Record<string, unknown>[] =>
  said.out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

t.test('what machines read', async (t) => {
  const talk = conversation(createJsonRenderer);
  talk.onEvent({ type: 'plan-ready', stages: [stage('train')] });
  talk.onEvent({
    type: 'stage-started',
    stage: stage('train'),
    attempt: attempt(),
    fingerprint: fingerprint('ab'),
    reasons: [{ kind: 'param-changed', key: 'train.lr', before: 0.001, after: 0.0003 }],
    cmd: ['node train.ts'],
  });
  for (const chunk of ['epoch 1\n\x1b[1mepo', 'ch 2\x1b[0m\n10%\r20%']) {
    talk.onEvent({ type: 'stage-output', stage: stage('train'), stream: 'stdout', chunk });
  }
  talk.onEvent(settled('train', { kind: 'executed', run: sampleRun(), unchangedOuts: false }));
  talk.onEvent({
    type: 'repro-done',
    counts: { executed: 1, failed: 0 },
    elapsedMs: 12.6,
    urls: ['http://127.0.0.1:1'],
  });
  talk.close();
  t.equal(
    talk.said.out,
    `{"v":1,"type":"plan-ready","stages":["train"]}
{"v":1,"type":"stage-started","stage":"train","attempt":"${attempt()}","fingerprint":"${fingerprint('ab')}","reasons":[{"kind":"param-changed","key":"train.lr","before":0.001,"after":0.0003}],"cmd":["node train.ts"]}
{"v":1,"type":"stage-output","stage":"train","stream":"stdout","chunk":"epoch 1\\n"}
{"v":1,"type":"stage-output","stage":"train","stream":"stdout","chunk":"epoch 2\\n"}
{"v":1,"type":"stage-output","stage":"train","stream":"stdout","chunk":"20%\\n"}
{"v":1,"type":"stage-settled","stage":"train","outcome":{"kind":"executed","unchangedOuts":false},"run":"${sampleRun().id}","elapsedMs":13}
{"v":1,"type":"repro-done","counts":{"executed":1},"elapsedMs":13,"urls":["http://127.0.0.1:1"]}
`,
  );
  t.equal(talk.said.err, '');
});

t.test('people at stderr still see that it lives', async (t) => {
  const talk = conversation(createJsonRenderer);
  talk.onEvent({
    type: 'waiting-for-lock',
    holder: { pid: 7, command: 'avian repro', since: 'noon' },
  });
  talk.pass(4000);
  talk.onEvent({ type: 'progress', phase: 'digesting', path: birds, files: 1, bytes: 1 });
  talk.close();
  t.equal(talk.said.out, '', 'neither is for machines');
  t.equal(talk.said.err.split('\n').length, 3, 'two heartbeats in four seconds');
});

t.test('every kind there is obeys the published schema', async (t) => {
  const talk = conversation(createJsonRenderer);
  talk.onEvent({
    type: 'stage-started',
    stage: stage('train'),
    attempt: attempt(),
    fingerprint: fingerprint('ab'),
    reasons: REASONS,
    cmd: ['a', 'b'],
  });
  for (const outcome of OUTCOMES) talk.onEvent(settled('train', outcome));
  talk.onEvent({
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
  });
  const span = { file: 'f', line: 1, column: 1, length: 0 };
  talk.onEvent({
    type: 'diagnostic',
    stage: stage('train'),
    diagnostic: {
      severity: 'warning',
      code: 'a/b',
      message: 'm',
      span,
      excerpt: 'e',
      also: [{ span }, { span, message: 'm' }],
      hint: 'h',
    },
  });
  for (const event of parsed(talk)) {
    t.ok(validate(event), JSON.stringify(event), { errors: validate.errors });
  }
  t.notOk(validate({ v: 1, type: 'repro-done', counts: { executed: 0 }, elapsedMs: 1, urls: [] }));
  t.notOk(validate({ v: 1, type: 'stage-settled', stage: 'a' }), 'the schema can say no');
});

t.test('random streams: nothing crashes, plain and JSON agree', async (t) => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
  t.comment(`seed ${seed}`);
  let state = seed;
  const random = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const pick = <T>(items: readonly T[]): T => items[random(items.length)] as T;
  const names = ['fetch', 'train', 'a'.repeat(40), 'x@1.2'];
  const BITS = [
    '\n',
    '\r',
    '\x1b[',
    '31m',
    '\x1b]0;t',
    '\x07',
    'ü',
    '鳥',
    '\ud83d',
    '\0',
    'text',
    '\t',
    '{"v":1}',
  ];
  const text = (): string => Array.from({ length: random(12) }, () => pick(BITS)).join('');

  const makers: readonly (() => AvianEvent)[] = [
    () => ({
      type: 'stage-started',
      stage: stage(pick(names)),
      attempt: attempt(),
      fingerprint: fingerprint('ab'),
      reasons: [pick(REASONS), ...REASONS.slice(random(REASONS.length))],
      cmd: [text()],
    }),
    () => ({
      type: 'stage-output',
      stage: stage(pick(names)),
      stream: pick(['stdout', 'stderr']),
      chunk: text(),
      ...(random(5) === 0 && { replayed: true }),
    }),
    () => settled(pick(names), pick(OUTCOMES)),
    () => ({
      type: 'progress',
      phase: 'digesting',
      path: path('a\nb'),
      files: random(1e6),
      bytes: random(1e9),
    }),
    () => ({ type: 'waiting-for-lock', holder: { pid: 1, command: text(), since: text() } }),
    () => ({
      type: 'diagnostic',
      diagnostic: {
        severity: 'error',
        code: 'a/b',
        message: text(),
        excerpt: text(),
        span: { file: text(), line: 1, column: 1 + random(30), length: random(30) },
        hint: text(),
      },
    }),
  ];

  for (let round = 0; round < 150; round += 1) {
    const plain = conversation(createPlainRenderer);
    const json = conversation(createJsonRenderer);
    const counts: Partial<Record<StageOutcome['kind'], number>> = {};
    const tell = (event: AvianEvent): void => {
      if (event.type === 'stage-settled') {
        counts[event.outcome.kind] = (counts[event.outcome.kind] ?? 0) + 1;
      }
      const ms = random(2500);
      for (const renderer of [plain, json]) {
        renderer.onEvent(event);
        renderer.pass(ms);
      }
    };
    tell({ type: 'plan-ready', stages: names.map(stage) });
    for (let n = random(30); n > 0; n -= 1) tell(pick(makers)());
    tell({ type: 'repro-done', counts, elapsedMs: 1, urls: random(2) === 0 ? ['http://a'] : [] });
    plain.close();
    json.close();

    const events = parsed(json);
    const wrong = events.filter((event) => !validate(event));
    const words = {
      executed: 'executed',
      restored: 'restored',
      skipped: 'up to date',
      failed: 'failed',
      blocked: 'blocked',
      cancelled: 'cancelled',
    };
    const sum = plain.said.err.trimEnd().split('\n').at(-1) ?? '';
    const told = Object.fromEntries(
      Object.entries(words).flatMap(([kind, word]) => {
        const found = new RegExp(`(\\d+) ${word}`).exec(sum);
        return found === null ? [] : [[kind, Number(found[1])]];
      }),
    );
    const done = events.at(-1)?.['counts'];
    const problems = [
      ...(wrong.length > 0 ? ['breaks the schema'] : []),
      ...(JSON.stringify(done) === JSON.stringify(counts) ? [] : ['counts of JSON']),
      ...(sameCounts(told, counts) ? [] : ['counts of plain']),
      ...(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/.test(plain.said.err) ? ['control characters'] : []),
    ];
    if (problems.length > 0) {
      t.fail(`seed ${seed}, round ${round}: ${problems.join(', ')}`, { wrong, sum, done, counts });
      return;
    }
  }
});

const sameCounts = (a: Record<string, number>, b: Record<string, number>): boolean =>
  Object.keys({ ...a, ...b }).every((kind) => a[kind] === b[kind]);
