import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import type { DvcHash } from '../../model/dvc.ts';
import type { RepoPath } from '../../model/names.ts';
import { openWorkspace } from '../workspace/open-workspace.ts';
import { picture } from '../workspace/testing.ts';
import { openDvcCache, type DvcCacheOptions } from './open-dvc-cache.ts';

const md5 = (bytes: string | Buffer): string => createHash('md5').update(bytes).digest('hex');
const path = (text: string): RepoPath => text as RepoPath;
const file = (bytes: string | Buffer): DvcHash => ({
  md5: md5(bytes),
  directory: false,
  legacy: false,
});

/** A project with DVC's cache in it, written as DVC does: read only, named by MD5. */
function createBed(t: Test) {
  const root = fs.mkdtempSync(join(tmpdir(), 'avian-dvc-cache-'));
  t.teardown(() => fs.rmSync(root, { recursive: true, force: true }));
  const cache = join(root, 'cache/v1');
  const dvc = join(root, '.dvc/cache');
  const write = (below: string, bytes: string | Buffer, mode = 0o644): void => {
    fs.mkdirSync(dirname(join(root, below)), { recursive: true });
    fs.writeFileSync(join(root, below), bytes, { mode });
  };
  const put = (bytes: string | Buffer, name = md5(bytes), suffix = ''): string => {
    write(`.dvc/cache/files/md5/${name.slice(0, 2)}/${name.slice(2)}${suffix}`, bytes, 0o444);
    return name;
  };
  /** A directory; what is stored of it is up to the caller. */
  const putList = (
    entries: readonly { readonly md5: string; readonly relpath: string }[],
  ): DvcHash => {
    const text = `[${entries.map((entry) => `{"md5": "${entry.md5}", "relpath": "${entry.relpath}"}`).join(', ')}]`;
    return { md5: put(text, md5(text), '.dir'), directory: true, legacy: false };
  };
  const open = (options: Partial<DvcCacheOptions> = {}) =>
    openDvcCache({
      ...{ root, cache, cacheDir: undefined, emit: () => undefined },
      ...{ signal: new AbortController().signal, ...options },
    });
  const workspace = openWorkspace({ root, cache, emit: () => undefined });
  t.teardown(() => workspace.close());
  return { root, cache, dvc, write, put, putList, open, workspace };
}

t.test(
  'a file and a directory come out of the workspace as DVC would have put them there',
  async (t) => {
    const bed = createBed(t);
    const large = Buffer.alloc(3 * 1024 * 1024 + 17, 'robin\r\n');
    const list = bed.putList([
      { md5: bed.put('a'), relpath: 'a.txt' },
      { md5: bed.put('é'), relpath: 'deep/er/\\u00fc \\"q\\".txt' },
      { md5: bed.put(large), relpath: 'large.bin' },
      { md5: bed.put('a'), relpath: 'same.txt' },
    ]);
    const before = picture(bed.dvc);
    const dvc = bed.open();
    const tree = await dvc.convert(list, path('data'));
    const blob = await dvc.convert(file('a'), path('one'));
    await dvc.sync();
    t.same(dvc.copied(), { files: 3, bytes: large.length + 1 + 2 }, 'each content is read once');
    dvc.close();
    if (!tree.ok || !blob.ok) throw new Error('not converted');
    await bed.workspace.restore(path('data'), tree.value);
    await bed.workspace.restore(path('one'), blob.value);
    t.equal(fs.readFileSync(join(bed.root, 'one'), 'utf8'), 'a');
    t.equal(fs.readFileSync(join(bed.root, 'data/deep/er/ü "q".txt'), 'utf8'), 'é');
    t.ok(fs.readFileSync(join(bed.root, 'data/large.bin')).equals(large));
    t.equal(tree.value.files, 4);
    t.same(picture(bed.dvc), before, "DVC's cache is as it was");
    t.match(
      await bed.workspace.digest(path('data')),
      { value: tree.value },
      'the same tree as ours',
    );
  },
);

