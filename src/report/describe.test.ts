import t from 'tap';
import type { StageFailure } from '../model/failure.ts';
import type { StageOutcome } from '../model/outcome.ts';
import type { StaleReason, Verdict } from '../model/verdict.ts';
import { digest, NOON, path, sampleRun, stage } from '../testing/samples.ts';
import {
  change,
  describeCounts,
  describeFailure,
  describeOutcome,
  describeReason,
  describeSize,
  describeVerdict,
  oneLine,
  value,
} from './describe.ts';

t.test('reasons', async (t) => {
  const birds = path('artifacts/birds');
  const reasons: readonly StaleReason[] = [
    { kind: 'never-ran' },
    { kind: 'forced' },
    { kind: 'always-changed' },
    { kind: 'interrupted', at: '2026-11-23T11:00:00Z' },
    { kind: 'last-run-failed' },
    { kind: 'cmd-changed', before: 'node train.ts', after: 'node train.ts\n--fast' },
    { kind: 'wdir-changed', before: path('.'), after: path('app') },
    {
      kind: 'dep-changed',
      path: birds,
      before: digest('3f2a91'),
      after: digest('88c01d'),
      files: [
        { path: 'train/robin/003.jpg', kind: 'modified' },
        { path: 'a', kind: 'added' },
        { path: 'b', kind: 'removed' },
      ],
      producer: stage('fetch'),
    },
    {
      kind: 'dep-changed',
      path: birds,
      before: digest('3f2a91'),
      after: digest('88c01d'),
      files: [{ path: '', kind: 'modified' }],
    },
    { kind: 'dep-changed', path: birds, before: undefined, after: digest('1') },
    { kind: 'dep-changed', path: birds, before: digest('1'), after: undefined },
    { kind: 'param-changed', key: 'train.lr', before: 0.001, after: 0.0003 },
    { kind: 'param-changed', key: 'more.yaml:a.b', before: undefined, after: ['x', null] },
    { kind: 'env-changed', key: 'CUDA', before: null, after: '1' },
    { kind: 'env-changed', key: 'API_TOKEN', before: 'old', after: 'new' },
    { kind: 'tool-changed', key: 'node', before: '22.18.0', after: null },
    { kind: 'outs-declared', before: [path('a'), path('b')], after: [path('b'), path('c')] },
    { kind: 'out-missing', path: birds },
    { kind: 'out-modified', path: birds, before: digest('1'), after: digest('2') },
    { kind: 'outs-unavailable', path: birds },
    { kind: 'dep-missing', path: birds, producer: stage('fetch') },
    { kind: 'dep-missing', path: birds },
    { kind: 'dep-unreadable', path: birds, cause: 'EACCES' },
    { kind: 'expired', ageMs: 90_000_000, ttlMs: 86_400_000 },
    { kind: 'probe-failed', message: 'exit 1\nno answer' },
    { kind: 'probe-changed' },
    { kind: 'other-target', before: 'local', after: 'cloud-run' },
    { kind: 'locked-run-unknown' },
    { kind: 'merge-conflict', branches: 2 },
    { kind: 'merge-conflict', branches: 3 },
  ];
  t.equal(
    reasons.map(describeReason).join('\n'),
    `never ran here
forced
declared always_changed
interrupted at 2026-11-23T11:00:00Z
its last run failed
cmd node train.ts -> node train.ts --fast
wdir . -> app
artifacts/birds 3f2a91 -> 88c01d (train/robin/003.jpg modified, +2 more)
artifacts/birds 3f2a91 -> 88c01d
dep artifacts/birds is new
dep artifacts/birds is gone
params.train.lr 0.001 -> 0.0003
more.yaml:a.b none -> ["x",null]
env CUDA unset -> "1"
env API_TOKEN changed
tools node 22.18.0 -> not found
outs +c -a
artifacts/birds is missing
artifacts/birds was changed since: 100000 -> 200000
artifacts/birds is neither in the workspace nor in the cache
dep artifacts/birds does not exist; fetch writes it
dep artifacts/birds does not exist
dep artifacts/birds cannot be read: EACCES
25h 00m old, its ttl is 24h 00m
probe failed: exit 1 no answer
its probe prints something else
target local -> cloud-run
pipeline.lock holds another fingerprint, whose run is not on this machine
two branches changed it: run it again
3 branches changed it: run it again`,
  );
});

