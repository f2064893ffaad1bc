import t from 'tap';
import type { StageFailure } from '../../model/failure.ts';
import type { RepoPath, StageName } from '../../model/names.ts';
import { canonicalJson } from '../../model/json.ts';
import { deployment, digestOf, runRecord } from '../../testing/contracts/run-log.contract.ts';
import { parseDeployment, parseRunRecord } from './record-codec.ts';

const path = 'out' as RepoPath;
const good = runRecord('train', 1);

t.test('whole records pass, with all that may be left out or not', (t) => {
  const { commit: _commit, dirty: _dirty, facts: _facts, ...bare } = good.provenance;
  for (const record of [
    good,
    { ...good, provenance: bare },
    { ...good, log: { digest: digestOf('log'), size: 0 }, probe: digestOf('probe') },
    { ...good, peakMemoryBytes: 1, aFieldOfALaterAvian: true },
    { ...good, adopted: 'commit' },
    { ...good, adopted: 'import-dvc' },
  ]) {
    t.match(parseRunRecord(canonicalJson(record)), { ok: true, value: record });
  }
  t.end();
});

t.test('every way to fail passes', (t) => {
  const gate = { metric: 'accuracy', comparison: '>=', bound: 0.9 } as const;
  const failures: readonly StageFailure[] = [
    { kind: 'exited', code: 1, tail: '' },
    { kind: 'signalled', signal: 'SIGKILL', tail: '' },
    { kind: 'timed-out', afterMs: 5 },
    { kind: 'not-started', cause: 'no sh' },
    { kind: 'dep-missing', path },
    { kind: 'dep-missing', path, producer: 'fetch' as StageName },
    { kind: 'dep-unreadable', path, cause: 'EACCES' },
    { kind: 'dep-changed-during-run', path },
    { kind: 'wrote-others-out', path, owner: 'stats' as StageName },
    { kind: 'out-missing', path },
    { kind: 'out-refused', path, cause: 'a socket' },
    { kind: 'restore-failed', path, cause: 'gone' },
    { kind: 'not-fetched', path, remote: 'lab', cause: 'no answer' },
    { kind: 'metrics-unreadable', path, cause: 'no JSON' },
    { kind: 'probe-failed', message: 'no answer' },
    { kind: 'gate-failed', failed: [{ path, gate, actual: 0.5 }] },
    { kind: 'gate-failed', failed: [{ path, gate, actual: undefined }] },
  ];
  for (const failure of failures) {
    const record = { ...good, ending: { kind: 'failed', failure } };
    t.match(parseRunRecord(canonicalJson(record)), { ok: true }, failure.kind);
  }
  t.end();
});

t.test('a record that is not whole is refused, and the place is named', (t) => {
  const { stage: _stage, ...nameless } = good;
  for (const [wrong, said] of [
    [null, 'it is not an object'],
    [[], 'it is not an object'],
    [{ ...good, v: 0 }, '`v` is not 1'],
    [{ ...good, v: 2 }, 'it was written by a newer avian (version 2)'],
    [nameless, '`stage` is not there'],
    [{ ...good, adopted: true }, '`adopted` is not one of commit, import-dvc'],
    [{ ...good, stage: '-x' }, '`stage` is not the name of a stage'],
    [{ ...good, attempt: '../../x' }, '`attempt` is not the name of an attempt'],
    [{ ...good, fingerprint: digestOf('x') }, '`fingerprint` is not a fingerprint'],
    [
      { ...good, startedAt: 'yesterday' },
      '`startedAt` is not a time like 2026-01-31T10:15:00.000Z',
    ],
    [{ ...good, durationMs: '12' }, '`durationMs` is not a number of at least 0'],
    [{ ...good, overrides: [1] }, '`overrides.0` is not a text'],
    [{ ...good, overrides: {} }, '`overrides` is not a list'],
    [{ ...good, metrics: { m: { a: null } } }, '`metrics.m.a` is not a number'],
    [{ ...good, metrics: [] }, '`metrics` is not an object'],
    [{ ...good, ending: { kind: 'flew away' } }, '`ending.kind` is not one of succeeded, failed'],
    [{ ...good, log: {} }, '`log.digest` is not there'],
    [
      { ...good, ending: { kind: 'failed', failure: { kind: 'exited', code: '1', tail: '' } } },
      '`ending.failure.code` is not a number',
    ],
    [{ ...good, input: { ...good.input, recipe: 2 } }, '`input.recipe` is not 1'],
    [
      { ...good, input: { ...good.input, deps: [{ path: '/etc', digest: digestOf('x') }] } },
      '`input.deps.0.path` is not a path inside the project',
    ],
    [{ ...good, outs: { out: { digest: 'md5', size: 1 } } }, '`outs.out.digest` is not a digest'],
    [
      { ...good, outs: { out: { digest: digestOf('x'), size: 1, executable: false } } },
      '`outs.out.executable` is not true',
    ],
    [
      { ...good, provenance: { ...good.provenance, dirty: 1 } },
      '`provenance.dirty` is not true or false',
    ],
  ] as const) {
    t.strictSame(parseRunRecord(JSON.stringify(wrong)), { ok: false, error: said });
  }
  t.match(parseRunRecord('{'), { ok: false, error: /^it is not JSON: / });
  t.end();
});

t.test('deployments are read as strictly', (t) => {
  const whole = { ...deployment('birds', 1, 1), artifact: digestOf('image'), startTicks: '12' };
  t.match(parseDeployment(canonicalJson(whole)), { ok: true, value: whole });
  t.strictSame(parseDeployment(canonicalJson({ ...whole, target: 'the moon' })), {
    ok: false,
    error: '`target` is not one of local, docker, cloud-run',
  });
  t.end();
});
