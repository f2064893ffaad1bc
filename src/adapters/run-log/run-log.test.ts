import Database from 'better-sqlite3';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import type { Diagnostic } from '../../model/diagnostic.ts';
import { canonicalJson } from '../../model/json.ts';
import type { StageName } from '../../model/names.ts';
import type { RunRecord } from '../../model/run.ts';
import {
  deployment,
  digestOf,
  failed,
  fingerprintOf,
  runLogContract,
  runRecord,
} from '../../testing/contracts/run-log.contract.ts';
import { hashText as hash } from '../hash/blake3.ts';
import { openRunLog } from './run-log.ts';

const train = 'train' as StageName;

function project(t: Test) {
  const cache = join(t.testdir({}), 'v1');
  const reports: Diagnostic[] = [];
  const open = () => {
    const log = openRunLog({ cache, hash, report: (diagnostic) => reports.push(diagnostic) });
    t.teardown(() => log.close());
    return log;
  };
  const recordFile = (id: string) => join(cache, 'runs', id.slice(0, 2), `${id}.json`);
  return { cache, reports, open, recordFile, sqlite: join(cache, 'lineage.sqlite') };
}

/** Puts text where a record of that text belongs. */
function plant(cache: string, text: string, id = hash(text)): void {
  mkdirSync(join(cache, 'runs', id.slice(0, 2)), { recursive: true });
  writeFileSync(join(cache, 'runs', id.slice(0, 2), `${id}.json`), text);
}

t.test('contract', (t) => {
  runLogContract(t, (t) => project(t).open());
  t.end();
});

t.test('asking a project without lineage writes nothing', async (t) => {
  const { cache, open } = project(t);
  t.same(await open().find(fingerprintOf('train')), []);
  t.notOk(existsSync(cache));
});

t.test('a record is a read-only file of canonical JSON beside the objects', async (t) => {
  const { open, recordFile } = project(t);
  const record = runRecord('train', 1);
  const { id } = await open().record(record);
  t.equal(readFileSync(recordFile(id), 'utf8'), canonicalJson(record));
  t.equal(statSync(recordFile(id)).mode & 0o777, 0o444);
  t.same(readdirSync(join(recordFile(id), '..')), [`${id}.json`]);
});

t.test('the index is made anew from the records when it is lost', async (t) => {
  const { open, cache, sqlite, reports } = project(t);
  const log = open();
  const [a, b] = [await log.record(runRecord('train', 1)), await log.record(failed('train', 2))];
  await log.recordDeployment(deployment('birds', 1, 3));
  await log.close();
  rmSync(sqlite);
  const next = open();
  t.strictSame(await next.history(train, 9), [b, a]);
  t.strictSame(await next.deployments(), [deployment('birds', 1, 3)]);
  t.same((await next.producersOf(digestOf('train 1'))).length, 1);
  rmSync(join(cache, 'deployments'), { recursive: true });
  await next.rebuild();
  t.strictSame(await next.history(train, 9), [b, a]);
  t.same(await next.deployments(), [], 'what has no record is not made up');
  t.same(reports, []);
});

for (const [name, damage] of [
  ['its head', (path: string) => writeFileSync(path, 'no database at all'.repeat(100))],
  ['its middle', (path: string) => writeAt(path, 5000, 'x'.repeat(40_000))],
  ['its end', (path: string) => truncateSync(path, 6000)],
  ['everything', (path: string) => truncateSync(path, 0)],
] as const) {
  t.test(`an index that lost ${name} is made anew`, async (t) => {
    const { open, sqlite, cache, reports } = project(t);
    const log = open();
    for (let minute = 0; minute < 20; minute++) await log.record(runRecord('train', minute));
    await log.close();
    damage(sqlite);
    const next = open();
    t.equal((await next.history(train, 100)).length, 20);
    const run = await next.record(runRecord('train', 21));
    t.strictSame(await open().latest(train), run);
    if (name === 'everything') return;
    t.match(reports, [{ severity: 'warning', code: 'lineage/rebuilt' }]);
    t.ok(readdirSync(cache).some((file) => file.includes('lineage.sqlite.damaged-')));
  });
}

t.test('damage that shows only when a question meets it is healed too', async (t) => {
  const { open, sqlite, reports } = project(t);
  const first = open();
  await first.record(runRecord('train', 1));
  await first.close();
  const log = open();
  t.equal((await log.history(train, 9)).length, 1);
  writeAt(sqlite, 4096, 'x'.repeat(50_000));
  t.equal((await log.producersOf(digestOf('train 1'))).length, 1);
  t.match(reports, [{ code: 'lineage/rebuilt' }]);
});

t.test('bytes that flipped inside a row are found by its digest', async (t) => {
  const { open, sqlite, reports } = project(t);
  const log = open();
  const run = await log.record(runRecord('train', 1));
  await log.close();
  for (const damage of [`replace(record, 'train', 'brain')`, `'{'`, `''`]) {
    const db = new Database(sqlite);
    db.exec(`UPDATE runs SET record = ${damage}`);
    db.close();
    const next = open();
    t.match(await next.traces(), [{ id: run.id, outs: run.outs }], damage);
    t.strictSame(await next.latest(train), run, damage);
    await next.close();
  }
  t.same(new Set(reports.map(({ code }) => code)), new Set(['lineage/rebuilt']));
});

t.test('a kill between a record and its name is no obstacle to the next', async (t) => {
  const { open, recordFile } = project(t);
  const record = runRecord('train', 1);
  const file = recordFile(hash(canonicalJson(record)));
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(`${file}.new`, 'half', { mode: 0o444 });
  await open().record(record);
  t.equal(readFileSync(file, 'utf8'), canonicalJson(record));
  t.equal(statSync(file).mode & 0o777, 0o444);
});

