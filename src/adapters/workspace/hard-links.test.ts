import Database from 'better-sqlite3';
import * as fs from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import t from 'tap';
import { toRef, type ArtifactRef } from '../../model/artifact.ts';
import { content } from '../../testing/contracts/workspace.contract.ts';
import type { OpenWorkspace } from './open-workspace.ts';
import { objectPath } from './layout.ts';
import { openBed, path, type DiskBed } from './testing.ts';

// A restored file that is the object itself can be written to, by root at least: what then?

const objectOf = (bed: DiskBed, { digest }: ArtifactRef): string =>
  objectPath(`${bed.cache}/objects`, digest.slice(3));

const inode = (file: string): number => fs.statSync(file).ino;

/** Appends as root does: whatever the mode. */
function writeAsRoot(file: string, write: (file: string) => void): void {
  const { mode } = fs.statSync(file);
  if (process.getuid?.() !== 0) fs.chmodSync(file, 0o644);
  write(file);
  if (process.getuid?.() !== 0) fs.chmodSync(file, mode & 0o7777);
}

async function restored(bed: DiskBed): Promise<{
  readonly model: ArtifactRef;
  readonly egg: ArtifactRef;
  readonly workspace: OpenWorkspace;
}> {
  await bed.write('model/egg', 'egg');
  await bed.write('model/deep/robin', 'robin');
  await bed.write('model/run.sh', 'echo egg');
  fs.chmodSync(`${bed.root}/model/run.sh`, 0o755);
  const commit = async (name: string) => toRef(await content(bed.workspace.commit(path(name))));
  const [model, egg] = [await commit('model'), await commit('model/egg')];
  await bed.workspace.sync();
  await bed.remove('model');
  t.match(await bed.workspace.restore(path('model'), model, 'hardlink'), { ok: true });
  // Past the file system's tick, and as a later avian sees it.
  await setTimeout(150);
  return { model, egg, workspace: await bed.reopen() };
}

t.test('restored files are the objects, read only; programs are copies', async (t) => {
  const bed = openBed(t);
  const { model, egg, workspace } = await restored(bed);
  t.equal(inode(`${bed.root}/model/egg`), inode(objectOf(bed, egg)));
  t.equal(fs.statSync(`${bed.root}/model/egg`).mode & 0o7777, 0o444);
  t.equal(fs.statSync(`${bed.root}/model/run.sh`).nlink, 1);
  t.ok((fs.statSync(`${bed.root}/model/run.sh`).mode & 0o111) !== 0);
  t.same(toRef(await content(workspace.digest(path('model')))), model);
  t.equal(await workspace.holds(model), true);
  t.equal(await (await bed.reopen()).holds(model), true, 'also once its stat is noted');
});

t.test('a second out with the same bytes is one more link, or a program of its own', async (t) => {
  const bed = openBed(t);
  const { egg, workspace } = await restored(bed);
  t.match(await workspace.restore(path('second'), egg, 'hardlink'), { ok: true });
  t.equal(fs.statSync(objectOf(bed, egg)).nlink, 3);
  const program = { ...egg, executable: true as const };
  t.match(await workspace.restore(path('program'), program, 'hardlink'), { ok: true });
  t.equal(fs.statSync(objectOf(bed, egg)).nlink, 3);
  t.equal(fs.statSync(objectOf(bed, egg)).mode & 0o7777, 0o444, 'no bit of the program’s');
  t.match(await content((await bed.reopen()).digest(path('program'))), { executable: true });
  await bed.write('copy', '');
  t.match(await workspace.restore(path('copy'), egg), { ok: true });
  fs.appendFileSync(`${bed.root}/copy`, 'mine');
  t.equal(await (await bed.reopen()).holds(egg), true, 'a copy is nobody else’s');
});

