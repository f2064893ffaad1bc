import * as fs from 'node:fs';
import t from 'tap';
import { toRef } from '../../model/artifact.ts';
import type { Digest } from '../../model/names.ts';
import { content } from '../../testing/contracts/workspace.contract.ts';
import { hashBytes } from '../hash/blake3.ts';
import type { Step } from './disk.ts';
import { hexOf, objectPath } from './layout.ts';
import { openBed, path, type DiskBed } from './testing.ts';

// Objects on their way in: small ones many at a time, large ones into cache and workspace at once.

const digestOf = (bytes: Uint8Array): Digest => `b3:${hashBytes(bytes).toString('hex')}` as Digest;

const small = (count: number): readonly (readonly [Digest, Buffer])[] =>
  Array.from({ length: count }, (_, index) => {
    const bytes = Buffer.alloc(index % 500, `bird ${index} `);
    return [digestOf(bytes), bytes] as const;
  });

const stored = ({ cache }: DiskBed, digest: Digest): Buffer =>
  fs.readFileSync(objectPath(`${cache}/objects`, hexOf(digest)));

const temporaries = ({ cache }: DiskBed): string[] =>
  fs.existsSync(`${cache}/tmp/objects`) ? fs.readdirSync(`${cache}/tmp/objects`) : [];

for (const [where, count] of [
  ['on this thread', 300],
  ['on other threads', 3000],
] as const) {
  t.test(`what is put later is there once it is settled, ${where}`, async (t) => {
    const bed = openBed(t);
    const { objects } = bed.workspace;
    const birds = small(count);
    objects.expect(count);
    // Lent for the call only.
    const lent = Buffer.alloc(500);
    for (const [digest, bytes] of birds) {
      bytes.copy(lent);
      if (!objects.putLater(digest, lent.subarray(0, bytes.length))) t.fail(`${digest} is right`);
      await objects.pause();
    }
    await objects.settle();
    t.equal(birds.filter(([digest, bytes]) => !stored(bed, digest).equals(bytes)).length, 0);
    t.same(objects.missing(birds.map(([digest, { length: size }]) => ({ digest, size }))), []);
    t.same(temporaries(bed), []);
  });
}

t.test('wrong bytes are not put, and keep nothing from being put', async (t) => {
  const bed = openBed(t);
  const { objects } = bed.workspace;
  const [right, wrong] = [Buffer.from('robin'), Buffer.from('cuckoo')];
  t.equal(objects.putLater(digestOf(right), wrong), false);
  t.equal(objects.putLater(digestOf(right), right), true);
  await objects.settle();
  t.equal(String(stored(bed, digestOf(right))), 'robin');
  t.notOk(fs.existsSync(objectPath(`${bed.cache}/objects`, hexOf(digestOf(wrong)))));
});

t.test('a full disk is told, and what was put before it is kept', async (t) => {
  let room = 5;
  const step: Step = (operation, file) => {
    if (operation !== 'write' || !file.includes('tmp/objects') || room-- > 0) return;
    throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC', syscall: 'write' });
  };
  const bed = openBed(t, { step });
  const { objects } = bed.workspace;
  const birds = small(10);
  for (const [digest, bytes] of birds) objects.putLater(digest, bytes);
  const failure: unknown = await objects.settle().catch((error: unknown) => error);
  t.match(failure, {
    problem: { diagnostics: [{ code: 'cache/no-space', message: birds[5]?.[0] }] },
  });
  for (const [digest, bytes] of birds.slice(0, 5)) t.ok(stored(bed, digest).equals(bytes));
  t.same(temporaries(bed), []);
  room = Infinity;
  for (const [digest, bytes] of birds) objects.putLater(digest, bytes);
  await objects.settle();
  t.same(objects.missing(birds.map(([digest, { length: size }]) => ({ digest, size }))), []);
});

const LARGE = Buffer.alloc(3_000_000, 'albatross ');
const large = { digest: digestOf(LARGE), size: LARGE.length };

async function receive(bed: DiskBed, from = 0): Promise<void> {
  const incoming = bed.workspace.objects.receive(large, true);
  for (let at = from; at < LARGE.length; at += 65_536) {
    incoming.write(LARGE.subarray(at, Math.min(LARGE.length, at + 65_536)), at);
  }
  t.equal(incoming.finish(), true);
}

t.test(
  'a large object that is wanted lies in the workspace without being read again',
  async (t) => {
    const bed = openBed(t);
    await receive(bed);
    // What a restore would find out, if it read it.
    const object = objectPath(`${bed.cache}/objects`, hexOf(large.digest));
    fs.chmodSync(object, 0o644);
    fs.writeFileSync(object, Buffer.alloc(LARGE.length));
    t.match(await bed.workspace.restore(path('bird'), large), { ok: true });
    t.ok(fs.readFileSync(`${bed.root}/bird`).equals(LARGE));
    fs.writeFileSync(`${bed.root}/plain`, '');
    t.equal(fs.statSync(`${bed.root}/bird`).mode, fs.statSync(`${bed.root}/plain`).mode);
    t.same(temporaries(bed), []);
    t.same(toRef(await content(bed.workspace.digest(path('bird')))), { ...large });
    t.match(await bed.workspace.restore(path('other'), large), { ok: false }, 'one use each');
  },
);

t.test('an object that goes on, is wrong, or is not asked for leaves no file', async (t) => {
  const bed = openBed(t);
  const first = bed.workspace.objects.receive(large, true);
  first.write(LARGE.subarray(0, 1_000_000), 0);
  first.suspend();
  t.same(temporaries(bed), []);
  await receive(bed, 1_000_000);
  t.same(temporaries(bed), []);
  t.match(await bed.workspace.restore(path('bird'), large), { ok: true });
  t.ok(fs.readFileSync(`${bed.root}/bird`).equals(LARGE));

  await bed.loseObjects();
  const wrong = bed.workspace.objects.receive(large, true);
  wrong.write(Buffer.alloc(LARGE.length), 0);
  t.equal(wrong.finish(), false);
  t.same(temporaries(bed), []);

  await receive(bed);
  t.equal(temporaries(bed).length, 1);
  await bed.workspace.close();
  t.same(temporaries(bed), []);
});

t.test('a disk without room for the second copy takes the object all the same', async (t) => {
  const step: Step = (operation, file) => {
    if (operation !== 'write' || !file.includes('tmp/objects')) return;
    throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' });
  };
  const bed = openBed(t, { step });
  await receive(bed);
  t.same(temporaries(bed), []);
  t.ok(stored(bed, large.digest).equals(LARGE));
});
