import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import t from 'tap';
import { toRef, type ArtifactRef } from '../../model/artifact.ts';
import { encodeDirectory, type TreeEntry } from '../../model/tree.ts';
import { hashText } from '../hash/blake3.ts';
import { content } from '../../testing/contracts/workspace.contract.ts';
import { objectPath } from './layout.ts';
import { openBed, path, picture, type DiskBed } from './testing.ts';

// Trees come from a bucket that others can write to: whatever they say, nothing outside the out is touched.

/** Puts text into the cache under its true digest, as a pull would. */
function plant(bed: DiskBed, text: string): string {
  const hex = hashText(text);
  const object = objectPath(`${bed.cache}/objects`, hex);
  fs.mkdirSync(object.slice(0, object.lastIndexOf('/')), { recursive: true });
  fs.writeFileSync(object, text, { mode: 0o444 });
  return hex;
}

const rows = (...lines: string[]): string => `{"tree":1,"entries":[\n${lines.join(',\n')}\n]}\n`;
const tree = (hex: string, size: number, files: number): ArtifactRef => ({
  digest: `b3:${hex}` as ArtifactRef['digest'],
  size,
  files,
});

t.test('a hostile tree writes nothing', async (t) => {
  const bed = openBed(t);
  const egg = plant(bed, 'egg');
  const inner = plant(bed, rows(`["f","pwned","${egg}",3]`));
  const hostile = {
    'a name that climbs': rows(`["f","../pwned","${egg}",3]`),
    'a directory that climbs': rows(`["d","..","${inner}",3,1]`),
    'an absolute name': rows(`["f","/tmp/avian-pwned","${egg}",3]`),
    'an absolute link': rows(`["l","out","/tmp"]`),
    'a link that climbs': rows(`["l","out","../.."]`),
    'a link and a directory of one name': rows(`["l","a","."]`, `["d","a","${inner}",3,1]`),
    'not canonical': rows(`["f","pwned","${egg}", 3]`),
  };
  const before = picture(bed.root).filter((line) => !line.includes('cache'));
  for (const [what, text] of Object.entries(hostile)) {
    const restored = await bed.workspace.restore(path('out'), tree(plant(bed, text), 3, 1));
    t.match(restored, { ok: false, error: { kind: 'refused' } }, what);
  }
  t.same(
    picture(bed.root).filter((line) => !line.includes('cache')),
    before,
  );
});

t.test(
  'a hostile tree behind a directory of its own is refused before anything is made',
  async (t) => {
    const bed = openBed(t);
    const egg = plant(bed, 'egg');
    const evil = plant(bed, rows(`["l","up","../../../.."]`));
    const outer = plant(bed, rows(`["f","a","${egg}",3]`, `["d","b","${evil}",0,1]`));
    const restored = await bed.workspace.restore(path('out'), tree(outer, 3, 2));
    t.match(restored, { ok: false, error: { kind: 'refused', path: 'out/b' } });
    t.notOk(fs.existsSync(`${bed.root}/out`));
  },
);

t.test('a name in two parts of a split directory is refused', async (t) => {
  const bed = openBed(t);
  const egg = plant(bed, 'egg');
  const inner = plant(bed, rows(`["f","pwned","${egg}",3]`));
  const a = plant(bed, rows(`["l","a","b"]`));
  const b = plant(bed, rows(`["d","a","${inner}",3,1]`));
  const split = plant(bed, `{"tree":1,"parts":[\n["0","${a}",0,1],\n["1","${b}",3,1]\n]}\n`);
  t.match(await bed.workspace.restore(path('out'), tree(split, 3, 2)), {
    ok: false,
    error: { kind: 'refused', cause: /a name twice/ },
  });
});

t.test('a tree that lies about what is below it is refused', async (t) => {
  const bed = openBed(t);
  const egg = plant(bed, 'egg');
  const inner = plant(bed, rows(`["f","a","${egg}",3]`, `["f","b","${egg}",3]`));
  const outer = plant(bed, rows(`["d","x","${inner}",3,1]`));
  t.match(await bed.workspace.restore(path('out'), tree(outer, 3, 1)), {
    ok: false,
    error: { kind: 'refused', cause: /not what its name says/ },
  });
});

t.test('a tree deeper than 256 directories is refused, both ways', async (t) => {
  const bed = openBed(t);
  const empty = (hex: string): string => rows(`["d","d","${hex}",0,0]`);
  let hex = plant(bed, '{"tree":1,"entries":[\n\n]}\n');
  for (let depth = 0; depth < 300; depth++) hex = plant(bed, empty(hex));
  t.match(await bed.workspace.restore(path('out'), tree(hex, 0, 0)), {
    ok: false,
    error: { kind: 'refused', cause: /256 directories deep/ },
  });
  fs.mkdirSync(`${bed.root}/deep${'/d'.repeat(256)}`, { recursive: true });
  t.match(await bed.workspace.digest(path('deep')), {
    ok: false,
    error: { kind: 'refused', cause: /256 directories deep/ },
  });
});