for (const [what, write] of [
  ['an append', (file: string) => fs.appendFileSync(file, '!')],
  ['bytes of the same size', (file: string) => fs.writeFileSync(file, 'EGG')],
  [
    'bytes of the same size under the old times',
    (file: string) => {
      const { atime, mtime } = fs.statSync(file);
      fs.writeFileSync(file, 'EGG');
      fs.utimesSync(file, atime, mtime);
    },
  ],
] as const) {
  for (const isLinkGone of [false, true]) {
    const when = isLinkGone ? ', even if the link is gone by then' : '';
    for (const isNoted of [false, true]) {
      t.test(`${what} through a link is caught${when} (noted: ${isNoted})`, async (t) => {
        const bed = openBed(t);
        const { model, egg, workspace } = await restored(bed);
        if (isNoted) t.equal(await workspace.holds(model), true);
        writeAsRoot(`${bed.root}/model/egg`, write);
        if (isLinkGone) fs.rmSync(`${bed.root}/model/egg`);
        const next = await bed.reopen();
        t.equal(await next.holds(egg), false);
        t.equal(await (await bed.reopen()).holds(model), false);
        t.notOk(fs.existsSync(objectOf(bed, egg)), 'out of the way');
        t.ok(fs.existsSync(`${bed.cache}/tmp/corrupt/${egg.digest.slice(3)}`), 'and kept');
        t.match(await next.restore(path('again'), model, 'hardlink'), {
          ok: false,
          error: { kind: 'object-missing' },
        });
        t.notOk(fs.existsSync(`${bed.root}/again`), 'never served');
        // Made again, it is right again, and what the person wrote is still theirs.
        await bed.write('fresh', 'egg');
        t.same(toRef(await content(next.commit(path('fresh')))), egg);
        t.equal(await (await bed.reopen()).holds(model), true);
        if (!isLinkGone) t.match(await bed.read('model/egg'), /^EGG$|^egg!$/);
      });
    }
  }
}

t.test('a restore finds out by itself, with links and with copies', async (t) => {
  for (const link of ['hardlink', 'copy'] as const) {
    const bed = openBed(t);
    const { egg } = await restored(bed);
    writeAsRoot(`${bed.root}/model/egg`, (file) => fs.writeFileSync(file, 'EGG'));
    t.match(await (await bed.reopen()).restore(path('again'), egg, link), {
      ok: false,
      error: { kind: 'object-corrupt' },
    });
    t.notOk(fs.existsSync(`${bed.root}/again`));
    t.notOk(fs.existsSync(objectOf(bed, egg)), 'set aside');
  }
});

t.test('a commit of the right bytes replaces an object that lies', async (t) => {
  const bed = openBed(t);
  const { egg, model } = await restored(bed);
  writeAsRoot(`${bed.root}/model/egg`, (file) => fs.writeFileSync(file, 'EGG'));
  await bed.write('fresh', 'egg');
  const next = await bed.reopen();
  t.same(toRef(await content(next.commit(path('fresh')))), egg);
  t.equal(await next.holds(model), true);
  t.equal(await bed.read('model/egg'), 'EGG');
});

t.test('links of somebody else’s are distrusted too', async (t) => {
  const bed = openBed(t);
  await bed.write('egg', 'egg');
  const egg = toRef(await content(bed.workspace.commit(path('egg'))));
  await bed.workspace.sync();
  fs.linkSync(objectOf(bed, egg), `${bed.root}/backup`);
  t.equal(await (await bed.reopen()).holds(egg), true);
  writeAsRoot(`${bed.root}/backup`, (file) => fs.writeFileSync(file, 'EGG'));
  t.equal(await (await bed.reopen()).holds(egg), false);
});

t.test('an unchanged tree of links is answered without reading it', async (t) => {
  const bed = openBed(t);
  await bed.write('nest/a', 'same');
  await bed.write('nest/b', 'same');
  const nest = toRef(await content(bed.workspace.commit(path('nest'))));
  await bed.remove('nest');
  await bed.workspace.restore(path('nest'), nest, 'hardlink');
  const object = fs.statSync(`${bed.root}/nest/a`);
  t.equal(object.nlink, 3, 'both names and the object');
  await bed.workspace.close();
  const lie = `b3:${'5'.repeat(64)}`;
  const database = new Database(`${bed.cache}/stat.sqlite`);
  database.exec(`UPDATE root SET artifact = json_set(artifact, '$.digest', '${lie}')`);
  database.close();
  t.equal(
    (await content((await bed.reopen()).digest(path('nest')))).digest,
    lie,
    'believed, not read',
  );
});
