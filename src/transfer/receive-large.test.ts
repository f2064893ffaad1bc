import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { hashBytes, hashText } from '../adapters/hash/blake3.ts';
import type { Digest } from '../model/names.ts';
import type { SizedObject } from '../model/remote.ts';
import { bytesIn } from '../model/spans.ts';
import { patternOf } from '../testing/contracts/bucket.contract.ts';
import { FakeBucket } from '../testing/fake-bucket.ts';
import { FakeObjects } from '../testing/fake-objects.ts';
import { FakeWorld } from '../testing/fakes.ts';
import { randomFrom, seedOf } from '../testing/random.ts';
import { LIMITS } from './patience.ts';
import { readingOf, receiveLarge } from './receive-large.ts';
import { openTools, type OpenRemote, type Tools, type TransferPorts } from './tools.ts';

const READING = { lanes: 4, piece: 7000 };
const NAME = 'blobs/ab/cd';

interface Bed {
  readonly bucket: FakeBucket;
  readonly objects: FakeObjects;
  readonly object: SizedObject;
  readonly bytes: Uint8Array;
  readonly tools: Tools;
  readonly receive: () => Promise<void>;
  /** How many bytes of it are here; fails the test when one is wrong. */
  readonly here: () => number;
}

function openBed(t: Test, size: number): Bed {
  const bucket = new FakeBucket();
  const objects = new FakeObjects();
  const bytes = patternOf(size);
  bucket.objects.set(NAME, bytes);
  const digest = `b3:${hashBytes(bytes).toString('hex')}` as Digest;
  const object = { digest, size };
  const remote = { bucket, limits: { ...LIMITS, attempts: 1 }, random: () => 0 };
  const ports = { clock: new FakeWorld().clock, hash: hashText, emit: () => undefined, objects };
  const options = { jobs: 8, signal: new AbortController().signal };
  const tools = openTools(
    'pull',
    remote as unknown as OpenRemote,
    ports as unknown as TransferPorts,
    options,
  );
  t.teardown(() => tools.progress.stop());
  const at = { holder: NAME, segment: 'index/a.json', offset: 0, size };
  return {
    ...{ bucket, objects, object, bytes, tools },
    receive: () => receiveLarge(object, at, options.signal, tools, false, READING),
    here: () => {
      const { bytes: part, there } = objects.incoming.get(digest) ?? { bytes, there: [] };
      for (const { from, to } of there) {
        t.ok(Buffer.from(part.subarray(from, to)).equals(bytes.subarray(from, to)));
      }
      return bytesIn(there);
    },
  };
}

t.test('pieces that come in any order are put together in theirs', async (t) => {
  const seed = seedOf(process.env);
  t.comment(`seed ${seed}`);
  const random = randomFrom(seed);
  for (const size of [14_001, 21_000, 100_003]) {
    const { bucket, objects, object, bytes, tools, receive } = openBed(t, size);
    let atOnce = 0;
    let most = 0;
    bucket.onCall = async () => {
      most = Math.max(most, (atOnce += 1));
      await setTimeout(random.below(8));
      atOnce -= 1;
      return undefined;
    };
    await receive();
    t.ok(objects.stored.get(object.digest)?.every((byte, index) => byte === bytes[index]));
    t.equal(bucket.calls.length, Math.ceil(size / READING.piece));
    t.equal(most, Math.min(4, bucket.calls.length));
    t.match(tools.progress.stop(), { files: 1, bytes: size });
  }
});

t.test('what came before a failure, at any place, is not asked for again', async (t) => {
  const seed = seedOf(process.env);
  t.comment(`seed ${seed}`);
  const random = randomFrom(seed);
  for (let round = 0; round < 30; round++) {
    const { bucket, objects, object, receive, here } = openBed(t, 60_000);
    const failing = 1 + random.below(9);
    let calls = 0;
    bucket.onCall = async () => {
      const isLast = (calls += 1) === failing;
      await setTimeout(random.below(4));
      return isLast ? { kind: 'unavailable', name: NAME, cause: 'cut' } : undefined;
    };
    await t.rejects(receive(), { problem: { kind: 'remote' } } as never);
    const before = here();
    await setTimeout(10);
    t.equal(here(), before, 'nothing comes after');
    bucket.onCall = () => Promise.resolve(undefined);
    bucket.handedOut = 0;
    await receive();
    t.equal(objects.stored.get(object.digest)?.length, 60_000);
    t.equal(bucket.handedOut, 60_000 - before);
  }
});

t.test('wrong bytes are read again, and in the end told', async (t) => {
  const { bucket, objects, object, receive } = openBed(t, 30_000);
  let reads = 0;
  bucket.onBytes = (_, bytes) => {
    const wrong = Uint8Array.from(bytes);
    if ((reads += 1) <= 5) wrong[20_000] = 0;
    return wrong;
  };
  await receive();
  t.ok(objects.stored.has(object.digest));
  t.equal(reads, 10);
  objects.stored.clear();
  reads = -1000;
  await t.rejects(receive(), { problem: { kind: 'corruption' } } as never);
  t.notOk(objects.stored.has(object.digest));
});

t.test('one that is gone is told to who looks again', async (t) => {
  const { bucket, receive } = openBed(t, 30_000);
  bucket.objects.clear();
  await t.rejects(receive(), { message: NAME });
});

t.test('all together there are no more requests than jobs', (t) => {
  t.equal(readingOf(1, { jobs: 8 }).lanes, 4);
  t.equal(readingOf(2, { jobs: 8 }).lanes, 4);
  t.equal(readingOf(5, { jobs: 8 }).lanes, 1);
  t.equal(readingOf(100, { jobs: 8 }).lanes, 1);
  t.equal(readingOf(1, { jobs: 1 }).lanes, 1);
  t.end();
});
