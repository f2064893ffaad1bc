import * as fs from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import t from 'tap';
import Database from 'better-sqlite3';
import { toRef } from '../../model/artifact.ts';
import { content } from '../../testing/contracts/workspace.contract.ts';
import { objectPath } from './layout.ts';
import { openBed, path, type DiskBed } from './testing.ts';

// What may be believed: files by their stat, objects by their name and size.

/** Past the file system's tick, so that what was written before is no longer young. */
const tick = (): Promise<void> => setTimeout(20);

const digestOf = async (bed: DiskBed, name: string): Promise<string> =>
  (await content(bed.workspace.digest(path(name)))).digest;

/**
 * Swaps the digests that the stat cache holds for a lie: a digest that comes out the same was
 * computed from the files, one that comes out as the lie was believed.
 */
async function plantLie(bed: DiskBed): Promise<string> {
  // The workspace's own transaction ends with the event loop's turn.
  await tick();
  const lie = `b3:${'5'.repeat(64)}`;
  const database = new Database(`${bed.cache}/stat.sqlite`);
  database.exec(`UPDATE root SET artifact = json_set(artifact, '$.digest', '${lie}')`);
  database.close();
  return lie;
}

t.test('an unchanged path is answered from the stat cache', async (t) => {
  const bed = openBed(t);
  await bed.write('file', 'robin');
  await bed.write('nest/deep/egg', 'egg');
  await tick();
  const before = [await digestOf(bed, 'file'), await digestOf(bed, 'nest')];
  const lie = await plantLie(bed);
  t.equal(await digestOf(bed, 'file'), lie);
  t.equal(await digestOf(bed, 'nest'), lie);
  // Touched: read again, and right again.
  fs.utimesSync(`${bed.root}/file`, 1, 1);
  fs.utimesSync(`${bed.root}/nest/deep/egg`, 1, 1);
  t.same([await digestOf(bed, 'file'), await digestOf(bed, 'nest')], before);
});

t.test('a rewrite with the same size and the same time is seen', async (t) => {
  const bed = openBed(t);
  await bed.write('nest/egg', 'robin');
  await tick();
  const before = await digestOf(bed, 'nest');
  const { atime, mtime } = fs.statSync(`${bed.root}/nest/egg`);
  fs.writeFileSync(`${bed.root}/nest/egg`, 'finch');
  fs.utimesSync(`${bed.root}/nest/egg`, atime, mtime);
  t.not(await digestOf(bed, 'nest'), before);
});

t.test('another file renamed over it, with the same size and time, is seen', async (t) => {
  const bed = openBed(t);
  await bed.write('nest/egg', 'robin');
  await bed.write('other', 'finch');
  const time = new Date('2026-01-01');
  fs.utimesSync(`${bed.root}/nest/egg`, time, time);
  fs.utimesSync(`${bed.root}/other`, time, time);
  await tick();
  const before = await digestOf(bed, 'nest');
  fs.renameSync(`${bed.root}/other`, `${bed.root}/nest/egg`);
  t.not(await digestOf(bed, 'nest'), before);
});

t.test('a name added, removed or renamed deep inside is seen', async (t) => {
  const bed = openBed(t);
  await bed.write('nest/a/b/one', 'egg');
  await bed.write('nest/a/b/two', 'egg');
  const seen = [await digestOf(bed, 'nest')];
  for (const change of [
    () => fs.mkdirSync(`${bed.root}/nest/a/empty`),
    () => fs.renameSync(`${bed.root}/nest/a/b/two`, `${bed.root}/nest/a/b/three`),
    () => fs.unlinkSync(`${bed.root}/nest/a/b/three`),
    () => fs.chmodSync(`${bed.root}/nest/a/b/one`, 0o755),
    () => fs.symlinkSync('one', `${bed.root}/nest/a/b/link`),
  ]) {
    await tick();
    await digestOf(bed, 'nest');
    change();
    seen.push(await digestOf(bed, 'nest'));
  }
  t.equal(new Set(seen).size, seen.length);
});

t.test('files rewritten within one tick of the clock are never missed', async (t) => {
  const bed = openBed(t);
  for (let round = 0; round < 200; round++) {
    await bed.write('nest/egg', `egg ${1000 + round}`);
    const first = await digestOf(bed, 'nest');
    await bed.write('nest/egg', `EGG ${1000 + round}`);
    if ((await digestOf(bed, 'nest')) === first) t.fail(`round ${round}`);
  }
  t.pass('200 rounds');
});

