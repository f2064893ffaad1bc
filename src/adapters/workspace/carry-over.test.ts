import * as fs from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { toRef, type ArtifactRef } from '../../model/artifact.ts';
import { content } from '../../testing/contracts/workspace.contract.ts';
import { openBed, path, type DiskBed } from './testing.ts';

// A tree takes the place of another one that has most of its files: those are not copied.

/** Past the file system's tick, so that what was written before is no longer young. */
const tick = (): Promise<void> => setTimeout(20);

const NEXT = ['deep/same', 'changed', 'executable', 'link', 'new', 'became/a/folder', 'z'];

/** `nest` as it was, with `next` in the cache beside it. */
async function twoVersions(
  t: Test,
): Promise<{ bed: DiskBed; old: ArtifactRef; next: ArtifactRef }> {
  const bed = openBed(t);
  const write = async (tree: string, files: Readonly<Record<string, string>>): Promise<void> => {
    for (const [name, text] of Object.entries(files)) await bed.write(`${tree}/${name}`, text);
    fs.symlinkSync('z', `${bed.root}/${tree}/link`);
  };
  const shared = { 'deep/same': 'robin', executable: 'echo', z: 'last' };
  await write('next', { ...shared, changed: 'hen', new: 'chick', 'became/a/folder': 'nest' });
  fs.chmodSync(`${bed.root}/next/executable`, 0o755);
  await write('nest', { ...shared, changed: 'egg', 'deep/gone': 'owl', became: 'a file' });
  await tick();
  const commit = async (name: string) => toRef(await content(bed.workspace.commit(path(name))));
  const [next, old] = [await commit('next'), await commit('nest')];
  await bed.remove('next');
  await tick();
  return { bed, old, next };
}

const inodes = (bed: DiskBed): Record<string, number> =>
  Object.fromEntries(
    fs
      .readdirSync(`${bed.root}/nest`, { recursive: true, encoding: 'utf8' })
      .map((name) => [name, fs.lstatSync(`${bed.root}/nest/${name}`).ino]),
  );

const textsIn = (folder: string): string[] =>
  fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => fs.readFileSync(`${entry.parentPath}/${entry.name}`, 'utf8'));

t.test('files that both trees have stay the same files, and only those', async (t) => {
  const { bed, old, next } = await twoVersions(t);
  const before = inodes(bed);
  t.match(await bed.workspace.restore(path('nest'), next), { ok: true });
  t.same(toRef(await content((await bed.reopen()).digest(path('nest')))), next);
  const after = inodes(bed);
  const stayed = NEXT.filter((name) => after[name] === before[name]);
  t.same(stayed, ['deep/same', 'z']);
  for (const name of stayed) t.equal(fs.lstatSync(`${bed.root}/nest/${name}`).nlink, 1, name);
  t.notOk(fs.existsSync(`${bed.cache}/tmp/replaced`), 'what was replaced is in the cache');

  t.match(await (await bed.reopen()).restore(path('nest'), old), { ok: true });
  t.same(toRef(await content((await bed.reopen()).digest(path('nest')))), old, 'and back');
});

t.test('a file that is hard-linked to its object is copied', async (t) => {
  const { bed, old, next } = await twoVersions(t);
  await bed.remove('nest');
  t.match(await bed.workspace.restore(path('nest'), old, 'hardlink'), { ok: true });
  await tick();
  t.match(await (await bed.reopen()).restore(path('nest'), next), { ok: true });
  fs.appendFileSync(`${bed.root}/nest/z`, ' written');
  t.equal(await (await bed.reopen()).holds(next), true, 'the object has not changed with it');
});

t.test('changes that were never committed are kept apart from the workspace', async (t) => {
  const { bed, next } = await twoVersions(t);
  await bed.write('nest/changed', 'never committed');
  const restored = await bed.workspace.restore(path('nest'), next);
  const kept = `${bed.root}/${String(restored.ok && restored.value.kept)}`;
  fs.appendFileSync(`${bed.root}/nest/z`, ' written');
  t.same(textsIn(kept).sort(), ['a file', 'echo', 'last', 'never committed', 'owl', 'robin']);
});

for (const name of ['z', 'changed']) {
  t.test(`a write to ${name} at any moment of the restore is not lost`, async (t) => {
    for (let at = 1; ; at++) {
      const { bed, next } = await twoVersions(t);
      // Who writes has opened the file before, as a program does that goes on running.
      const fd = fs.openSync(`${bed.root}/nest/${name}`, 'a');
      let steps = 0;
      const step = (): void => {
        if (++steps === at) fs.writeSync(fd, ' written');
      };
      const restored = await bed.open({ step }).restore(path('nest'), next);
      fs.closeSync(fd);
      if (steps < at) return;
      const nest = textsIn(`${bed.root}/nest`);
      const isThere = nest.some((text) => text.endsWith(' written'));
      const kept = restored.ok ? restored.value.kept : undefined;
      const isKept =
        kept !== undefined &&
        textsIn(`${bed.root}/${kept}`).some((text) => text.endsWith('written'));
      // After the old tree was looked at for the last time, a write to a file that goes is nobody's.
      if (name === 'z') t.ok(isThere || isKept, `step ${at}`);
      const found = toRef(await content((await bed.reopen()).digest(path('nest'))));
      t.equal(found.digest === next.digest, !isThere, `step ${at}: told as it is`);
    }
  });
}