t.test('what is missing is named, and what is damaged is not kept', async (t) => {
  const bed = createBed(t);
  const dvc = bed.open();
  t.teardown(() => dvc.close());
  t.same(dvc.missing(file('gone')), [md5('gone')]);
  t.match(await dvc.convert(file('gone'), path('x')), {
    error: { kind: 'missing', objects: [md5('gone')] },
  });

  const partial = bed.putList([
    { md5: bed.put('here'), relpath: 'here' },
    { md5: md5('not'), relpath: 'not' },
  ]);
  t.same(dvc.missing(partial), [md5('not')]);
  t.match(await dvc.convert(partial, path('x')), {
    error: { kind: 'missing', objects: [md5('not')] },
  });

  for (const [bytes, name] of [
    ['flipped', md5('small')],
    [Buffer.alloc(2 * 1024 * 1024), md5('large')],
  ] as const) {
    bed.put(bytes, name);
    const damaged = { md5: name, directory: false, legacy: false };
    t.match(await dvc.convert(damaged, path('x')), { error: { kind: 'corrupt', object: String } });
  }
  bed.put('[]', md5('list'), '.dir');
  const list = { md5: md5('list'), directory: true, legacy: false };
  t.match(await dvc.convert(list, path('x')), { error: { kind: 'corrupt' } });
  bed.put('no list', md5('no list'), '.dir');
  const none = { md5: md5('no list'), directory: true, legacy: false };
  t.match(await dvc.convert(none, path('x')), { error: { kind: 'corrupt' } });
  t.same(objectsIn(bed.cache), [], 'nothing of it is in the cache');
});

t.test('a list of files that would leave its directory is refused', async (t) => {
  const bed = createBed(t);
  const dvc = bed.open();
  t.teardown(() => dvc.close());
  const a = bed.put('a');
  const lists = [['../x'], ['/x'], ['a/../../x'], ['a//x'], ['.'], ['']];
  for (const relpaths of [...lists, ['a', 'a/b']]) {
    const list = bed.putList(relpaths.map((relpath) => ({ md5: a, relpath })));
    t.match(await dvc.convert(list, path('x')), { error: { kind: 'refused' } }, relpaths.join());
  }
});

t.test('before DVC 3: another place, and text hashed with CRLF as LF', async (t) => {
  const bed = createBed(t);
  const dvc = bed.open();
  t.teardown(() => dvc.close());
  const legacy = (name: string): DvcHash => ({ md5: name, directory: false, legacy: true });
  const old = (bytes: string | Buffer, name: string): void =>
    bed.write(`.dvc/cache/${name.slice(0, 2)}/${name.slice(2)}`, bytes);

  const text = `${'line\r\n'.repeat(300_000)}\rend`;
  old(text, md5(text.replaceAll('\r\n', '\n')));
  const converted = await dvc.convert(legacy(md5(text.replaceAll('\r\n', '\n'))), path('t'));
  t.match(converted, { ok: true, value: { size: text.length } }, 'the bytes stay as they are');
  bed.write('t', text);
  t.ok(await dvc.matches(path('t'), legacy(md5(text.replaceAll('\r\n', '\n')))));
  t.notOk(await dvc.matches(path('t'), file(text.replaceAll('\r\n', '\n'))), 'not for DVC 3');

  const binary = Buffer.from([0, 13, 10, 1]);
  old(binary, md5(binary));
  t.match(await dvc.convert(legacy(md5(binary)), path('b')), { ok: true }, 'a NUL makes it binary');
  const strange = Buffer.from([200, 201, 202, 13, 10, 65, 66]);
  old(strange, md5(strange));
  t.match(
    await dvc.convert(legacy(md5(strange)), path('s')),
    { ok: true },
    'three of seven: no text',
  );

  bed.put('migrated');
  t.match(await dvc.convert(legacy(md5('migrated')), path('m')), { ok: true }, 'cache migrate');
});

