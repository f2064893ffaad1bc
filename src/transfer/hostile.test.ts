import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { hashText } from '../adapters/hash/blake3.ts';
import { canonicalJson } from '../model/json.ts';
import type { Digest, RunId } from '../model/names.ts';
import type { Holder } from '../model/remote.ts';
import { runRecord } from '../testing/contracts/run-log.contract.ts';
import { FakeBucket } from '../testing/fake-bucket.ts';
import { createMachine } from '../testing/transfers.ts';
import type { Want } from './closure.ts';
import { digestOf, MARKER, MARKER_TEXT, packName, segmentName } from './layout.ts';
import { planPack } from './pack.ts';
import { decodeSegment, encodeSegment } from './segment.ts';

/** A remote that holds these texts in one pack, with whatever the index says of it. */
function plant(
  texts: readonly (string | Uint8Array)[],
  lie: (holder: Holder) => Holder = (holder) => holder,
  runs: readonly string[] = [],
): FakeBucket {
  const bucket = new FakeBucket();
  const bytes = texts.map((text) => Buffer.from(text));
  const objects = bytes.map((each) => ({
    digest: digestOf(hashText(each.toString())),
    size: each.length,
  }));
  const pack = planPack(packName('0'.repeat(32)), objects);
  const content = Buffer.alloc(pack.size);
  pack.objects.forEach(({ offset }, index) => bytes[index]?.copy(content, offset));
  bucket.objects.set(MARKER, Buffer.from(MARKER_TEXT));
  bucket.objects.set(pack.name, content);
  const segment = encodeSegment({ supersedes: [], holders: [lie(pack)], runs: runs as RunId[] });
  bucket.objects.set(segmentName(hashText(segment)), Buffer.from(segment));
  return bucket;
}

const hex = (text: string): string => hashText(text);
const tree = (rows: readonly (readonly unknown[])[]): string =>
  `{"tree":1,"entries":[\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]}\n`;
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
    const text = tree(entries);
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
  let below = tree([['f', 'x', hex('x'), 1]]);
  texts.push(below);
  for (let depth = 0; depth < 300; depth++) {
    below = tree([['d', 'd', hex(below), 1, 1]]);
    texts.push(below);
  }
  const machine = await createMachine(t, plant(['x', ...texts]));
  const fetched = await machine.fetch([wantOf(below, 1, 1)]);
  t.match(JSON.stringify(fetched), /remote\/unsafe-tree.*256 directories/);
});

t.test('trees that lie about sizes do not get into the workspace', async (t) => {
  const text = tree([['f', 'x', hex('x'), 1_000_000]]);
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