t.test('a link planted on the way to an out is not followed out of the project', async (t) => {
  const bed = openBed(t);
  const outside = openBed(t);
  await bed.write('nest/egg', 'robin');
  const nest = toRef(await content(bed.workspace.commit(path('nest'))));
  fs.symlinkSync(outside.root, `${bed.root}/artifacts`);
  t.match(await bed.workspace.restore(path('artifacts/nest'), nest), {
    ok: false,
    error: { kind: 'refused', path: 'artifacts' },
  });
  fs.unlinkSync(`${bed.root}/artifacts`);
  fs.symlinkSync('gone/nowhere', `${bed.root}/artifacts`);
  t.match(await bed.workspace.restore(path('artifacts/nest'), nest), { ok: false });
  t.same(picture(outside.root), []);
});

t.test('a link at the out itself is replaced and kept, never written through', async (t) => {
  const bed = openBed(t);
  const outside = openBed(t);
  await outside.write('precious', 'mine');
  await bed.write('nest/egg', 'robin');
  const nest = toRef(await content(bed.workspace.commit(path('nest'))));
  fs.symlinkSync(outside.root, `${bed.root}/out`);
  t.match(await bed.workspace.restore(path('out'), nest), { ok: true, value: { kept: String } });
  t.ok(fs.lstatSync(`${bed.root}/out`).isDirectory());
  t.same(picture(outside.root).length, 1);
});

t.test('what cannot be kept is refused by name', async (t) => {
  const bed = openBed(t);
  const refused = async (cause: RegExp, inside: string) => {
    t.match(await bed.workspace.commit(path('nest')), {
      ok: false,
      error: { kind: 'refused', path: inside, cause },
    });
    fs.rmSync(`${bed.root}/nest`, { recursive: true });
    fs.mkdirSync(`${bed.root}/nest/deep`, { recursive: true });
  };
  fs.mkdirSync(`${bed.root}/nest`);
  fs.symlinkSync('/etc/hostname', `${bed.root}/nest/a`);
  await refused(/absolute link/, 'nest/a');
  fs.symlinkSync('../../a', `${bed.root}/nest/deep/a`);
  await refused(/leaves the directory/, 'nest/deep/a');
  execFileSync('mkfifo', [`${bed.root}/nest/pipe`]);
  await refused(/socket, a pipe or a device/, 'nest/pipe');
  fs.writeFileSync(Buffer.concat([Buffer.from(`${bed.root}/nest/`), Buffer.from([0xff])]), '');
  await refused(/not UTF-8/, 'nest/\uFFFD');
  fs.symlinkSync(Buffer.from([0xfe]), `${bed.root}/nest/link`);
  await refused(/not UTF-8/, 'nest/link');
  fs.symlinkSync('deep', `${bed.root}/link`);
  t.match(await bed.workspace.digest(path('link')), { ok: false, error: { cause: /is a link/ } });
  t.match(await bed.workspace.commit(path('.')), { ok: false, error: { kind: 'refused' } });
});

t.test('a file that grows while it is read is told', async (t) => {
  const bed = openBed(t);
  await bed.write('log', 'x'.repeat(5_000_000));
  // Before each piece that is written to the object, the other hand appends one byte.
  const doomed = bed.open({
    step(operation) {
      if (operation === 'write') fs.appendFileSync(`${bed.root}/log`, 'y');
    },
  });
  t.match(await doomed.commit(path('log')), {
    ok: false,
    error: { kind: 'changed-while-read', path: 'log' },
  });
  t.same(fs.readdirSync(`${bed.cache}/tmp/objects`), [], 'nothing half done is left');
  t.match(await bed.workspace.commit(path('log')), { ok: true });
});

t.test(
  'a replaced file is kept even if it was written to while it was being replaced',
  async (t) => {
    const bed = openBed(t);
    await bed.write('model', 'old');
    const old = toRef(await content(bed.workspace.commit(path('model'))));
    await bed.write('model', 'new');
    await bed.workspace.commit(path('model'));
    const racing = bed.open({
      step(operation, at) {
        if (operation === 'rename' && at === `${bed.root}/model`) {
          fs.writeFileSync(`${bed.root}/model`, 'NEW');
        }
      },
    });
    const restored = await racing.restore(path('model'), old);
    t.ok(restored.ok && restored.value.kept !== undefined);
    t.equal(await bed.read((restored.ok && restored.value.kept) || ''), 'NEW');
    t.equal(await bed.read('model'), 'old');
  },
);

t.test('the encoder and the reader agree on a split directory', async (t) => {
  const bed = openBed(t);
  const egg = plant(bed, '');
  const entries = Array.from({ length: 5000 }, (_, index): TreeEntry => {
    const digest = `b3:${egg}` as ArtifactRef['digest'];
    return { kind: 'file', name: `${index}`, digest, size: 0, executable: false };
  });
  const summary = encodeDirectory(entries, hashText, (_, text) => void plant(bed, text));
  t.equal(await bed.workspace.holds(summary), true);
  t.match(await bed.workspace.restore(path('out'), summary), { ok: true });
  t.equal(fs.readdirSync(`${bed.root}/out`).length, 5000);
  t.same(toRef(await content(bed.workspace.digest(path('out')))), summary);
  fs.writeFileSync(`${bed.root}/out/77`, 'changed');
  const after = toRef(await content(bed.workspace.digest(path('out'))));
  const change = [{ path: '77', kind: 'modified' as const }];
  t.same(await bed.workspace.compare(summary, after, 10), change);
  await bed.workspace.commit(path('out'));
  t.same(await bed.workspace.compare(summary, after, 10), change);
});
