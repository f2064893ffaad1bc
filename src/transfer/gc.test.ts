import t from 'tap';
import { ok } from '../model/result.ts';
import { patternOf } from '../testing/contracts/bucket.contract.ts';
import { runRecord } from '../testing/contracts/run-log.contract.ts';
import { unwrap } from '../testing/fake-context.ts';
import { randomFrom } from '../testing/random.ts';
import { createLab, OPTIONS } from '../testing/remote-lab.ts';
import { emptyDisk, SimulatedClient } from '../testing/simulation.ts';
import { fetch } from './fetch.ts';
import { decodeGcList, encodeGcList } from './gc-list.ts';
import { ALONE_FROM, GRACE, ORPHAN_AGE, packName } from './layout.ts';
import { push } from './push.ts';

t.test('what a dropped commit alone needed goes in two steps; the rest stays whole', async (t) => {
  const { gc, keep, push: send, names, simulation, canPull, bucket } = await createLab(t);
  const large = patternOf(ALONE_FROM);
  const old = keep({ a: 'old', large });
  const now = keep({ a: 'new', b: 'wren' });
  await send('aaaa1111', old);
  await send('bbbb2222', now);
  const before = new Map(bucket.objects);

  const dry = unwrap(await gc({ drop: ['aaaa'], dry: true }));
  t.match(dry, { kept: [{ commit: 'bbbb2222' }], dropped: [{ commit: 'aaaa1111' }], lost: [] });
  t.equal(dry.condemned.names, 3, 'its root, its pack and its blob');
  t.ok(dry.condemned.bytes > ALONE_FROM);
  t.same(bucket.objects, before, 'dry changes nothing');

  t.same(unwrap(await gc({ drop: ['aaaa'] })).condemned, dry.condemned);
  t.equal(names('gc/').length, 1);
  t.equal(names('blobs/').length, 1, 'nothing goes at once');
  const early = unwrap(await gc());
  t.match(early, { deleted: { names: 0 }, condemned: { names: 0 }, waiting: [{ names: 3 }] });

  await simulation.pass(GRACE);
  t.match(unwrap(await gc()), { deleted: { names: 3 }, waiting: [] });
  t.same(names('blobs/'), []);
  t.equal(names('packs/').length, 1);
  t.equal(names('roots/').length, 1);
  t.equal(names('gc/').length, 1, 'that they are gone is told for a day');
  t.ok(await canPull(now));
  t.notOk(await canPull(old));
  await simulation.pass(GRACE);
  unwrap(await gc());
  t.same(names('gc/'), []);
});

t.test('what was pushed long ago can be dropped by its age, but never the newest', async (t) => {
  const { gc, keep, push: send, simulation, canPull } = await createLab(t);
  const DAY = 24 * 60 * 60_000;
  const [first, second, third] = [keep({ a: 'one' }), keep({ a: 'two' }), keep({ a: 'three' })];
  await send('aaaa1111', first);
  await simulation.pass(50 * DAY);
  await send('bbbb2222', second);
  await simulation.pass(50 * DAY);
  await send('cccc3333', third);
  await simulation.pass(45 * DAY);

  const by = async (days: number) =>
    unwrap(await gc({ dropOlderThan: days * DAY, dry: true })).dropped.map(({ commit }) => commit);
  t.same(await by(90), ['aaaa1111', 'bbbb2222']);
  t.same(await by(100), ['aaaa1111']);
  t.same(await by(1), ['aaaa1111', 'bbbb2222'], 'the newest stays, however old');
  t.match(unwrap(await gc({ dropOlderThan: 100 * DAY, drop: ['cccc'], dry: true })), {
    kept: [{ commit: 'bbbb2222' }],
  });

  t.equal(unwrap(await gc({ dropOlderThan: 100 * DAY })).dropped.length, 1);
  await simulation.pass(GRACE);
  t.match(unwrap(await gc()), { deleted: { names: 2 } });
  t.notOk(await canPull(first));
  t.ok((await canPull(second)) && (await canPull(third)));
});