t.test('failures', async (t) => {
  const model = path('artifacts/model');
  const failures: readonly StageFailure[] = [
    { kind: 'exited', code: 1, tail: '' },
    { kind: 'exited', code: 126, tail: '' },
    { kind: 'exited', code: 127, tail: '' },
    { kind: 'exited', code: 137, tail: '' },
    { kind: 'exited', code: 139, tail: '' },
    { kind: 'exited', code: 255, tail: '' },
    { kind: 'signalled', signal: 'SIGKILL', tail: '' },
    { kind: 'timed-out', afterMs: 60_000 },
    { kind: 'not-started', cause: 'spawn ENOENT' },
    { kind: 'dep-missing', path: model },
    { kind: 'dep-missing', path: model, producer: stage('train') },
    { kind: 'dep-unreadable', path: model, cause: 'EIO' },
    { kind: 'dep-changed-during-run', path: model },
    { kind: 'wrote-others-out', path: model, owner: stage('train') },
    { kind: 'out-missing', path: model },
    { kind: 'out-refused', path: model, cause: 'a socket' },
    { kind: 'restore-failed', path: model, cause: 'an object is missing' },
    { kind: 'not-fetched', path: model, remote: 'lab', cause: 'no answer' },
    { kind: 'metrics-unreadable', path: model, cause: 'not JSON' },
    { kind: 'probe-failed', message: 'no answer' },
    {
      kind: 'gate-failed',
      failed: [
        {
          path: path('m.json'),
          gate: { metric: 'accuracy', comparison: '>=', bound: 0.9 },
          actual: 0.87,
        },
        {
          path: path('m.json'),
          gate: { metric: 'drop', comparison: '<', bound: 0.01 },
          actual: undefined,
        },
      ],
    },
  ];
  t.equal(
    failures.map(describeFailure).join('\n'),
    `exit 1
exit 126 -> the command is not executable
exit 127 -> command not found
exit 137 -> killed (SIGKILL), often out of memory
exit 139 -> killed (SIGSEGV), a crash
exit 255
killed (SIGKILL), often out of memory
ran past its timeout of 1m 00s
could not be started: spawn ENOENT
dep artifacts/model does not exist
dep artifacts/model does not exist; train should have written it
dep artifacts/model cannot be read: EIO
its dep artifacts/model changed while it ran, so nothing was recorded
it wrote artifacts/model, an out of train
it ended well but did not write artifacts/model
artifacts/model cannot be kept: a socket
artifacts/model cannot be restored: an object is missing
artifacts/model cannot be fetched from lab: no answer
metrics artifacts/model cannot be read: not JSON
it ran, but its probe does not confirm it: no answer
gate failed: accuracy is 0.87, must be >= 0.9 (m.json); drop is absent, must be < 0.01 (m.json)`,
  );
});

t.test('outcomes and verdicts', async (t) => {
  const run = sampleRun();
  const outcomes: readonly StageOutcome[] = [
    { kind: 'skipped' },
    { kind: 'restored', run, bytes: 0 },
    { kind: 'restored', bytes: 5000 },
    { kind: 'executed', run, unchangedOuts: false },
    { kind: 'failed', failure: { kind: 'exited', code: 2, tail: '' } },
    { kind: 'blocked', by: stage('fetch') },
    { kind: 'cancelled' },
  ];
  t.equal(
    outcomes.map((outcome) => describeOutcome(outcome, 8000, NOON)).join('\n'),
    `up to date
restored from run 3f2a91 (3 days ago, ana@host)
restored from the lock, 4.9 KiB
executed 8.0s
failed after 8.0s: exit 2
blocked by fetch
cancelled`,
  );
  const verdicts: readonly Verdict[] = [
    { kind: 'up-to-date' },
    { kind: 'frozen' },
    { kind: 'restorable', outs: {}, reasons: [{ kind: 'never-ran' }] },
    { kind: 'stale', reasons: [{ kind: 'forced' }] },
    { kind: 'undetermined', waitingOn: [stage('a'), stage('b')] },
  ];
  t.same(verdicts.map(describeVerdict), [
    'up to date',
    'frozen',
    'restorable',
    'stale',
    'waits for a, b',
  ]);
});

t.test('values keep apart what is not the same', async (t) => {
  t.same(
    [1, '1', true, 'true', null, 'null', undefined, '', 'a b', 'a/b-c.txt', '1e3', { a: 1 }].map(
      value,
    ),
    [
      '1',
      '"1"',
      'true',
      '"true"',
      'null',
      '"null"',
      'none',
      '""',
      '"a b"',
      'a/b-c.txt',
      '"1e3"',
      '{"a":1}',
    ],
  );
  t.equal(value('\x1b[31m\x9b'), '"\\u001b[31m?"', 'no control character gets through');
  t.equal(oneLine(' a\n  b\tc\x1b[1m '), 'a b c');
});

t.test('of long texts the part that differs', async (t) => {
  const long = 'node stages/train/main.ts --data artifacts/birds --out artifacts/model';
  t.equal(change(`${long} --epochs 8 --seed 47`, `${long} --epochs 12 --seed 47`), '…8… -> …12…');
  t.equal(change('short', 'x'.repeat(100)), `short -> ${'x'.repeat(59)}…`);
  t.equal(change(long, `${long} --fast`), '…artifacts/model -> …artifacts/model --fast');
});

t.test('sums', async (t) => {
  t.equal(describeCounts({}), 'no stages');
  t.equal(describeCounts({ skipped: 5, executed: 2, failed: 0 }), '2 executed, 5 up to date');
  t.equal(describeSize({ size: 2048, files: 1 }), '1 file, 2.0 KiB');
  t.equal(describeSize({}), '');
});
