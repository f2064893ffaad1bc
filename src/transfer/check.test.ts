import t from 'tap';
import { patternOf } from '../testing/contracts/bucket.contract.ts';
import { createLab } from '../testing/remote-lab.ts';
import { ALONE_FROM, packName } from './layout.ts';

const large = patternOf(ALONE_FROM);
const flipped = (bytes: Uint8Array | undefined, at: number): Buffer => {
  const copy = Buffer.from(bytes ?? []);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
};

t.test('a sound remote is sound, whoever looks', async (t) => {
  const { keep, push, fsck, bucket } = await createLab(t);
  await push('aaaa1111', keep({ a: 'robin', b: 'wren', empty: '', large }));
  const before = new Map(bucket.objects);
  const found = await fsck(true);
  t.match(found, { roots: 1, holders: 2, damages: [], lost: 0, healed: 0, unhealed: [] });
  t.ok(found.bytes > ALONE_FROM);
  t.same(bucket.objects, before, 'nothing was written');
});

t.test(
  'a flipped byte in a pack and one in a blob are found, and healed from the cache',
  async (t) => {
    const { keep, push, fsck, bucket, names, canPull, disk } = await createLab(t);
    const want = keep({ a: 'robin', b: 'wren', large });
    await push('aaaa1111', want);
    const [pack = '', blob = ''] = [...names('packs/'), ...names('blobs/')];
    const at = Buffer.from(bucket.objects.get(pack) ?? '').indexOf('robin');
    bucket.objects.set(pack, flipped(bucket.objects.get(pack), at));
    bucket.objects.set(blob, flipped(bucket.objects.get(blob), 7));
    const found = await fsck(false);
    t.match(found, { lost: 2, healed: 0 });
    t.same(found.damages.map(({ name, kind }) => [name, kind]).sort(), [
      [blob, 'wrong-bytes'],
      [pack, 'wrong-bytes'],
    ]);
    t.match(found.unhealed, [
      { path: 'data', commit: 'aaaa1111' },
      { path: 'data', commit: 'aaaa1111' },
    ]);
    t.notOk(await canPull(want));

    t.match(await fsck(true), { lost: 2, healed: 2, unhealed: [] });
    t.ok(await canPull(want));
    t.match(await fsck(false), { damages: [], lost: 0 });
    t.ok(disk.objects.stored.size > 0);
  },
);

t.test(
  'what the cache does not have either is named; a cache with wrong bytes heals nothing',
  async (t) => {
    const { keep, push, fsck, bucket, names, disk, canPull } = await createLab(t);
    const want = keep({ a: 'robin', b: 'wren' });
    await push('aaaa1111', want);
    for (const name of names('packs/')) bucket.objects.delete(name);
    const wren = [...disk.objects.stored].find(([, bytes]) => String(bytes) === 'wren')?.[0];
    if (wren === undefined) throw new Error('no wren');
    disk.objects.stored.set(wren, Buffer.from('WREN'));
    t.match(await fsck(true), {
      damages: [{ kind: 'absent', objects: 3 }],
      lost: 3,
      healed: 2,
      unhealed: [{ digest: wren, path: 'data', commit: 'aaaa1111' }],
    });
    t.notOk(await canPull(want));
    disk.objects.stored.set(wren, Buffer.from('wren'));
    t.match(await fsck(true), { lost: 1, healed: 1, unhealed: [] });
    t.ok(await canPull(want));
  },
);

t.test('another place of the same bytes is enough', async (t) => {
  const { keep, push, fsck, bucket, names, disk, canPull } = await createLab(t);
  const want = keep({ a: 'robin', large });
  await push('aaaa1111', want);
  const [blob = ''] = names('blobs/');
  const right = bucket.objects.get(blob) ?? Buffer.alloc(0);
  bucket.objects.set(blob, right.subarray(0, 1000));
  await fsck(true);
  t.equal(names('blobs/').length, 2);
  disk.objects.stored.clear();
  t.match(await fsck(true), { damages: [], lost: 0 });
  t.ok(await canPull(want));
});

t.test('an index that lost a segment is made again from the packs', async (t) => {
  const { keep, push, fsck, bucket, names, disk, canPull } = await createLab(t);
  const [one, two] = [keep({ a: 'robin', large }), keep({ b: 'wren' })];
  await push('aaaa1111', one);
  await push('bbbb2222', two);
  const [segment = ''] = names('index/');
  bucket.objects.set(segment, Buffer.from('{"avian-index":1'));
  bucket.objects.set(
    packName('0'.repeat(32)),
    Buffer.from('no pack at all, and long enough for a tail'),
  );
  await disk.index.forget(names('index/'));
  disk.objects.stored.clear();
  t.notOk(await canPull(one));
  const found = await fsck(false);
  t.match(found.damages, [{ name: segment, kind: 'unreadable' }]);
  t.match(await fsck(true), { lost: 0, unhealed: [] });
  t.ok(await canPull(one, two));
  t.notOk(names('index/').includes(segment));
});

t.test('a root and a list of a gc that cannot be read are taken away', async (t) => {
  const { keep, push, fsck, bucket, names } = await createLab(t);
  const want = keep({ a: 'robin' });
  await push('aaaa1111', want);
  const [root = ''] = names('roots/');
  bucket.objects.set(root, Buffer.from('half a ro'));
  bucket.objects.set('gc/1.json', Buffer.from('hello'));
  t.match((await fsck(false)).damages.map(({ name }) => name).sort(), ['gc/1.json', root]);
  await fsck(true);
  t.same([...names('gc/'), ...names('roots/')], []);
  t.match(await push('aaaa1111', want), { kept: false, objects: 0 });
  t.match(await fsck(false), { damages: [], lost: 0, roots: 1 });
});
