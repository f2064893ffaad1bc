import t from 'tap';
import type { Bucket, BucketProblem } from '../ports/bucket.ts';
import type { Clock } from '../ports/clock.ts';
import { err, ok } from '../model/result.ts';
import { contentOf, plainCall } from '../testing/contracts/bucket.contract.ts';
import { FakeBucket } from '../testing/fake-bucket.ts';
import { LIMITS, patientBucket, type Retry } from './patience.ts';

/** Time that jumps to the next sleeper as soon as nothing else is to be done. */
function jumpingClock(): Clock & { time: number } {
  const sleepers = new Set<{ readonly until: number; readonly wake: () => void }>();
  const clock = {
    time: 0,
    now: () => clock.time,
    monotonic: () => clock.time,
    sleep: (ms: number, signal: AbortSignal): Promise<void> => {
      if (signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const sleeper = {
          until: clock.time + ms,
          wake: (): void => {
            sleepers.delete(sleeper);
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal.addEventListener('abort', sleeper.wake, { once: true });
        // After whatever is ready now.
        setTimeout(() => {
          const [next] = [...sleepers].sort((a, b) => a.until - b.until);
          if (next === undefined) return;
          clock.time = Math.max(clock.time, next.until);
          next.wake();
        }, 1);
      });
    },
  };
  return clock;
}

function patient(bucket: Bucket) {
  const clock = jumpingClock();
  const retries: Retry[] = [];
  const one = patientBucket(bucket, {
    ...{ clock, limits: LIMITS, random: () => 0 },
    onRetry: (retry) => void retries.push(retry),
  });
  return { bucket: one, clock, retries };
}

const unavailable = (name: string): BucketProblem => ({ kind: 'unavailable', name, cause: '503' });
const forever = new Promise<never>(() => undefined);

t.test('what may pass is tried five times, later and later', async (t) => {
  const fake = new FakeBucket();
  fake.onCall = (_, name) => Promise.resolve(unavailable(name));
  const { bucket, retries } = patient(fake);
  t.same(await bucket.list('index/', plainCall()), err(unavailable('index/')));
  t.equal(fake.calls.length, 5);
  t.same(
    retries.map(({ attempt, delayMs }) => [attempt, delayMs]),
    [
      [2, 500],
      [3, 1000],
      [4, 2000],
      [5, 4000],
    ],
  );
});

t.test('what cannot pass is not', async (t) => {
  for (const kind of ['denied', 'refused', 'exists', 'not-found'] as const) {
    const fake = new FakeBucket();
    fake.onCall = (_, name) => Promise.resolve({ kind, name, cause: 'x' });
    const { bucket } = patient(fake);
    t.match(await bucket.list('a', plainCall()), { error: { kind } });
    t.equal(fake.calls.length, 1, kind);
  }
});

t.test('a connection that stalls for ever ends after two minutes, by name', async (t) => {
  const fake = new FakeBucket();
  fake.onCall = () => forever;
  const { bucket, clock, retries } = patient(fake);
  const made = await bucket.create('packs/a.pack', contentOf(Buffer.from('x')), plainCall());
  t.match(made, { error: { kind: 'stalled', name: 'packs/a.pack' } });
  t.ok(clock.time <= 120_000 && clock.time >= 110_000, `${clock.time} ms`);
  t.match(retries[0]?.problem, { kind: 'stalled', silentMs: 30_000 });
});

t.test('answers that bring nothing, and bytes sent again, do not keep a call alive', async (t) => {
  const fake = new FakeBucket();
  let taken = 0;
  const stuck: Bucket = {
    url: fake.url,
    list: (prefix) => fake.list(prefix),
    remove: (name) => fake.remove(name),
    read(_, __, ___, call) {
      call.onAlive(0);
      return forever;
    },
    create(_, __, call) {
      call.onAlive(0);
      // Buffers take more of one try than of another.
      call.onAlive((taken += 200_000));
      return forever;
    },
  };
  const sending = patient(stuck);
  const made = await sending.bucket.create('a', contentOf(Buffer.alloc(300_000)), plainCall());
  t.match(made, { error: { kind: 'stalled', name: 'a' } });
  t.ok(sending.clock.time <= 120_000, `${sending.clock.time} ms`);
  const receiving = patient(stuck);
  const read = await receiving.bucket.read('b', { from: 10, to: 20 }, () => undefined, plainCall());
  t.match(read, { error: { kind: 'stalled', name: 'b' } });
  t.ok(receiving.clock.time <= 120_000, `${receiving.clock.time} ms`);
});

t.test('a whole object with wrong bytes is its reader’s to ask for again', async (t) => {
  const fake = new FakeBucket();
  fake.onCall = (_, name) => Promise.resolve({ kind: 'corrupt', name, cause: 'other bytes' });
  const { bucket } = patient(fake);
  t.match(await bucket.read('gc/1.json', { from: 0 }, () => undefined, plainCall()), {
    error: { kind: 'corrupt' },
  });
  t.equal(fake.calls.length, 1);
});

t.test('a stall that passes is gone on after, from where it stopped', async (t) => {
  const fake = new FakeBucket();
  const bytes = Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 251));
  fake.objects.set('a', bytes);
  const asked: number[] = [];
  const stalling: Bucket = {
    url: fake.url,
    create: (...args) => fake.create(...args),
    list: (prefix) => fake.list(prefix),
    remove: (name) => fake.remove(name),
    async read(name, range, take, call) {
      asked.push(range.from);
      // Each try brings 1,500 bytes, then nothing more.
      const to = Math.min(range.from + 1500, 5000);
      const read = await fake.read(name, { from: range.from, to }, take, call);
      return to === 5000 ? read : forever;
    },
  };
  const { bucket, retries } = patient(stalling);
  const pieces: Uint8Array[] = [];
  const read = await bucket.read('a', { from: 0 }, (piece) => void pieces.push(piece), plainCall());
  t.same(read, ok(undefined));
  t.ok(Buffer.concat(pieces).equals(bytes), 'every byte once');
  t.same(asked, [0, 1500, 3000, 4500]);
  t.same(
    retries.map(({ attempt }) => attempt),
    [2, 2, 2],
    'whatever brought something begins the count anew',
  );
});

