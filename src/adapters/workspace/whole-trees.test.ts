import * as fs from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { toRef, type ArtifactRef } from '../../model/artifact.ts';
import { content } from '../../testing/contracts/workspace.contract.ts';
import { openBed, path, type DiskBed } from './testing.ts';

// A large tree that was found whole is believed for as long as no object came or went.

/** Folders that changed just now are not relied on. */
const older = (): Promise<void> => setTimeout(150);

interface Forest {
  readonly bed: DiskBed;
  readonly ref: ArtifactRef;
  /** The answer of a later process, and whether the next one will know it. */
  readonly ask: () => Promise<{ readonly holds: boolean; readonly isRemembered: boolean }>;
}

async function plant(t: Test): Promise<Forest> {
  const bed = openBed(t, { bootId: 'one' });
  for (let index = 0; index < 300; index++) await bed.write(`forest/${index}`, `tree ${index}`);
  const ref = toRef(await content(bed.workspace.commit(path('forest'))));
  await bed.workspace.close();
  return {
    bed,
    ref,
    async ask() {
      const workspace = bed.open();
      const holds = await workspace.objects.holds(ref);
      await workspace.close();
      return { holds, isRemembered: remembers(bed, ref) };
    },
  };
}

const remembers = ({ cache }: DiskBed, { digest }: ArtifactRef): boolean =>
  fs.existsSync(`${cache}/tmp/whole.json`) &&
  fs.readFileSync(`${cache}/tmp/whole.json`, 'utf8').includes(digest);

/** Some object of the tree's files. */
function anObject({ cache }: DiskBed): string {
  for (const folder of fs.readdirSync(`${cache}/objects`)) {
    for (const name of fs.readdirSync(`${cache}/objects/${folder}`)) {
      const file = `${cache}/objects/${folder}/${name}`;
      if (fs.readFileSync(file, 'utf8').startsWith('tree ')) return file;
    }
  }
  throw new Error('bug: there is no object');
}

t.test('what was found whole is remembered, and then no object is looked at', async (t) => {
  const { bed, ask } = await plant(t);
  await older();
  t.same(await ask(), { holds: true, isRemembered: true });
  // In its place with a wrong size: only a look at it could tell.
  const object = anObject(bed);
  fs.chmodSync(object, 0o644);
  fs.appendFileSync(object, '!');
  t.same(await ask(), { holds: true, isRemembered: true });
  fs.rmSync(`${bed.cache}/tmp/whole.json`);
  t.match(await ask(), { holds: false });
});

t.test('an object that goes is missed at once', async (t) => {
  const { bed, ask } = await plant(t);
  await older();
  await ask();
  fs.unlinkSync(anObject(bed));
  t.match(await ask(), { holds: false });
});

t.test('a cache that goes is missed', async (t) => {
  const { bed, ask } = await plant(t);
  await older();
  await ask();
  await bed.loseObjects();
  t.match(await ask(), { holds: false });
});

t.test('an object that comes has all looked at once more', async (t) => {
  const { bed, ref, ask } = await plant(t);
  await older();
  await ask();
  const before = fs.readFileSync(`${bed.cache}/tmp/whole.json`, 'utf8');
  await bed.write('other', 'robin');
  const workspace = bed.open();
  await workspace.commit(path('other'));
  await workspace.close();
  await older();
  t.same(await ask(), { holds: true, isRemembered: true });
  t.not(fs.readFileSync(`${bed.cache}/tmp/whole.json`, 'utf8'), before);
  t.ok(remembers(bed, ref));
});

t.test('folders that changed a moment ago are not relied on', async (t) => {
  const { bed, ask } = await plant(t);
  fs.writeFileSync(`${bed.cache}/objects/00`.replace(/00$/, 'zz'), '');
  t.same(await ask(), { holds: true, isRemembered: false });
});

t.test('nothing is believed after another boot, or of a damaged memory', async (t) => {
  const { bed, ref, ask } = await plant(t);
  await older();
  await ask();
  const object = anObject(bed);
  fs.chmodSync(object, 0o644);
  fs.appendFileSync(object, '!');
  const later = bed.open({ bootId: 'two' });
  t.equal(await later.objects.holds(ref), false);
  for (const text of [
    '',
    '{',
    '[]',
    '{"stamp":1,"trees":[]}',
    '{"stamp":"a","trees":{}}',
    'null',
  ]) {
    fs.writeFileSync(`${bed.cache}/tmp/whole.json`, text);
    t.match(await ask(), { holds: false }, text);
  }
});

t.test('objects that have names in the workspace are looked at', async (t) => {
  const { bed, ref, ask } = await plant(t);
  await older();
  const workspace = bed.open();
  await workspace.restore(path('copy'), ref, 'hardlink');
  await workspace.close();
  t.same(await ask(), { holds: true, isRemembered: false });
});
