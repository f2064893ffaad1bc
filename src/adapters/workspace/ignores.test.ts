import * as fs from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { toRef, type ArtifactRef } from '../../model/artifact.ts';
import { openBed, path, picture, type DiskBed } from './testing.ts';

async function refOf(workspace: DiskBed['workspace'], at = 'data'): Promise<ArtifactRef> {
  const found = await workspace.digest(path(at));
  if (!found.ok || found.value === undefined) throw new Error(JSON.stringify(found));
  return toRef(found.value);
}

async function fill(bed: DiskBed): Promise<void> {
  await bed.write('data/a.csv', 'a');
  await bed.write('data/b.tmp', 'b');
  await bed.write('data/deep/c.tmp', 'c');
  await bed.write('data/deep/keep.tmp', 'k');
  await bed.write('data/cache/d.csv', 'd');
}

void t.test('what is left out is not there: for digests, commits and their size', async (t) => {
  const bed = openBed(t);
  await fill(bed);
  const whole = await refOf(bed.workspace);
  t.equal(whole.files, 5);

  await bed.write('.avianignore', '# scratch\n*.tmp\n!keep.tmp\n/data/cache/\n');
  const ignoring = await bed.reopen();
  const part = await refOf(ignoring);
  t.equal(part.files, 2, 'another ignore set is not answered from the stat cache');
  t.same(await refOf(await bed.reopen()), part, 'nor this one when nothing changed');
  const committed = await ignoring.commit(path('data'));
  t.same(committed.ok && committed.value && toRef(committed.value), part);

  await bed.write('data/deep/new.tmp', 'n');
  await bed.write('data/cache/e', 'e');
  t.same(await refOf(await bed.reopen()), part, 'what comes and goes there changes nothing');
  await bed.write('data/deep/f.csv', 'f');
  t.equal((await refOf(await bed.reopen())).files, 3);
  await bed.remove('data/deep/f.csv');

  await bed.remove('.avianignore');
  await bed.remove('data/deep/new.tmp');
  await bed.remove('data/cache/e');
  t.same(await refOf(await bed.reopen()), whole, 'and without the file it is all there again');
});

void t.test('files in directories above and below, the deepest has the last word', async (t) => {
  const bed = openBed(t);
  await fill(bed);
  await bed.write('data/.avianignore', '*.tmp\n');
  const { workspace } = bed;
  t.equal((await refOf(workspace)).files, 3, 'a.csv, cache/d.csv and the file itself');
  t.equal(
    (await refOf(workspace, 'data/deep/keep.tmp').catch(() => undefined)) ?? 'refused',
    'refused',
  );
  await bed.write('data/deep/.avianignore', '!keep.tmp\n');
  t.equal((await refOf(await bed.reopen())).files, 5);
  t.equal((await refOf(await bed.reopen(), 'data/deep')).files, 2, 'also from inside');
  await bed.write('data/deep/.avianignore', '');
  t.equal((await refOf(await bed.reopen())).files, 4, 'an edit below is seen');
});

void t.test('a path that is named and left out is refused in words', async (t) => {
  const bed = openBed(t);
  await fill(bed);
  await bed.write('.avianignore', 'cache/\n*.csv\n');
  for (const [at, part] of [
    ['data/cache', 'data/cache'],
    ['data/cache/d.csv', 'data/cache'],
    ['data/a.csv', 'data/a.csv'],
  ] as const) {
    t.same(await bed.workspace.digest(path(at)), {
      ok: false,
      error: { kind: 'refused', path: at, cause: `.avianignore leaves ${part} out` },
    });
  }
  t.same(await bed.workspace.digest(path('data/none.csv')), { ok: true, value: undefined });
});

void t.test('a restore keeps what was ignored where nobody else has it', async (t) => {
  const bed = openBed(t);
  await fill(bed);
  await bed.write('.avianignore', '*.tmp\n');
  const ignoring = await bed.reopen();
  await ignoring.commit(path('data'));
  const part = await refOf(ignoring);
  await bed.write('data/a.csv', 'edited');
  const restored = await ignoring.restore(path('data'), part);
  t.ok(restored.ok);
  const kept = restored.ok ? restored.value.kept : undefined;
  t.equal(fs.readFileSync(join(bed.root, kept ?? '', 'deep/c.tmp'), 'utf8'), 'c');
  t.same(
    picture(join(bed.root, 'data')).map((line) => line.split(' ')[1]),
    ['"a.csv"', '"cache"', '"cache/d.csv"', '"deep"'],
  );

  await bed.write('data/x.tmp', 'x');
  const same = await ignoring.restore(path('data'), part);
  t.same(same, { ok: true, value: { bytes: 0 } }, 'nothing to restore, so nothing is touched');
  t.equal(await ignoring.discard(path('data'), part).then((d) => d.ok && d.value), false);
  t.equal(await bed.read('data/x.tmp'), 'x', 'not discarded with what the cache holds');
});

void t.test(
  'what an older run made of files that are left out now cannot be put back',
  async (t) => {
    const bed = openBed(t);
    await fill(bed);
    await bed.workspace.commit(path('data'));
    const whole = await refOf(bed.workspace);
    await bed.write('.avianignore', '*.tmp\n');
    const ignoring = await bed.reopen();
    t.equal(await ignoring.holds(whole), true);
    t.equal(await ignoring.holds(whole, path('data')), false);
    t.equal(await ignoring.holds(whole, path('other')), false);
    await ignoring.commit(path('data'));
    t.equal(await ignoring.holds(await refOf(ignoring), path('data')), true);
  },
);
