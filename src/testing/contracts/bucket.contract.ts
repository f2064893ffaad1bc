import type { Test } from 'tap';
import { crc32c } from '../../adapters/hash/crc32c.ts';
import type { Result } from '../../model/result.ts';
import type { Bucket, BucketProblem, Call, Content } from '../../ports/bucket.ts';

export const contentOf = (bytes: Uint8Array): Content => ({
  size: bytes.length,
  async *read(from, to) {
    for (let at = from; at < to; at += 65_536) yield bytes.subarray(at, Math.min(at + 65_536, to));
  },
});

/** Bytes that repeat nowhere near. */
export function patternOf(size: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  for (let at = 0, state = seed; at < size; at++) {
    state = (Math.imul(state, 1103515245) + 12345) | 0;
    bytes[at] = state >>> 16;
  }
  return bytes;
}

export const plainCall = (changes: Partial<Call> = {}): Call => ({
  signal: new AbortController().signal,
  onAlive: () => undefined,
  onSafe: () => undefined,
  ...changes,
});

export async function readAll(
  bucket: Bucket,
  name: string,
  range: { readonly from: number; readonly to?: number } = { from: 0 },
): Promise<Buffer | BucketProblem> {
  const pieces: Uint8Array[] = [];
  const read = await bucket.read(
    name,
    range,
    (piece) => void pieces.push(Uint8Array.from(piece)),
    plainCall(),
  );
  return read.ok ? Buffer.concat(pieces) : read.error;
}

const kindOf = (result: Result<unknown, BucketProblem>): string =>
  result.ok ? 'ok' : result.error.kind;

/** What every bucket does; `open` gives an empty one. */
export function bucketContract(t: Test, open: (t: Test) => Promise<Bucket>): void {
  const small = patternOf(1000);
  /** More than one chunk of a resumable upload. */
  const large = patternOf(9 * 1024 * 1024 + 17);

  t.test('what is created is read back, whole and in ranges', async (t) => {
    const bucket = await open(t);
    for (const [name, bytes] of [
      ['packs/a.pack', small],
      ['blobs/ab/large', large],
      ['empty', Buffer.alloc(0)],
      ['blobs/name with spaces & ümläut?#', small],
    ] as const) {
      let alive = 0;
      let safe = 0;
      const call = plainCall({
        onAlive: (count) => (alive += count),
        onSafe: (position) => (safe = position),
      });
      const made = await bucket.create(name, contentOf(bytes), call);
      t.equal(kindOf(made), 'ok', name);
      t.ok(alive >= bytes.length, 'every byte is seen on its way');
      if (bytes.length > 0 && safe > 0) t.equal(safe, bytes.length);
      t.ok(bytes.equals((await readAll(bucket, name)) as Buffer), `${name} whole`);
    }
    const part = (await readAll(bucket, 'blobs/ab/large', { from: 5000, to: 8_500_000 })) as Buffer;
    t.ok(part.equals(large.subarray(5000, 8_500_000)));
    const rest = (await readAll(bucket, 'blobs/ab/large', { from: large.length - 3 })) as Buffer;
    t.ok(rest.equals(large.subarray(-3)));
    t.equal(((await readAll(bucket, 'packs/a.pack', { from: 10, to: 10 })) as Buffer).length, 0);
  });

  t.test('a name is given once', async (t) => {
    const bucket = await open(t);
    t.equal(kindOf(await bucket.create('a', contentOf(small), plainCall())), 'ok');
    for (const bytes of [Buffer.from('other'), large]) {
      t.equal(kindOf(await bucket.create('a', contentOf(bytes), plainCall())), 'exists');
    }
    t.ok(small.equals((await readAll(bucket, 'a')) as Buffer), 'what was there stays');
    const racing = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        bucket.create('raced', contentOf(Buffer.from(`by ${index}`)), plainCall()),
      ),
    );
    t.same(racing.map(kindOf).sort(), [...Array<string>(7).fill('exists'), 'ok']);
  });

  t.test('what is not there, or not so long', async (t) => {
    const bucket = await open(t);
    t.match(await readAll(bucket, 'none'), { kind: 'not-found', name: 'none' });
    t.equal(kindOf(await bucket.remove('none', plainCall())), 'not-found');
    t.same(await bucket.list('none/', plainCall()), { ok: true, value: [] });
    await bucket.create('short', contentOf(small), plainCall());
    t.match(await readAll(bucket, 'short', { from: 500, to: 2000 }), { kind: 'refused' });
  });

  t.test('names are listed by prefix with their sizes, and can be removed', async (t) => {
    const bucket = await open(t);
    const before = Date.now();
    for (const name of ['b/2', 'a/1', 'a/2', 'a/10', 'ab']) {
      await bucket.create(name, contentOf(Buffer.from(name)), plainCall());
    }
    const listed = await bucket.list('a', plainCall());
    const sums = listed.ok ? listed.value.flatMap(({ crc32c: told }) => told ?? []) : [];
    if (sums.length > 0) {
      t.same(
        sums,
        ['a/1', 'a/10', 'a/2', 'ab'].map((name) => crc32c(Buffer.from(name))),
      );
    }
    t.same(listed.ok && listed.value.map(({ name, size }) => ({ name, size })), [
      { name: 'a/1', size: 3 },
      { name: 'a/10', size: 4 },
      { name: 'a/2', size: 3 },
      { name: 'ab', size: 2 },
    ]);
    for (const { name, at } of listed.ok ? listed.value : []) {
      // A disk's clock is coarse, and runs a little behind.
      t.ok(at >= before - 2000 && at <= Date.now() + 2000, `${name} was created now`);
    }
    const folder = await bucket.list('a/1', plainCall());
    t.same(folder.ok && folder.value.map(({ name }) => name), ['a/1', 'a/10']);
    t.equal(kindOf(await bucket.remove('a/1', plainCall())), 'ok');
    t.match(await readAll(bucket, 'a/1'), { kind: 'not-found' });
  });

  t.test('more names than one page holds', async (t) => {
    const bucket = await open(t);
    const names = Array.from(
      { length: 1005 },
      (_, index) => `many/${String(index).padStart(4, '0')}`,
    );
    const waiting = [...names];
    const worker = async (): Promise<void> => {
      for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
        await bucket.create(name, contentOf(Buffer.from('x')), plainCall());
      }
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    const listed = await bucket.list('many/', plainCall());
    t.same(listed.ok && listed.value.map(({ name }) => name), names);
  });

  t.test('a reader that throws ends the call, and its error comes out', async (t) => {
    const bucket = await open(t);
    await bucket.create('a', contentOf(large), plainCall());
    const full = new Error('the disk is full');
    const fail = (): void => {
      throw full;
    };
    await t.rejects(bucket.read('a', { from: 0 }, fail, plainCall()), full);
    t.ok(large.equals((await readAll(bucket, 'a')) as Buffer), 'and the bucket goes on');
  });

  t.test('cancelled', async (t) => {
    const bucket = await open(t);
    await bucket.create('a', contentOf(large), plainCall());
    const controller = new AbortController();
    const { signal } = controller;
    const stopAtOnce = (): void => controller.abort();
    const read = await bucket.read('a', { from: 0 }, stopAtOnce, plainCall({ signal }));
    t.equal(kindOf(read), 'cancelled');
    const created = await bucket.create('b', contentOf(large), plainCall({ signal }));
    t.equal(kindOf(created), 'cancelled');
    t.match(await readAll(bucket, 'b'), { kind: 'not-found' }, 'nobody sees half of an object');
  });
}
