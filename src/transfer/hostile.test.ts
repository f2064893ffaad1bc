import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { openFileBucket } from '../adapters/bucket-file/bucket-file.ts';
import { hashText } from '../adapters/hash/blake3.ts';
import { canonicalJson } from '../model/json.ts';
import type { Digest } from '../model/names.ts';
import { runRecord } from '../testing/contracts/run-log.contract.ts';
import { plainCall } from '../testing/contracts/bucket.contract.ts';
import { plant, plantSegment, treeOf } from '../testing/hostile-remotes.ts';
import { createMachine } from '../testing/transfers.ts';
import type { Want } from './closure.ts';
import { digestOf, MARKER, packName, segmentName } from './layout.ts';
import { decodeSegment } from './segment.ts';

const hex = (text: string): string => hashText(text);
const wantOf = (text: string, size: number, files: number): Want => ({
  path: 'data',
  ref: { digest: digestOf(hex(text)), size, files },
});

t.test('trees that would write elsewhere are refused in words', async (t) => {
  const file = hex('x');
  const rows: { readonly [name: string]: readonly (readonly unknown[])[] } = {
    'a name that climbs': [['f', '../x', file, 1]],
    'a name of dots': [['f', '..', file, 1]],
    'an absolute name': [['f', '/etc/x', file, 1]],
    'a link that leaves': [['l', 'a', '../../x']],
    'an absolute link': [['l', 'a', '/etc/passwd']],
    'a name twice': [
      ['f', 'a', file, 1],
      ['l', 'a', 'b'],
    ],
  };
  for (const [name, entries] of Object.entries(rows)) {
    const text = treeOf(entries);
    const machine = await createMachine(t, plant(['x', text]));
    const fetched = await machine.fetch([wantOf(text, 1, 1)]);
    t.match(
      fetched,
      { ok: false, error: { kind: 'corruption', diagnostics: [{ code: 'remote/unsafe-tree' }] } },
      name,
    );
    t.notOk(existsSync(join(machine.root, 'data')));
    t.notOk(existsSync(join(machine.root, 'x')));
    t.notOk(existsSync(join(machine.root, 'cache/v1/objects')), 'nothing came into the cache');
  }
});

t.test('a tree deeper than 256', async (t) => {
  const texts: string[] = [];
  let below = treeOf([['f', 'x', hex('x'), 1]]);
  texts.push(below);
  for (let depth = 0; depth < 300; depth++) {
    below = treeOf([['d', 'd', hex(below), 1, 1]]);
    texts.push(below);
  }
  const machine = await createMachine(t, plant(['x', ...texts]));
  const fetched = await machine.fetch([wantOf(below, 1, 1)]);
  t.match(JSON.stringify(fetched), /remote\/unsafe-tree.*256 directories/);
});

t.test('trees that lie about sizes do not get into the workspace', async (t) => {
  const text = treeOf([['f', 'x', hex('x'), 1_000_000]]);
  const machine = await createMachine(t, plant(['x', text]));
  const want = wantOf(text, 1_000_000, 1);
  const fetched = await machine.fetch([want]);
  t.match(fetched, { ok: false, error: { kind: 'corruption' } });
  t.notOk(await machine.restore(want));
});

t.test('packs and segments that lie', async (t) => {
  const want: Want = { path: 'x', ref: { digest: digestOf(hex('robin')), size: 5 } };
  const shifted = plant(['robin', 'wrens'], (pack) => ({
    ...pack,
    objects: pack.objects.map((object) => ({ ...object, offset: object.offset + 2 })),
  }));
  const outside = plant(['robin'], (pack) => ({
    ...pack,
    size: pack.size + 1000,
    objects: pack.objects.map((object) => ({ ...object, offset: pack.size + 10 })),
  }));
  const beyond = plant(['robin'], (pack) => ({
    ...pack,
    objects: pack.objects.map((object) => ({ ...object, offset: pack.size })),
  }));
  const overlapping = plant(['robin', 'wrens'], (pack) => ({
    ...pack,
    objects: pack.objects.map((object) => ({ ...object, offset: pack.objects[0]?.offset ?? 0 })),
  }));
  for (const [name, bucket, code] of [
    ['wrong offsets', shifted, /remote\/wrong-bytes/],
    ['outside of the pack that is there', outside, /remote\/refused/],
    ['outside of the pack it tells of', beyond, /remote\/bad-index/],
  ] as const) {
    const machine = await createMachine(t, bucket);
    t.match(JSON.stringify(await machine.fetch([want])), code, name);
    t.equal(machine.ports.objects.missing([want.ref]).length, 1);
  }
  const machine = await createMachine(t, overlapping);
  t.match(await machine.fetch([want]), { ok: true }, 'what is right of it is taken');
  t.match(
    JSON.stringify(
      await machine.fetch([{ path: 'w', ref: { digest: digestOf(hex('wrens')), size: 5 } }]),
    ),
    /remote\/wrong-bytes/,
  );
});

t.test('a segment under a name that is not its digest', async (t) => {
  const bucket = plant(['robin']);
  const [name = ''] = [...bucket.objects.keys()].filter((each) => each.startsWith('index/'));
  bucket.objects.set(segmentName('1'.repeat(64)), bucket.objects.get(name) ?? Buffer.alloc(0));
  const machine = await createMachine(t, bucket);
  t.match(JSON.stringify(await machine.fetch([])), /remote\/bad-index/);
});

