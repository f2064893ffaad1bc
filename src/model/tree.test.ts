import t from 'tap';
import { hashText } from '../adapters/hash/blake3.ts';
import type { Digest } from './names.ts';
import {
  decodeNode,
  encodeDirectory,
  MOST_ENTRIES,
  refuseLink,
  refuseName,
  type TreeEntry,
} from './tree.ts';

const digest = (digit: string): Digest => `b3:${digit.repeat(64)}` as Digest;
const file = (name: string, size = 1): TreeEntry => ({
  kind: 'file',
  name,
  digest: digest('a'),
  size,
  executable: false,
});

function encode(entries: readonly TreeEntry[]) {
  const nodes = new Map<Digest, string>();
  const summary = encodeDirectory(entries, hashText, (node, text) => nodes.set(node, text));
  return { summary, nodes, text: nodes.get(summary.digest) ?? '' };
}

// A changed pin is a decision: every tree in every cache and remote gets another address.
t.test('the canonical form is pinned', (t) => {
  const { summary, text } = encode([
    { kind: 'link', name: 'latest', target: 'robin.jpg' },
    { kind: 'file', name: 'run.sh', digest: digest('b'), size: 7, executable: true },
    { kind: 'directory', name: 'Eggs', digest: digest('c'), size: 30, files: 2 },
    file('robin "é\n.jpg', 3),
  ]);
  t.equal(
    text,
    `{"tree":1,"entries":[
["d","Eggs","${'c'.repeat(64)}",30,2],
["l","latest","robin.jpg"],
["f","robin \\"é\\n.jpg","${'a'.repeat(64)}",3],
["x","run.sh","${'b'.repeat(64)}",7]
]}
`,
  );
  t.same(summary, {
    digest: 'b3:992b27b7397b6c87fb1c0c3eadd9569315d1f3bcbed0c7861153526fa3db0492',
    size: 40,
    files: 5,
  });
  t.equal(
    encode([]).summary.digest,
    'b3:31d30fd54ad363a4bba6f7b1c8304dd04a05002c3b935f614866dcca1006a66a',
  );
  t.end();
});

t.test('the order of the entries given does not matter', (t) => {
  const names = ['b', 'a', 'Z', 'ä', '10', '9', 'a.b', 'a/'.slice(0, 1) + 'a'];
  const there = encode(names.map((name) => file(name)));
  const back = encode(names.toReversed().map((name) => file(name)));
  t.equal(there.summary.digest, back.summary.digest);
  t.end();
});

t.test('a directory of 4,096 entries is one node, one more splits it', (t) => {
  const names = Array.from({ length: MOST_ENTRIES + 1 }, (_, index) => `photo-${index}.jpg`);
  t.equal(encode(names.slice(1).map((name) => file(name))).nodes.size, 1);
  const split = encode(names.map((name) => file(name)));
  t.equal(split.nodes.size, 17);
  t.match(split.summary, { size: MOST_ENTRIES + 1, files: MOST_ENTRIES + 1 });
  t.equal(
    split.summary.digest,
    'b3:cabf9421ea981e43044ea2d5e5cc3c63060c173c43b568c3b2df1de18d5ed86c',
  );
  const node = decodeNode(split.text, 0);
  t.ok(node.ok && node.value.kind === 'split');
  t.end();
});

t.test('one changed file among 100,000 in one directory touches few, small nodes', (t) => {
  const names = Array.from({ length: 100_000 }, (_, index) => `photo-${index}.jpg`);
  const before = encode(names.map((name) => file(name)));
  const after = encode(names.map((name, index) => file(name, index === 5 ? 2 : 1)));
  const fresh = [...after.nodes].filter(([node]) => !before.nodes.has(node));
  const bytes = fresh.reduce((sum, [, text]) => sum + text.length, 0);
  t.equal(fresh.length, 3);
  t.ok(bytes < 100_000, `${bytes} bytes of new nodes`);
  t.end();
});

t.test('what was encoded is decoded', (t) => {
  const entries: TreeEntry[] = [
    { kind: 'directory', name: 'eggs', digest: digest('c'), size: 30, files: 2 },
    { kind: 'link', name: 'latest', target: './eggs/one' },
    file('robin\u2028 "x" \\ \t.jpg'),
  ];
  t.same(decodeNode(encode(entries).text, 0), { ok: true, value: { kind: 'entries', entries } });
  t.end();
});

t.test('what could leave the directory, or is not canonical, is refused', (t) => {
  const rows = (text: string) => `{"tree":1,"entries":[\n${text}\n]}\n`;
  const hex = 'a'.repeat(64);
  const hostile: Record<string, string> = {
    'a slash': rows(`["f","a/b","${hex}",1]`),
    'a climb': rows(`["f","..","${hex}",1]`),
    itself: rows(`["d",".","${hex}",1,1]`),
    'no name': rows(`["f","","${hex}",1]`),
    'a NUL': rows(`["f","a\\u0000","${hex}",1]`),
    'half a surrogate': rows(`["f","a\\ud800","${hex}",1]`),
    'an absolute link': rows(`["l","a","/etc/passwd"]`),
    'a link that climbs': rows(`["l","a","../b"]`),
    'a link that climbs late': rows(`["l","a","b/../../c"]`),
    'an empty link': rows(`["l","a",""]`),
    'one name twice': rows(`["l","a","b"],\n["d","a","${hex}",1,1]`),
    'another order': rows(`["f","b","${hex}",1],\n["f","a","${hex}",1]`),
    'a negative size': rows(`["f","a","${hex}",-1]`),
    'half a byte': rows(`["f","a","${hex}",0.5]`),
    'a digest that is a path': rows(`["f","a","../../../../etc/passwd",1]`),
    'upper case': rows(`["f","a","${hex.toUpperCase()}",1]`),
    'an unknown kind': rows(`["s","a","${hex}",1]`),
    'one member more': rows(`["f","a","${hex}",1,1]`),
    'white space': rows(` ["f","a","${hex}",1]`),
    'another version': `{"tree":2,"entries":[]}`,
    'a part of no digit': `{"tree":1,"parts":[\n["g","${hex}",1,1]\n]}\n`,
    'no JSON': 'tree',
    'no object': 'null',
    'no rows': '{"tree":1}',
  };
  for (const [what, text] of Object.entries(hostile)) t.equal(decodeNode(text, 0).ok, false, what);
  t.end();
});

t.test('a link may climb to the root of its out and no further', (t) => {
  t.equal(refuseLink('../../a', 2), undefined);
  t.equal(refuseLink('./b//c', 0), undefined);
  t.match(refuseLink('../../../a', 2), /leaves the directory/);
  // `s/l` may be a link to a folder one level deep: two steps up from there is outside.
  t.match(refuseLink('s/l/../../x', 2), /climbs after descending/);
  t.equal(refuseName('..a'), undefined);
  t.equal(refuseName('a\\b'), undefined);
  t.end();
});
