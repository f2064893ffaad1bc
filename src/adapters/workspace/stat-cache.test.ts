import Database from 'better-sqlite3';
import * as fs from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { content } from '../../testing/contracts/workspace.contract.ts';
import { openBed, path, type DiskBed } from './testing.ts';

/*
 * fixtures/stat-v<N>.sql is what an avian of that version left; scripts/dump-database.ts makes one.
 * All in it can be computed again, so an older one may be thrown away, but it never fails anything.
 */

const FIXTURES = join(import.meta.dirname, 'fixtures');
const versions = fs.readdirSync(FIXTURES).filter((name) => /^stat-v\d+\.sql$/.test(name));

const ROBIN = 'b3:0a23bb7ca437b4a5a0b02c643f326e4875583dac93f0778e3d5499f13ef56315';

const change = ({ cache }: DiskBed, sql: string): number => {
  fs.mkdirSync(cache, { recursive: true });
  const database = new Database(`${cache}/stat.sqlite`);
  database.exec(sql);
  const version = Number(database.pragma('user_version', { simple: true }));
  database.close();
  return version;
};

const digestOf = async (bed: DiskBed, workspace = bed.workspace): Promise<string> =>
  (await content(workspace.digest(path('file')))).digest;

t.ok(versions.length > 0);

for (const fixture of versions) {
  t.test(`${fixture}: files are digested, and remembered`, async (t) => {
    const bed = openBed(t);
    await bed.write('file', 'robin');
    const before = change(bed, fs.readFileSync(join(FIXTURES, fixture), 'utf8'));
    t.ok(before >= 1);
    t.equal(await digestOf(bed), ROBIN);
    await bed.workspace.close();
    const fresh = openBed(t);
    await fresh.write('file', 'robin');
    await digestOf(fresh);
    await fresh.workspace.close();
    t.equal(change(bed, ''), change(fresh, ''), 'it has the version of today');
    t.same(bed.events, [], 'nobody is told');
  });
}

t.test('the stat cache of a newer avian is left alone, in words', async (t) => {
  const bed = openBed(t);
  await bed.write('file', 'robin');
  change(
    bed,
    "CREATE TABLE other (x); INSERT INTO other VALUES ('kept'); PRAGMA user_version = 99",
  );
  const before = fs.readFileSync(`${bed.cache}/stat.sqlite`);
  t.equal(await digestOf(bed), ROBIN);
  t.equal(await digestOf(bed), ROBIN);
  t.match(bed.events, [
    {
      type: 'diagnostic',
      diagnostic: { severity: 'warning', code: 'stat/newer', message: /newer avian \(version 99/ },
    },
  ]);
  t.equal(bed.events.length, 1, 'once');
  await bed.workspace.close();
  t.same(fs.readFileSync(`${bed.cache}/stat.sqlite`), before);
});

t.test('a database that a kill left without its table is made anew', async (t) => {
  const bed = openBed(t);
  await bed.write('file', 'robin');
  change(bed, 'CREATE TABLE half (x)');
  t.equal(await digestOf(bed), ROBIN);
  const next = await bed.reopen();
  t.equal(await digestOf(bed, next), ROBIN);
  t.same(bed.events, []);
});