t.test('a directory in the workspace is the content of a hash as DVC would see it', async (t) => {
  const bed = createBed(t);
  const dvc = bed.open();
  t.teardown(() => dvc.close());
  bed.write('.dvcignore', '*.tmp\n');
  bed.write('d/.dvcignore', 'cache/\n!cache/\nlocal\n');
  bed.write('d/b.txt', 'b');
  bed.write('d/a/é\u{1f426}.txt', 'e', 0o755);
  bed.write('d/x.tmp', 'ignored');
  bed.write('d/local/y', 'ignored');
  fs.mkdirSync(join(bed.root, 'd/empty'));
  fs.symlinkSync('b.txt', join(bed.root, 'd/link'));
  fs.symlinkSync('..', join(bed.root, 'd/a/up'));
  const list = bed.putList([
    { md5: md5('cache/\n!cache/\nlocal\n'), relpath: '.dvcignore' },
    { md5: md5('e'), relpath: 'a/\\u00e9\\ud83d\\udc26.txt' },
    { md5: md5('b'), relpath: 'b.txt' },
    { md5: md5('b'), relpath: 'link' },
  ]);
  t.ok(
    await dvc.matches(path('d'), list),
    'links are followed, once; ignored and empty are not there',
  );
  t.notOk(await dvc.matches(path('d/b.txt'), list));
  t.notOk(await dvc.matches(path('absent'), list));
  bed.write('d/b.txt', 'B');
  t.notOk(await dvc.matches(path('d'), list));
});

t.test('the files of a project, not those in folders that DVC ignores', (t) => {
  const bed = createBed(t);
  for (const name of [
    'dvc.yaml',
    'a/dvc.yaml',
    'a/x.csv.dvc',
    'a/.dvcignore',
    'Dvcfile',
    'a.txt',
  ]) {
    bed.write(name, name.endsWith('.dvcignore') ? 'not/\n' : '');
  }
  for (const name of [
    'a/not/dvc.yaml',
    'node_modules/p/dvc.yaml',
    '.git/dvc.yaml',
    '.dvc/tmp/x.dvc',
  ]) {
    bed.write(name, '');
  }
  t.same(bed.open().files(), ['Dvcfile', 'a/.dvcignore', 'a/dvc.yaml', 'a/x.csv.dvc', 'dvc.yaml']);
  t.end();
});

t.test('a cache elsewhere', async (t) => {
  const bed = createBed(t);
  bed.write('far/files/md5/0c/c175b9c0f1b6a831c399e269772661', 'a');
  const dvc = bed.open({ cacheDir: '../far' });
  t.teardown(() => dvc.close());
  t.match(await dvc.convert(file('a'), path('a')), { ok: true });
});

t.test('stopped between any two changes of the disk, nothing half is an object', async (t) => {
  const bed = createBed(t);
  const large = Buffer.alloc(2 * 1024 * 1024, 'x');
  const list = bed.putList([
    { md5: bed.put('a'), relpath: 'a' },
    { md5: bed.put(large), relpath: 'large' },
  ]);
  let steps = 0;
  for (let stopAt = 1; ; stopAt += 1) {
    fs.rmSync(bed.cache, { recursive: true, force: true });
    steps = 0;
    const dvc = bed.open({
      step: () => {
        steps += 1;
        if (steps === stopAt) throw new Error('stopped here');
      },
    });
    const ended = await dvc.convert(list, path('d')).then(
      ({ ok }) => ok,
      (error: unknown) => String(error),
    );
    for (const object of objectsIn(bed.cache)) {
      const bytes = fs.readFileSync(object);
      t.ok(
        bytes.equals(large) || bytes.toString() === 'a' || bytes.toString().startsWith('{"tree"'),
      );
    }
    if (ended === true) break;
    t.match(ended, /stopped here/, `step ${stopAt}`);
    const again = bed.open();
    t.match(await again.convert(list, path('d')), { ok: true }, 'the next import goes on');
    again.close();
  }
  t.ok(steps > 8, `${steps} steps`);
});

t.test('a full disk ends the import in words', async (t) => {
  const bed = createBed(t);
  bed.put('a');
  const full = Object.assign(new Error('ENOSPC: no space'), { code: 'ENOSPC', syscall: 'write' });
  const dvc = bed.open({
    step: (operation) => {
      if (operation === 'write') throw full;
    },
  });
  const ended = await dvc.convert(file('a'), path('a')).catch((error: unknown) => error);
  t.match(ended, { problem: { diagnostics: [{ code: 'import-dvc/no-space' }] } });
});

function objectsIn(cache: string): string[] {
  const folder = join(cache, 'objects');
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .flatMap((prefix) =>
      fs.readdirSync(join(folder, prefix)).map((rest) => join(folder, prefix, rest)),
    );
}