t.test('a commit that was dropped by mistake is pushed again before its day is over', async (t) => {
  const { gc, keep, push: send, simulation, canPull } = await createLab(t);
  const want = keep({ a: 'robin', large: patternOf(ALONE_FROM) });
  await send('aaaa1111', want);
  unwrap(await gc({ drop: ['aaaa'] }));
  t.match(await send('aaaa1111', want), { kept: false, holders: 2 });
  await simulation.pass(GRACE);
  t.match(unwrap(await gc()), { deleted: { names: 3 } });
  t.ok(await canPull(want));
});

t.test('a push that looked before the gc and ended after it keeps what it relied on', async (t) => {
  const { gc, keep, push: send, simulation, canPull, bucket } = await createLab(t);
  const large = patternOf(ALONE_FROM);
  const old = keep({ a: 'robin', large });
  const now = keep({ b: 'wren', large });
  await send('aaaa1111', old);
  // Between its last look and its root.
  bucket.onCall = async (verb, name) => {
    if (verb !== 'create' || !name.startsWith('roots/')) return undefined;
    bucket.onCall = () => Promise.resolve(undefined);
    unwrap(await gc({ drop: ['aaaa'] }));
    return undefined;
  };
  await send('bbbb2222', now);
  await simulation.pass(GRACE);
  // The old root, pack and blob, and the new pack, which no root named yet.
  t.match(unwrap(await gc()), { moved: { objects: 3 }, deleted: { names: 4 } });
  t.ok(await canPull(now));
  await simulation.pass(GRACE);
  unwrap(await gc());
  t.ok(await canPull(now));
});

t.test('a pack that is mostly dead is written anew', async (t) => {
  const { gc, keep, push: send, simulation, canPull, names, bucket } = await createLab(t);
  const files = Object.fromEntries(
    Array.from({ length: 20 }, (_, index) => [`f${index}`, patternOf(5000, index + 2)]),
  );
  await send('aaaa1111', keep(files));
  const now = keep({ f1: files['f1'] ?? '', f2: files['f2'] ?? '' });
  await send('bbbb2222', now);
  const size = (): number =>
    names('packs/').reduce((sum, name) => sum + (bucket.objects.get(name)?.length ?? 0), 0);
  const before = size();
  t.match(unwrap(await gc({ drop: ['aaaa'] })), { moved: { objects: 2 } });
  await simulation.pass(GRACE);
  unwrap(await gc());
  t.ok(size() < before / 4, `${size()} of ${before} bytes`);
  t.ok(await canPull(now));
});

t.test(
  'what is behind a deployment stays, trees and all, and so do runs of kept roots',
  async (t) => {
    const { gc, keep, push: send, simulation, canPull, client, disk } = await createLab(t);
    const image = keep({ layer: patternOf(ALONE_FROM), index: 'index' });
    await send('aaaa1111', image);
    const run = await disk.runs.record(runRecord('train', 1));
    const wants = [keep({ b: 'wren' })];
    const asked = {
      wants,
      runs: [run],
      commit: 'bbbb2222',
      by: 'robin',
      avian: '0.1.0',
      dry: false,
    };
    unwrap(await push(asked, client.remote, client.ports, OPTIONS));
    const kept = { keep: () => Promise.resolve([image.ref.digest]) };
    unwrap(await gc({ drop: ['aaaa'], ...kept }));
    await simulation.pass(GRACE);
    unwrap(await gc(kept));
    t.ok(await canPull(image));
    const empty = await emptyDisk();
    const { remote, ports } = new SimulatedClient(
      empty,
      simulation,
      randomFrom(2),
      simulation.bucket,
    );
    t.match(await fetch(() => Promise.resolve(ok([])), remote, ports, OPTIONS), {
      value: { runs: 1 },
    });
    empty.index.close();
  },
);