t.test('segments that are none', async (t) => {
  const pack = packName('0'.repeat(32));
  for (const text of [
    'hello',
    '[]',
    '{"avian-index":2}',
    '{"avian-index":1,"supersedes":["roots/x"],"runs":[],"holders":[]}',
    '{"avian-index":1,"supersedes":[],"runs":["x"],"holders":[]}',
    '{"avian-index":1,"supersedes":[],"runs":[],"holders":[["../x",1,[]]]}',
    `{"avian-index":1,"supersedes":[],"runs":[],"holders":[["${pack}",-1,[]]]}`,
    `{"avian-index":1,"supersedes":[],"runs":[],"holders":[["${pack}",9,["${hex('x')}",5,5]]]}`,
    `{"avian-index":1,"supersedes":[],"runs":[],"holders":[["${pack}",9,["${hex('x')}",0.5,1]]]}`,
    `{"avian-index":1,"supersedes":[],"runs":[],"holders":[["${pack}",9,["zz",0,1]]]}`,
  ]) {
    t.notOk(decodeSegment(text).ok, text);
  }
});

t.test('run records that are none are named and left out', async (t) => {
  const good = canonicalJson(runRecord('train', 1));
  const offSchema = canonicalJson({ ...runRecord('train', 2), stage: '../../x' });
  const large = canonicalJson({ ...runRecord('train', 3), overrides: ['x'.repeat(2 ** 20)] });
  const loose = JSON.stringify(JSON.parse(good), null, 1);
  const texts = [good, offSchema, large, loose];
  const machine = await createMachine(t, plant(texts, undefined, texts.map(hex)));
  const fetched = await machine.fetch([]);
  t.match(fetched, { ok: true, value: { runs: 1 } }, JSON.stringify(fetched));
  const told = machine.events.flatMap((event) =>
    event.type === 'diagnostic' ? [event.diagnostic.message] : [],
  );
  t.equal(told.length, 3, told.join('\n'));
  t.match(told.join('\n'), /stage/);
  t.match(told.join('\n'), /1 MiB/);
  t.same(readdirSync(join(machine.root, 'cache/v1/runs')).length, 1);
});

t.test('a large blob with the right size and wrong bytes', async (t) => {
  const right = 'x'.repeat(1_200_000);
  const bucket = plant([right]);
  const [name = ''] = [...bucket.objects.keys()].filter((each) => each.startsWith('packs/'));
  const bytes = Buffer.from(bucket.objects.get(name) ?? '');
  bytes[1000] = 0;
  bucket.objects.set(name, bytes);
  const machine = await createMachine(t, bucket);
  const digest = digestOf(hex(right)) satisfies Digest;
  const fetched = await machine.fetch([{ path: 'x', ref: { digest, size: right.length } }]);
  t.match(JSON.stringify(fetched), /remote\/wrong-bytes/);
  t.same(readdirSync(join(machine.root, 'cache/v1/tmp/incoming')), [], 'nothing of it stays');
});

t.test('sizes that no disk has', async (t) => {
  const huge = 2 ** 50;
  const text = treeOf([['f', 'x', hex('x'), huge]]);
  const honest = await createMachine(t, plant(['x', text]));
  t.match(
    await honest.fetch([wantOf(text, huge, 1)]),
    { ok: true, value: { missing: ['data'] } },
    'the index does not know it of that size',
  );
  const liar = await createMachine(
    t,
    plant(['x', text], (pack) => ({
      ...pack,
      size: huge * 2,
      objects: pack.objects.map((each, index) => (index === 0 ? { ...each, size: huge } : each)),
    })),
  );
  const fetched = await liar.fetch([wantOf(text, huge, 1)]);
  t.match(fetched, { ok: false, error: { kind: 'remote' } }, JSON.stringify(fetched));
  t.match(JSON.stringify(fetched), /remote\/refused.*packs/);
  const unsafe = treeOf([['f', 'x', hex('x'), 2 ** 60]]);
  const third = await createMachine(t, plant(['x', unsafe]));
  t.match(JSON.stringify(await third.fetch([wantOf(unsafe, 1, 1)])), /remote\/unsafe-tree/);
});

t.test('JSON that is nested without end', async (t) => {
  const deep = '['.repeat(200_000) + ']'.repeat(200_000);
  const holder = plant(['robin']);
  plantSegment(holder, `{"avian-index":1,"supersedes":[],"runs":[],"holders":[${deep}]}`);
  t.match(JSON.stringify(await (await createMachine(t, holder)).fetch([])), /remote\/bad-index/);

  const marker = plant(['robin']);
  marker.objects.set(MARKER, Buffer.from(deep));
  t.match(JSON.stringify(await (await createMachine(t, marker)).fetch([])), /remote\/too-large/);

  const list = plant(['robin']);
  list.objects.set('gc/1.json', Buffer.from(`{"condemned":${deep}}`));
  const ana = await createMachine(t, list);
  const want = await ana.keep('a', { '': 'a' });
  t.match(JSON.stringify(await ana.push([want])), /remote\/bad-gc-list/);

  const node = `{"tree":1,"entries":[\n${deep}\n]}\n`;
  const tree = await createMachine(t, plant([node]));
  t.match(JSON.stringify(await tree.fetch([wantOf(node, 1, 1)])), /remote\/unsafe-tree/);

  const record = canonicalJson(runRecord('train', 1)).replace(
    '"overrides":["train.lr=1e-3"]',
    `"overrides":${deep}`,
  );
  const machine = await createMachine(t, plant([record, deep], undefined, [record, deep].map(hex)));
  t.match(await machine.fetch([]), { ok: true });
});

t.test('a pipe in the place of an object keeps nobody waiting', async (t) => {
  const root = t.testdir({ packs: {} });
  execFileSync('mkfifo', [join(root, 'packs/a.pack')]);
  const read = await openFileBucket(root).read(
    ...(['packs/a.pack', { from: 0 }, () => undefined, plainCall()] as const),
  );
  t.match(read, { error: { kind: 'refused' } });
});
