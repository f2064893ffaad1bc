import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { patternOf } from '../testing/contracts/bucket.contract.ts';
import { runRecord } from '../testing/contracts/run-log.contract.ts';
import { FakeBucket } from '../testing/fake-bucket.ts';
import { cameWhole, createMachine, SAMPLE } from '../testing/transfers.ts';
import { encodeGcList } from './gc-list.ts';
import { blobName, MOST_SEGMENTS } from './layout.ts';

const names = (bucket: FakeBucket, prefix: string): string[] =>
  [...bucket.objects.keys()].filter((name) => name.startsWith(prefix));

const condemning = (condemned: readonly string[]): Buffer =>
  Buffer.from(encodeGcList({ at: '2026-11-25T00:00:00.000Z', by: 'gc', final: false, condemned }));

t.test('what one pushes another pulls: bytes, modes, empty files, runs', async (t) => {
  const bucket = new FakeBucket();
  const ana = await createMachine(t, bucket);
  const want = await ana.keep('data', SAMPLE);
  const run = await ana.ports.runs.record(runRecord('train', 1));
  const pushed = await ana.push([want], [run]);
  t.match(pushed, { ok: true, value: { kept: false, holders: 2 } });
  t.equal(names(bucket, 'blobs/').length, 1);
  t.equal(names(bucket, 'packs/').length, 1);
  t.equal(names(bucket, 'index/').length, 1);
  t.equal(names(bucket, 'roots/').length, 1);
  t.match(bucket.calls.at(-1), /^create roots\//, 'the promise comes last');

  const ben = await createMachine(t, bucket);
  t.match(await ben.fetch([want]), { ok: true, value: { runs: 1, objects: 45 } });
  t.ok(await ben.restore(want));
  for (const [name, content] of Object.entries(SAMPLE)) {
    t.ok(readFileSync(join(ben.root, 'data', name)).equals(Buffer.from(content)), name);
  }
  t.ok(statSync(join(ben.root, 'data/run.sh')).mode & 0o100);
  t.same(await ben.ports.runs.get(run.id), run);
});

t.test('nothing to do costs a constant few requests, and one round trip', async (t) => {
  const bucket = new FakeBucket();
  const ana = await createMachine(t, bucket);
  const want = await ana.keep('data', SAMPLE);
  await ana.push([want]);
  bucket.calls.length = 0;
  t.match(await ana.push([want]), { ok: true, value: { kept: true, objects: 0 } });
  t.match(bucket.calls, ['read avian-remote.json', 'list gc/', /^list roots\/[0-9a-f]{64}$/]);
  t.equal(bucket.calls.length, 3);
  bucket.calls.length = 0;
  t.match(await ana.fetch([want]), { ok: true, value: { objects: 0, runs: 0 } });
  t.same(bucket.calls, ['read avian-remote.json', 'list index/']);
});

t.test('what the remote has is not sent again, whoever sent it', async (t) => {
  const bucket = new FakeBucket();
  const ana = await createMachine(t, bucket);
  const want = await ana.keep('data', SAMPLE);
  await ana.push([want]);
  const more = await ana.keep('data', {
    'new.txt': 'new',
    'deep/copy.bin': SAMPLE['large.bin'] ?? '',
  });
  bucket.calls.length = 0;
  const pushed = await ana.push([more]);
  // One small file, its directory and the one above.
  t.match(pushed, { ok: true, value: { objects: 3, holders: 1 } });
  t.ok(bucket.calls.length <= 9, bucket.calls.join('\n'));

  const ben = await createMachine(t, bucket);
  const same = await ben.keep('data', {
    ...SAMPLE,
    'new.txt': 'new',
    'deep/copy.bin': SAMPLE['large.bin'] ?? '',
  });
  t.same(same, more);
  const creates = bucket.calls.length;
  t.match(await ben.push([same]), { ok: true, value: { kept: true } });
  t.notOk(bucket.calls.slice(creates).some((call) => call.startsWith('create')));
});

t.test('only what is asked for comes', async (t) => {
  const bucket = new FakeBucket();
  const ana = await createMachine(t, bucket);
  const large = await ana.keep('large.bin', { '': SAMPLE['large.bin'] ?? '' });
  const small = await ana.keep('small', { a: 'a', b: 'b' });
  await ana.push([large, small]);
  const ben = await createMachine(t, bucket);
  bucket.calls.length = 0;
  await ben.fetch([small]);
  t.notOk(bucket.calls.some((call) => call.startsWith('read blobs/')));
  t.equal(ben.ports.objects.missing([large.ref]).length, 1);
});

t.test('a push that was killed is gone on with; nothing acknowledged is sent again', async (t) => {
  const bucket = new FakeBucket();
  const ana = await createMachine(t, bucket);
  const files = Object.fromEntries(
    Array.from({ length: 4 }, (_, index) => [`${index}.bin`, patternOf(1_100_000, index + 1)]),
  );
  const want = await ana.keep('data', files);
  const killed = new AbortController();
  let created = 0;
  bucket.onCall = async (verb, name) => {
    if (verb !== 'create' || !name.startsWith('blobs/') || ++created < 3) return undefined;
    while (names(bucket, 'blobs/').length < 2)
      await new Promise((resolve) => setImmediate(resolve));
    killed.abort();
    return { kind: 'cancelled', name };
  };
  t.match(await ana.push([want], [], killed.signal), { ok: false });
  const before = names(bucket, 'blobs/');
  t.equal(before.length, 2);
  t.equal(names(bucket, 'index/').length, 0);

  // Another process: the same memory, a new everything else.
  await ana.close();
  const again = await createMachine(t, bucket, { root: ana.root });
  bucket.onCall = () => Promise.resolve(undefined);
  bucket.calls.length = 0;
  t.match(await again.push([want]), { ok: true });
  const sentAgain = bucket.calls.filter((call) => before.some((name) => call === `create ${name}`));
  t.same(sentAgain, []);
  const ben = await createMachine(t, bucket);
  t.ok(cameWhole(await ben.fetch([want])));
});

t.test('what a gc condemns during a push is sent again under a new name', async (t) => {
  const bucket = new FakeBucket();
  const ana = await createMachine(t, bucket);
  const want = await ana.keep('data', SAMPLE);
  await ana.push([want]);
  const first = [
    ...names(bucket, 'packs/'),
    ...names(bucket, 'blobs/'),
    ...names(bucket, 'roots/'),
  ];
  bucket.objects.set('gc/1.json', condemning(first));
  t.match(await ana.push([want]), { ok: true, value: { kept: false, holders: 2 } });
  for (const name of first) bucket.objects.delete(name);
  const ben = await createMachine(t, bucket);
  // The index still names what the gc has deleted since; the reader finds the other copy.
  await ben.fetch([want]);
  const kept = [...names(bucket, 'packs/'), ...names(bucket, 'blobs/'), ...names(bucket, 'roots/')];
  t.equal(kept.length, 3);
  t.notOk(kept.some((name) => first.includes(name)));
});

t.test('a gc that begins after the first look is seen before the root', async (t) => {
  const bucket = new FakeBucket();
  const ana = await createMachine(t, bucket);
  const one = await ana.keep('one', { 'large.bin': SAMPLE['large.bin'] ?? '' });
  await ana.push([one]);
  const blob = names(bucket, 'blobs/');
  const both = await ana.keep('two', { 'large.bin': SAMPLE['large.bin'] ?? '', new: 'new' });
  let lists = 0;
  bucket.onCall = (verb, name) => {
    if (verb === 'list' && name === 'gc/' && ++lists === 2) {
      bucket.objects.set('gc/1.json', condemning(blob));
    }
    return Promise.resolve(undefined);
  };
  t.match(await ana.push([both]), { ok: true });
  t.equal(names(bucket, 'blobs/').length, 2, 'the blob was sent again under another name');
  t.equal(names(bucket, 'roots/').length, 2);
});

t.test('more than 64 segments are merged, and a new reader reads few', async (t) => {
  const bucket = new FakeBucket();
  const ana = await createMachine(t, bucket);
  const wants = [];
  for (let index = 0; index < MOST_SEGMENTS + 3; index++) {
    wants.push(await ana.keep(`f${index}`, { '': `file ${index}` }));
    t.match(await ana.push(wants.slice(-1)), { ok: true });
  }
  t.equal(names(bucket, 'index/').length, MOST_SEGMENTS + 3);
  const ben = await createMachine(t, bucket);
  bucket.calls.length = 0;
  t.match(await ben.fetch(wants), { ok: true, value: { objects: wants.length } });
  const read = bucket.calls.filter((call) => call.startsWith('read index/')).length;
  t.ok(read <= MOST_SEGMENTS, `${read} segments were read`);
});

t.test('two that push at the same time leave what both can rely on', async (t) => {
  const bucket = new FakeBucket();
  const [ana, ben] = [await createMachine(t, bucket), await createMachine(t, bucket)];
  const [a, b] = [await ana.keep('data', SAMPLE), await ben.keep('data', SAMPLE)];
  const pushed = await Promise.all([ana.push([a]), ben.push([b])]);
  t.ok(pushed.every(({ ok }) => ok));
  t.equal(names(bucket, 'blobs/').length, 1, 'a blob of its own has one name');
  const cleo = await createMachine(t, bucket);
  t.ok(cameWhole(await cleo.fetch([a])));
});

t.test('what neither side has is told', async (t) => {
  const bucket = new FakeBucket();
  const ana = await createMachine(t, bucket);
  const want = await ana.keep('data', SAMPLE);
  const other = await ana.keep('other', { a: 'a' });
  await ana.push([other]);
  const ben = await createMachine(t, bucket);
  t.match(await ben.fetch([want, other]), { ok: true, value: { missing: ['data'] } });
  t.ok(await ben.restore(other), 'the rest came all the same');
  ana.emptyCache();
  t.match(await ana.push([want]), {
    ok: false,
    error: { kind: 'stage', diagnostics: [{ code: 'push/not-in-cache', message: /data/ }] },
  });
  t.match(await ana.push([other]), { ok: true }, 'what the remote has need not be here');
});

t.test('a newer layout, and a prefix that is not ours', async (t) => {
  const bucket = new FakeBucket();
  const ana = await createMachine(t, bucket);
  const want = await ana.keep('a', { '': 'a' });
  for (const [text, code] of [
    ['{"avian-remote":2}', 'remote/newer'],
    ['hello', 'remote/foreign'],
  ] as const) {
    bucket.objects.set('avian-remote.json', Buffer.from(text));
    for (const result of [await ana.push([want]), await ana.fetch([want])]) {
      t.match(result, { ok: false, error: { kind: 'remote', diagnostics: [{ code }] } });
    }
  }
  t.equal(bucket.objects.size, 1, 'nothing was written');
});

t.test('a large object that is there with another size gets another name', async (t) => {
  const bucket = new FakeBucket();
  const ana = await createMachine(t, bucket);
  const want = await ana.keep('large', { '': SAMPLE['large.bin'] ?? '' });
  bucket.objects.set(blobName(want.ref.digest), Buffer.from('half'));
  t.match(await ana.push([want]), { ok: true });
  const ben = await createMachine(t, bucket);
  t.ok(cameWhole(await ben.fetch([want])));
});

t.test('a memory that was lost costs requests only', async (t) => {
  const bucket = new FakeBucket();
  const ana = await createMachine(t, bucket);
  const want = await ana.keep('data', SAMPLE);
  await ana.push([want]);
  await ana.close();
  rmSync(join(ana.root, 'cache/v1/remote.sqlite'));
  const again = await createMachine(t, bucket, { root: ana.root });
  const more = await again.keep('data', { more: 'more' });
  t.match(await again.push([more]), { ok: true, value: { objects: 2 } });
  t.notOk(existsSync(join(ana.root, 'cache/v1/tmp/incoming')));
});
