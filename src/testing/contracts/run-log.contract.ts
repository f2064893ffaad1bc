import type { Test } from 'tap';
import type { Deployment } from '../../model/deployment.ts';
import { canonicalJson } from '../../model/json.ts';
import type {
  AttemptId,
  Digest,
  Fingerprint,
  RepoPath,
  RunId,
  StageName,
} from '../../model/names.ts';
import type { Run, RunRecord } from '../../model/run.ts';
import type { RunLog } from '../../ports/run-log.ts';
import { hashText } from '../../adapters/hash/blake3.ts';

export const digestOf = (text: string): Digest => `b3:${hashText(text)}` as Digest;
export const fingerprintOf = (text: string): Fingerprint => `f1:${hashText(text)}` as Fingerprint;

const attemptOf = (text: string): AttemptId =>
  `20260101T000000Z-${hashText(text).slice(0, 6)}` as AttemptId;

/** A run of `stage` that started `minute` minutes into 2026; `changes` replace whole fields. */
export function runRecord(
  stage: string,
  minute: number,
  changes: Partial<RunRecord> = {},
): RunRecord {
  return {
    v: 1,
    stage: stage as StageName,
    attempt: attemptOf(`${stage} ${minute}`),
    fingerprint: fingerprintOf(stage),
    input: {
      recipe: 1,
      cmd: [`node ${stage}.ts`],
      wdir: '.' as RepoPath,
      deps: [{ path: 'data' as RepoPath, digest: digestOf('data') }],
      params: { 'train.lr': 0.001, nested: { deep: [1, null] } },
      outs: [`out/${stage}` as RepoPath],
      env: { SEED: '47', UNSET: null },
      tools: { node: '24.21.0' },
    },
    outs: { [`out/${stage}`]: { digest: digestOf(`${stage} ${minute}`), size: 3, files: 2 } },
    ending: { kind: 'succeeded' },
    metrics: { 'metrics.json': { accuracy: 0.93 } },
    config: { train: { lr: 0.001 } },
    overrides: ['train.lr=1e-3'],
    startedAt: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString(),
    durationMs: 12,
    provenance: {
      ...{ avian: '0.1.0', commit: 'c0ffee', dirty: true, host: 'finch', user: 'robin' },
      ...{ platform: 'linux-x64', executor: 'local', facts: { backend: 'wasm' } },
    },
    ...changes,
  };
}

export const failed = (stage: string, minute: number): RunRecord =>
  runRecord(stage, minute, {
    outs: {},
    ending: { kind: 'failed', failure: { kind: 'exited', code: 3, tail: 'no eggs' } },
  });

export const deployment = (name: string, revision: number, minute: number): Deployment => ({
  ...{ v: 1, name, target: 'local', revision: `${name}-0000${revision}`, pid: 1000 + minute },
  url: 'http://127.0.0.1:1',
  startedAt: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString(),
  image: `sha256:${'0'.repeat(64)}`,
  host: 'finch',
});

const stage = (name: string): StageName => name as StageName;