t.test('bytes of a try that was given up do not count', async (t) => {
  const fake = new FakeBucket();
  fake.objects.set('a', Buffer.from('abc'));
  let late: (() => unknown) | undefined;
  const slow: Bucket = {
    url: fake.url,
    create: (...args) => fake.create(...args),
    list: (prefix) => fake.list(prefix),
    remove: (name) => fake.remove(name),
    read(name, range, take, call) {
      if (late !== undefined) {
        late();
        return fake.read(name, range, take, call);
      }
      late = () => take(Buffer.from('late'));
      return forever;
    },
  };
  const { bucket } = patient(slow);
  let got = '';
  const add = (piece: Uint8Array): void => void (got += Buffer.from(piece).toString());
  t.same(await bucket.read('a', { from: 0 }, add, plainCall()), ok(undefined));
  t.equal(got, 'abc');
});

t.test('an upload that is sent again and again and never kept is given up', async (t) => {
  const fake = new FakeBucket();
  let sent = 0;
  const losing: Bucket = {
    url: fake.url,
    list: (prefix) => fake.list(prefix),
    remove: (name) => fake.remove(name),
    read: (...args) => fake.read(...args),
    create(name, content, call) {
      sent += 1;
      call.onAlive(content.size);
      return Promise.resolve(err(unavailable(name)));
    },
  };
  const { bucket } = patient(losing);
  const made = await bucket.create('a', contentOf(Buffer.from('abc')), plainCall());
  t.match(made, { error: { kind: 'unavailable' } });
  t.equal(sent, 5);
});

t.test('an interruption ends a wait at once', async (t) => {
  const fake = new FakeBucket();
  fake.onCall = () => forever;
  const controller = new AbortController();
  const { bucket, clock } = patient(fake);
  const listed = bucket.list('a', plainCall({ signal: controller.signal }));
  controller.abort();
  t.match(await listed, { error: { kind: 'cancelled' } });
  t.equal(clock.time, 0);
});