t.test('records that are not what they should be are skipped, and named', async (t) => {
  const { open, cache, reports } = project(t);
  const good = runRecord('train', 1);
  plant(cache, canonicalJson(good));
  plant(cache, canonicalJson(runRecord('train', 2)), 'a'.repeat(64));
  plant(cache, 'not JSON');
  plant(cache, canonicalJson({ ...good, v: 2 }));
  plant(cache, canonicalJson({ ...good, outs: { '../x': { digest: digestOf('x'), size: 1 } } }));
  writeFileSync(join(cache, 'runs', 'aa', 'notes.txt'), 'no record');
  t.equal((await open().history(train, 9)).length, 1);
  const said = reports.map(({ message }) => message.replace(/^.*lineage: /, '')).sort();
  t.match(said, [
    /^`outs.\.\.\/x` is not a path inside the project$/,
    /^it is not JSON: /,
    /^it was written by a newer avian \(version 2\)$/,
    /^its bytes are not those it was written with$/,
  ]);
  t.ok(reports.every(({ code }) => code === 'lineage/record-skipped'));
});

t.test('a kill between index and file is made good at the next open', async (t) => {
  const { open, recordFile, sqlite, cache } = project(t);
  const log = open();
  const { id } = await log.record(runRecord('train', 1));
  await log.recordDeployment(deployment('birds', 1, 1));
  await log.close();
  rmSync(recordFile(id));
  rmSync(join(cache, 'deployments'), { recursive: true });
  const db = new Database(sqlite);
  db.exec('UPDATE runs SET stored = 0; UPDATE deployments SET stored = 0');
  db.close();
  await open().latest(train);
  t.ok(existsSync(recordFile(id)));
  t.equal(readdirSync(join(cache, 'deployments')).length, 1);
});

t.test('the index of a newer avian is refused in words, and left alone', async (t) => {
  const { open, sqlite, cache } = project(t);
  mkdirSync(cache);
  const db = new Database(sqlite);
  db.pragma('user_version = 99');
  db.close();
  const refusal: unknown = await open()
    .latest(train)
    .catch((error: unknown) => error);
  t.match(refusal, { problem: { kind: 'pipeline', diagnostics: [{ code: 'lineage/newer' }] } });
  const log = open();
  await t.rejects(log.record(runRecord('train', 1)), /lineage\/newer/);
  await t.rejects(log.latest(train), /lineage\/newer/, 'every time');
  t.same(readdirSync(cache), ['lineage.sqlite']);
});

t.test('a cache that cannot be written is a problem in words', async (t) => {
  const { open, cache } = project(t);
  writeFileSync(cache, 'a file where a folder should be');
  await t.rejects(open().record(runRecord('train', 1)), /lineage\/unavailable/);
});

t.test('a run that cannot be written as a file is reported, and kept for later', async (t) => {
  const { open, cache } = project(t);
  const log = open();
  await log.record(runRecord('train', 1));
  writeFileSync(join(cache, 'deployments'), 'in the way');
  await t.rejects(log.recordDeployment(deployment('birds', 1, 1)), /lineage\/unavailable/);
  rmSync(join(cache, 'deployments'));
  await log.close();
  t.equal((await open().deployments()).length, 1);
  t.ok(existsSync(join(cache, 'deployments')));
});

t.test('a record of more than 1 MiB is refused in words', async (t) => {
  const { open } = project(t);
  const config = { words: 'x'.repeat(2 ** 20) };
  await t.rejects(open().record(runRecord('train', 1, { config })), /record-too-large.*`train`/);
});

t.test('an ill-formed record of our own is a bug', async (t) => {
  const { open } = project(t);
  const wrong = { ...runRecord('train', 1), durationMs: -1 } as RunRecord;
  await t.rejects(open().record(wrong), /bug: .*`durationMs` is not a number of at least 0/);
});

t.test('two processes may record side by side', async (t) => {
  const { open } = project(t);
  const [a, b] = [open(), open()];
  const runs = Array.from({ length: 20 }, (_, minute) =>
    (minute % 2 === 0 ? a : b).record(runRecord('train', minute)),
  );
  await Promise.all(runs);
  t.equal((await a.history(train, 100)).length, 20);
});

t.test('a no-op of seven stages opens and asks in little time', async (t) => {
  const { open } = project(t);
  const log = open();
  for (let run = 0; run < 280; run++) {
    const fingerprint = fingerprintOf(run < 7 ? `stage${run}` : `earlier ${run}`);
    await log.record(runRecord(`stage${run % 7}`, run, { fingerprint }));
  }
  await log.close();
  const times: number[] = [];
  for (let round = 0; round < 9; round++) {
    const startedAt = performance.now();
    const next = open();
    for (let stage = 0; stage < 7; stage++) await next.find(fingerprintOf(`stage${stage}`));
    times.push(performance.now() - startedAt);
    await next.close();
  }
  const median = times.sort((a, b) => a - b)[4] ?? NaN;
  t.comment(`open and seven questions: median ${median.toFixed(1)} ms`);
  t.ok(median < 100);
});

function writeAt(path: string, offset: number, text: string): void {
  const bytes = readFileSync(path);
  const size = bytes.length;
  Buffer.from(text).copy(bytes, offset, 0, Math.max(0, size - offset));
  chmodSync(path, 0o644);
  writeFileSync(path, bytes);
}