t.test('asking for nothing creates nothing', async (t) => {
  const bed = openBed(t);
  await bed.workspace.digest(path('gone'));
  await bed.workspace.recover();
  await bed.workspace.interruptions();
  t.notOk(fs.existsSync(bed.cache));
});

for (const [what, spoil] of [
  ['a file that is no database', (file: string) => fs.writeFileSync(file, 'x'.repeat(9000))],
  [
    'another version',
    (file: string) => new Database(file).exec('PRAGMA user_version = 99').close(),
  ],
  ['an empty file', (file: string) => fs.truncateSync(file)],
  ['a torn file', (file: string) => fs.truncateSync(file, 5000)],
] as const) {
  t.test(`${what} in the stat cache's place costs time, not truth`, async (t) => {
    const bed = openBed(t);
    await bed.write('nest/egg', 'robin');
    await tick();
    const before = await digestOf(bed, 'nest');
    await bed.workspace.close();
    spoil(`${bed.cache}/stat.sqlite`);
    const workspace = await bed.reopen();
    t.equal((await content(workspace.digest(path('nest')))).digest, before);
    await workspace.close();
    t.equal((await content((await bed.reopen()).digest(path('nest')))).digest, before);
  });
}

t.test(
  'a cache that cannot be written is done without',
  { skip: process.getuid?.() === 0 && 'root writes everywhere' },
  async (t) => {
    const bed = openBed(t);
    await bed.write('nest/egg', 'robin');
    fs.mkdirSync(bed.cache, { recursive: true, mode: 0o555 });
    t.match(await bed.workspace.digest(path('nest')), { ok: true });
  },
);

t.test('after a restore and after a commit nothing is read again', async (t) => {
  const bed = openBed(t);
  await bed.write('nest/deep/egg', 'robin');
  await bed.write('file', 'egg');
  await tick();
  const nest = toRef(await content(bed.workspace.commit(path('nest'))));
  const file = toRef(await content(bed.workspace.commit(path('file'))));
  await bed.workspace.restore(path('copy'), nest);
  await bed.workspace.restore(path('file copy'), file);
  const lie = await plantLie(bed);
  for (const name of ['nest', 'file', 'copy', 'file copy']) t.equal(await digestOf(bed, name), lie);
});

t.test('after a restore that left files where they were nothing is read again', async (t) => {
  const bed = openBed(t);
  await bed.write('nest/egg', 'robin');
  await bed.write('nest/deep/same', 'egg');
  await tick();
  const old = toRef(await content(bed.workspace.commit(path('nest'))));
  await bed.write('nest/egg', 'wren');
  await tick();
  await content(bed.workspace.commit(path('nest')));
  await bed.workspace.restore(path('nest'), old);
  const lie = await plantLie(bed);
  t.equal(await digestOf(bed, 'nest'), lie);
});

t.test(
  'a flipped byte in an object is found, set aside, and the next commit mends it',
  async (t) => {
    const bed = openBed(t);
    await bed.write('nest/egg', 'robin');
    const nest = toRef(await content(bed.workspace.commit(path('nest'))));
    const egg = await content(bed.workspace.commit(path('nest/egg')));
    const hex = egg.digest.slice(3);
    const object = objectPath(`${bed.cache}/objects`, hex);
    t.equal(fs.statSync(object).mode & 0o777, 0o444);
    fs.chmodSync(object, 0o644);
    fs.writeFileSync(object, 'rObin');
    t.match(await bed.workspace.restore(path('copy'), nest), {
      ok: false,
      error: { kind: 'object-corrupt', digest: egg.digest },
    });
    t.notOk(fs.existsSync(`${bed.root}/copy`));
    t.equal(fs.readFileSync(`${bed.cache}/tmp/corrupt/${hex}`, 'utf8'), 'rObin');
    t.equal(await bed.workspace.holds(nest), false);
    t.match(await bed.workspace.commit(path('nest')), { ok: true });
    t.match(await bed.workspace.restore(path('copy'), nest), { ok: true });
    t.equal(await bed.read('copy/egg'), 'robin');
  },
);