t.test('what a push that was killed left goes after a week', async (t) => {
  const { gc, keep, push: send, simulation, bucket, names } = await createLab(t);
  await send('aaaa1111', keep({ a: 'robin' }));
  const orphan = packName('0'.repeat(32));
  bucket.objects.set(orphan, Buffer.from('half a push'));
  bucket.ages.set(orphan, simulation.now());
  await simulation.pass(ORPHAN_AGE);
  t.match(unwrap(await gc()), { condemned: { names: 0 } });
  await simulation.pass(1);
  t.match(unwrap(await gc()), { condemned: { names: 1, bytes: 11 } });
  await simulation.pass(GRACE);
  unwrap(await gc());
  t.notOk(names('packs/').includes(orphan));
});

t.test('where it is not known what is needed, nothing goes', async (t) => {
  const { gc, keep, push: send, bucket, disk, names } = await createLab(t);
  const want = keep({ a: 'robin' });
  await send('aaaa1111', want);
  await send('bbbb2222', keep({ b: 'wren' }));
  const before = [...bucket.objects.keys()];
  const refused = async (code: string): Promise<void> => {
    t.match(await gc({ drop: ['bbbb'] }), { ok: false, error: { diagnostics: [{ code }] } });
    t.same([...bucket.objects.keys()], before);
  };
  t.match(await gc({ drop: ['cccc'] }), {
    error: { kind: 'usage', diagnostics: [{ code: 'gc/no-such-root' }] },
  });
  const [root = ''] = names('roots/');
  const text = bucket.objects.get(root) ?? Buffer.alloc(0);
  bucket.objects.set(root, Buffer.from('{"avian-root":1}'));
  await refused('remote/bad-root');
  bucket.objects.set(root, text);
  // The tree is in no cache, and its pack lost its bytes.
  disk.objects.stored.delete(want.ref.digest);
  bucket.onBytes = (name, bytes) => (name.startsWith('packs/') ? bytes.map(() => 0) : bytes);
  await refused('remote/wrong-bytes');
});

t.test(
  'a kill at any request of a gc leaves all that is kept, and the next one ends it',
  async (t) => {
    for (let kill = 1; ; kill++) {
      const { gc, keep, push: send, simulation, canPull, bucket, names } = await createLab(t);
      const large = patternOf(ALONE_FROM);
      const old = keep({ a: 'old', large });
      const now = keep({ b: 'wren' });
      await send('aaaa1111', old);
      await send('bbbb2222', now);
      unwrap(await gc({ drop: ['aaaa'] }));
      // Relied on by a root that came late, so that something has to move.
      const late = keep({ c: 'late', large });
      const hidden = names('gc/').map((name) => [name, bucket.objects.get(name)] as const);
      for (const [name] of hidden) bucket.objects.delete(name);
      await send('cccc3333', late);
      for (const [name, bytes] of hidden) bucket.objects.set(name, bytes ?? Buffer.alloc(0));
      await simulation.pass(GRACE);
      let calls = 0;
      bucket.onCall = (_, name) =>
        Promise.resolve(
          ++calls >= kill ? { kind: 'refused' as const, name, cause: 'killed' } : undefined,
        );
      const ended = await gc();
      bucket.onCall = () => Promise.resolve(undefined);
      t.ok(await canPull(now, late), `killed at request ${kill}`);
      unwrap(await gc());
      t.ok(await canPull(now, late));
      // A copy that was not named yet goes like everything that was left on its way.
      for (const ms of [ORPHAN_AGE + 1, GRACE]) {
        await simulation.pass(ms);
        unwrap(await gc());
      }
      t.equal(names('blobs/').length, 1);
      if (ended.ok) break;
    }
  },
);

t.test('lists of gcs that are none', (t) => {
  const list = { at: '2026-11-01T00:00:00.000Z', by: 'robin', final: true, condemned: ['a'] };
  t.same(decodeGcList(encodeGcList(list)), list);
  for (const text of [
    'hello',
    '[]',
    '{"avian-gc":2,"at":"2026-11-01","by":"x","condemned":[]}',
    '{"avian-gc":1,"at":"today","by":"x","condemned":[]}',
    '{"avian-gc":1,"at":"2026-11-01","by":"x","condemned":[1]}',
  ]) {
    t.equal(decodeGcList(text), undefined, text);
  }
  t.end();
});