/** What every run log promises. `open` gives an empty one. */
export function runLogContract(t: Test, open: (t: Test) => RunLog): void {
  t.test('a record from elsewhere is taken as it is, or refused in words', async (t) => {
    const log = open(t);
    const text = canonicalJson(runRecord('train', 1));
    const id = hashText(text) as RunId;
    t.same(await log.receive(id, text), { ok: true, value: undefined });
    t.same(await log.receive(id, text), { ok: true, value: undefined }, 'twice is once');
    t.same(await log.get(id), { ...runRecord('train', 1), id });
    t.equal((await log.history('train' as StageName, 9)).length, 1);
    const large = canonicalJson({ ...runRecord('train', 2), overrides: ['x'.repeat(2 ** 20)] });
    const loose = JSON.stringify(runRecord('train', 2), null, 1);
    const refused: readonly (readonly [string, string])[] = [
      [id, canonicalJson(runRecord('train', 2))],
      [hashText('{}'), '{}'],
      [hashText('no JSON'), 'no JSON'],
      [hashText(large), large],
      [hashText(loose), loose],
    ];
    for (const [name, record] of refused) {
      const answer = await log.receive(name as RunId, record);
      t.match(answer, { ok: false, error: String }, JSON.stringify(answer).slice(0, 80));
    }
    t.equal((await log.history('train' as StageName, 9)).length, 1);
  });

  t.test('an empty log knows nothing', async (t) => {
    const log = open(t);
    t.same(await log.find(fingerprintOf('train')), []);
    t.equal(await log.latest(stage('train')), undefined);
    t.equal(await log.get('0'.repeat(64) as RunId), undefined);
    t.same(await log.lookUp('2026'), []);
    t.same(await log.deployments(), []);
  });

  t.test('a run comes back as it was recorded, named by its hash, once', async (t) => {
    const log = open(t);
    const record = runRecord('train', 1);
    const run = await log.record(record);
    t.equal(run.id, hashText(canonicalJson(record)));
    t.strictSame(run, { ...record, id: run.id });
    t.strictSame(await log.get(run.id), run);
    await log.record(record);
    t.strictSame(await log.history(stage('train'), 10), [run]);
  });

  t.test('a fingerprint gives its succeeded runs, newest first', async (t) => {
    const log = open(t);
    const second = await log.record(runRecord('train', 2));
    const third = await log.record(runRecord('train', 3));
    const first = await log.record(runRecord('train', 1));
    await log.record(failed('train', 4));
    await log.record(runRecord('other', 5));
    t.same(ids(await log.find(fingerprintOf('train'))), ids([third, second, first]));
  });

  t.test('runs of the same moment are ordered as they were recorded', async (t) => {
    const log = open(t);
    const runs: Run[] = [];
    for (const durationMs of [1, 2, 3])
      runs.push(await log.record(runRecord('a', 1, { durationMs })));
    t.same(ids(await log.find(fingerprintOf('a'))), ids(runs.reverse()));
  });

  t.test('latest and history include failures, unless only successes are asked for', async (t) => {
    const log = open(t);
    const good = await log.record(runRecord('train', 1));
    const bad = await log.record(failed('train', 2));
    await log.record(runRecord('other', 3));
    t.strictSame(await log.latest(stage('train')), bad);
    t.strictSame(await log.latest(stage('train'), 'succeeded'), good);
    t.same(ids(await log.history(stage('train'), 10)), ids([bad, good]));
    t.same(ids(await log.history(stage('train'), 1)), ids([bad]));
    t.same(ids(await log.history(stage('train'), Infinity)), ids([bad, good]));
  });

  t.test('a run is looked up by the start of its id or its attempt', async (t) => {
    const log = open(t);
    const a = await log.record(runRecord('a', 1));
    const b = await log.record(runRecord('b', 2));
    t.same(ids(await log.lookUp(a.id.slice(0, 12))), [a.id]);
    t.same(ids(await log.lookUp(b.id)), [b.id]);
    t.same(ids(await log.lookUp(a.attempt)), [a.id]);
    t.same(ids(await log.lookUp('20260101T')), [b.id, a.id]);
    t.same(await log.lookUp('zebra'), []);
    t.same(await log.lookUp('%'), [], 'no pattern');
  });

  t.test('content leads to the runs that made and read it', async (t) => {
    const log = open(t);
    const made = await log.record(runRecord('fetch', 1));
    const digest = digestOf('fetch 1');
    const input = {
      ...made.input,
      deps: [
        { path: 'a' as RepoPath, digest },
        { path: 'b' as RepoPath, digest },
      ],
    };
    const read = await log.record(runRecord('train', 2, { input }));
    await log.record({ ...failed('train', 3), input });
    t.same(ids(await log.producersOf(digest)), [made.id]);
    t.same(ids(await log.consumersOf(digest)), [read.id], 'once, though it read it twice');
    t.same(await log.producersOf(digestOf('nothing')), []);
    t.same(ids(await log.producersAt('out/fetch' as RepoPath)), [made.id]);
    t.same(await log.producersAt('out' as RepoPath), []);
  });

  t.test('traces are what succeeded runs read and wrote, newest first', async (t) => {
    const log = open(t);
    t.same(await log.traces(), []);
    const first = await log.record(runRecord('fetch', 1));
    await log.record(failed('train', 2));
    const second = await log.record(runRecord('train', 3));
    const trace = ({ id, stage: name, input, outs, startedAt }: Run) => ({
      ...{ id, stage: name, outs, deps: input.deps },
      startedMs: Date.parse(startedAt),
    });
    t.strictSame(await log.traces(), [trace(second), trace(first)]);
  });

  t.test('deployments are kept by name, newest first, restarts included', async (t) => {
    const log = open(t);
    const [first, restart, other] = [
      deployment('birds', 1, 1),
      deployment('birds', 1, 3),
      deployment('eggs', 1, 2),
    ];
    for (const each of [first, restart, other, first]) await log.recordDeployment(each);
    t.strictSame(await log.deployments('birds'), [restart, first]);
    t.strictSame(await log.deployments(), [restart, other, first]);
    t.same(await log.deployments('feathers'), []);
  });
}

const ids = (runs: readonly Run[]): string[] => runs.map(({ id }) => id);