t.test('a corrupt tree is found, and an object of the wrong size is not held', async (t) => {
  const bed = openBed(t);
  await bed.write('nest/egg', 'robin');
  const nest = toRef(await content(bed.workspace.commit(path('nest'))));
  const object = objectPath(`${bed.cache}/objects`, nest.digest.slice(3));
  fs.chmodSync(object, 0o644);
  fs.appendFileSync(object, ' ');
  const next = await bed.reopen();
  t.match(await next.restore(path('copy'), nest), { ok: false, error: { kind: 'object-corrupt' } });
  t.equal(await next.holds(nest), false);
  const file = toRef(await content(next.commit(path('nest/egg'))));
  const blob = objectPath(`${bed.cache}/objects`, file.digest.slice(3));
  fs.chmodSync(blob, 0o644);
  fs.truncateSync(blob, 2);
  t.equal(await next.holds(file), false);
  t.match(await next.commit(path('nest/egg')), { ok: true });
  t.equal(fs.readFileSync(blob, 'utf8'), 'robin');
});

t.test(
  'objects of a boot that ended without a barrier are hashed before they are trusted',
  async (t) => {
    const bed = openBed(t, { bootId: 'first' });
    await bed.write('nest/egg', 'robin');
    const nest = toRef(await content(bed.workspace.commit(path('nest'))));
    const egg = toRef(await content(bed.workspace.commit(path('nest/egg'))));
    // The power goes: the name was on disk, the bytes were not. No sync, no close.
    const object = objectPath(`${bed.cache}/objects`, egg.digest.slice(3));
    fs.chmodSync(object, 0o644);
    fs.writeFileSync(object, '\0'.repeat(5));
    t.equal(await bed.open({ bootId: 'first' }).holds(nest), true, 'size alone says nothing');
    const next = bed.open({ bootId: 'second' });
    t.equal(await next.holds(nest), false);
    t.same(fs.readdirSync(`${bed.cache}/tmp/unsynced`), []);
    await next.commit(path('nest'));
    await next.sync();
    await next.close();
    t.same(fs.readdirSync(`${bed.cache}/tmp/unsynced`), [], 'a clean end leaves no mark');
  },
);

t.test('after a boot, files that were young are looked at again, older ones are not', async (t) => {
  const bed = openBed(t, { bootId: 'first' });
  await bed.write('nest/young', 'robin');
  await bed.write('nest/old', 'egg');
  await bed.write('apart', 'egg');
  await tick();
  const before = await digestOf(bed, 'nest');
  const apart = await digestOf(bed, 'apart');
  await bed.workspace.close();
  const hours = new Date(Date.now() + 2 * 3_600_000);
  const lie = await plantLie(bed);
  t.not(apart, lie);
  t.equal((await content(bed.open({ bootId: 'first' }).digest(path('apart')))).digest, lie);
  await tick();
  const next = bed.open({ bootId: 'second' });
  t.equal((await content(next.digest(path('nest')))).digest, before);
  t.equal((await content(next.digest(path('apart')))).digest, apart);
  await next.close();
  const second = await plantLie(bed);
  t.equal((await content(bed.open({ bootId: 'second' }).digest(path('apart')))).digest, second);
  await tick();
  // By now the kernel has long written what these files hold.
  fs.utimesSync(`${bed.cache}/tmp/stat-boot`, hours, hours);
  t.equal((await content(bed.open({ bootId: 'third' }).digest(path('apart')))).digest, second);
});

t.test('a row of the stat cache that is damaged is no row', async (t) => {
  const bed = openBed(t);
  await bed.write('nest/egg', 'robin');
  await tick();
  const before = await digestOf(bed, 'nest');
  for (const damage of [
    `artifact = '{"digest":"b3:'`,
    `artifact = 'null'`,
    `artifact = '{"digest":"b3:no digest","size":5}'`,
    `names = 'one'`,
    `stats = x'00'`,
    `digests = x'00', stats = zeroblob(length(stats))`,
  ]) {
    await damageRows(bed, damage);
    t.equal(await digestOf(bed, 'nest'), before, damage);
  }
});

async function damageRows(bed: DiskBed, damage: string): Promise<void> {
  // The workspace's own transaction ends with the event loop's turn.
  await tick();
  const database = new Database(`${bed.cache}/stat.sqlite`);
  database.exec(`UPDATE root SET ${damage}`);
  database.close();
}

t.test('the rows of many files are had at once, and a damaged one is no row', async (t) => {
  const bed = openBed(t);
  const names = Array.from({ length: 40 }, (_, index) => `egg-${index}`);
  for (const name of names) await bed.write(name, name);
  await tick();
  const all = async (): Promise<string[]> => {
    const digests: string[] = [];
    for (const name of names) digests.push(await digestOf(bed, name));
    return digests;
  };
  const before = await all();
  const lie = await plantLie(bed);
  t.same(await all(), Array(40).fill(lie), 'another process wrote, and is believed');
  for (const damage of [
    `artifact = '{"digest":"b3:'`,
    `artifact = 'null'`,
    `stats = '[1,2'`,
    `stats = '[1,2,3,4]'`,
    `stats = '["","","","",""]'`,
    `stats = zeroblob(40)`,
  ]) {
    await damageRows(bed, damage);
    t.same(await all(), before, damage);
  }
  fs.utimesSync(`${bed.root}/egg-7`, 1, 1);
  fs.writeFileSync(`${bed.root}/egg-8`, 'EGG-8');
  const after = await all();
  t.equal(after[7], before[7]);
  t.not(after[8], before[8]);
});

t.test('a barrier waits for the one before it, and a failed one leaves the mark', async (t) => {
  const bed = openBed(t);
  await bed.write('egg', 'robin');
  await bed.workspace.commit(path('egg'));
  let isFirstDone = false;
  const first = bed.workspace.sync().then(() => (isFirstDone = true));
  await bed.workspace.sync();
  t.ok(isFirstDone, 'the second found nothing to sync, but not everything synced');
  await first;

  await bed.write('egg', 'wren');
  const wren = await content(bed.workspace.commit(path('egg')));
  const object = objectPath(`${bed.cache}/objects`, wren.digest.slice(3));
  // A loop of links is what an open fails at, for root too.
  fs.rmSync(object);
  fs.symlinkSync(object, object);
  await t.rejects(bed.workspace.sync(), { code: 'ELOOP' });
  await bed.workspace.close();
  t.equal(fs.readdirSync(`${bed.cache}/tmp/unsynced`).length, 1);
});

t.test('recover settles what a killed process of this boot had not synced', async (t) => {
  const bed = openBed(t);
  await bed.write('egg', 'robin');
  await bed.workspace.commit(path('egg'));
  t.equal(fs.readdirSync(`${bed.cache}/tmp/unsynced`).length, 1);
  await (await bed.reopen()).recover();
  t.same(fs.readdirSync(`${bed.cache}/tmp/unsynced`), []);
});

t.test('what the workspace has too may wait for the system, until its copy goes', async (t) => {
  const bed = openBed(t, { bootId: 'first' });
  const marks = (): string[] => fs.readdirSync(`${bed.cache}/tmp/unsynced`);
  const added = async (text: string) => {
    const workspace = await bed.reopen();
    await bed.write('egg', text);
    const ref = toRef(await content(workspace.commit(path('egg'))));
    await workspace.syncLater();
    await workspace.close();
    return ref;
  };
  const robin = await added('robin');
  await (await bed.reopen()).recover();
  t.match(marks(), [/^first\..*\.left$/], 'the next process does not wait for it either');
  const wren = await added('wren');
  t.equal(marks().length, 2);
  t.match(await (await bed.reopen()).discard(path('egg'), wren), { ok: true, value: true });
  t.same(marks(), [], 'the cache has the only copy now');

  await added('wren');
  await (await bed.reopen()).restore(path('egg'), robin);
  t.same(marks(), [], 'and here');

  const finch = await added('finch');
  const object = objectPath(`${bed.cache}/objects`, finch.digest.slice(3));
  fs.chmodSync(object, 0o644);
  fs.writeFileSync(object, '\0'.repeat(5));
  t.equal(await bed.open({ bootId: 'second' }).holds(finch), false, 'lost by a power cut: noticed');
});

t.test('a mark that was left long ago goes at the next command', async (t) => {
  const bed = openBed(t);
  await bed.write('egg', 'robin');
  await bed.workspace.commit(path('egg'));
  await bed.workspace.syncLater();
  await bed.workspace.close();
  const clock = t.capture(Date, 'now', () => Date.UTC(2100, 0));
  await (await bed.reopen()).recover();
  t.ok(clock().length > 0);
  t.same(fs.readdirSync(`${bed.cache}/tmp/unsynced`), []);
});

t.test('a barrier works for few and for many objects', async (t) => {
  const bed = openBed(t);
  await bed.write('egg', 'robin');
  await bed.workspace.commit(path('egg'));
  await bed.workspace.sync();
  for (let index = 0; index < 60; index++) await bed.write(`nest/${index}`, `egg ${index}`);
  await bed.workspace.commit(path('nest'));
  await bed.workspace.sync();
  await bed.workspace.sync();
});
