import * as fs from 'node:fs';
import t from 'tap';
import { toRef } from '../../model/artifact.ts';
import type { Digest } from '../../model/names.ts';
import { objectStoreContract } from '../../testing/contracts/object-store.contract.ts';
import { content } from '../../testing/contracts/workspace.contract.ts';
import { hashText } from '../hash/blake3.ts';
import { objectPath } from '../workspace/layout.ts';
import { openBed, path, picture, type DiskBed } from '../workspace/testing.ts';
import { openObjectStore } from './open-store.ts';

const ID = '20261125T120000Z-abcdef';

const storeOf = ({ root, cache }: DiskBed, step?: () => void) =>
  openObjectStore({ root, cache, ...(step && { step }) });

objectStoreContract(t, async (t) => {
  const bed = openBed(t);
  return {
    ...bed,
    store: storeOf(bed),
    async makeFile(text) {
      fs.mkdirSync(bed.cache, { recursive: true });
      fs.writeFileSync(`${bed.cache}/given`, text);
      return `${bed.cache}/given`;
    },
  };
});

t.test('asking writes nothing', async (t) => {
  const bed = openBed(t);
  await bed.write('nest/egg', 'egg');
  const nest = toRef(await content(bed.workspace.commit(path('nest'))));
  await bed.workspace.sync();
  // What the workspace wrote to its stat cache is committed then.
  await bed.workspace.close();
  const before = picture(bed.root);
  const store = storeOf(bed);
  await store.list();
  await store.reach([nest.digest], new Set());
  await Promise.all([store.usage(), store.leftovers(), store.trash()]);
  t.same(picture(bed.root), before);
});

t.test('a large directory is reached through its split nodes', async (t) => {
  const bed = openBed(t);
  for (let index = 0; index < 5000; index++) await bed.write(`nest/${index}`, `egg ${index}`);
  const nest = toRef(await content(bed.workspace.commit(path('nest'))));
  const store = storeOf(bed);
  const reached = new Set<Digest>();
  await store.reach([nest.digest], reached);
  t.same([...reached].sort(), [...(await store.list()).keys()].sort());
  t.ok(reached.size > 5001, 'more than files and one node');
});

t.test('a tree with wrong bytes is named, a file that begins like a tree is a file', async (t) => {
  const bed = openBed(t);
  await bed.write('nest/egg', 'egg');
  await bed.write('like.json', '{"tree":1,"entries":"not ours"}');
  const nest = toRef(await content(bed.workspace.commit(path('nest'))));
  const like = toRef(await content(bed.workspace.commit(path('like.json'))));
  const object = objectPath(`${bed.cache}/objects`, nest.digest.slice(3));
  fs.chmodSync(object, 0o644);
  fs.appendFileSync(object, 'x');
  const met = await storeOf(bed).reach([like.digest, nest.digest], new Set());
  t.same(met, { missing: [], trashed: [], corrupt: [nest.digest] });
});

t.test('an entry of the trash that this avian cannot read is left alone', async (t) => {
  const bed = openBed(t);
  for (const [id, text] of [
    ['newer', `{"v":2}\n${hashText('{"v":2}')}\n`],
    ['torn', '{"v":'],
  ] as const) {
    await bed.write(`cache/v1/trash/${id}/manifest.json`, text);
    await bed.write(`cache/v1/trash/${id}/objects/ab/cd`, 'robin');
  }
  const store = storeOf(bed);
  t.same(await store.trash(), []);
  await store.undo('newer');
  await store.moveToTrash(ID, 1, { objects: [], leftovers: [] });
  t.equal(await bed.read('cache/v1/trash/newer/objects/ab/cd'), 'robin');
  t.equal(await bed.read('cache/v1/trash/torn/objects/ab/cd'), 'robin');
});

class Killed extends Error {}

/** Every object by hex, wherever it lies: cache or trash. */
function everywhere(bed: DiskBed): string[] {
  const found: string[] = [];
  for (const line of picture(bed.cache)) {
    const place = /^. "(?:trash\/[^/]+\/)?objects\/(..)\/(.{62})"/.exec(line);
    if (place !== null) found.push(`${place[1]}${place[2]}`);
  }
  return found.sort();
}

for (const verb of ['moveToTrash', 'undo', 'bringBack', 'empty'] as const) {
  t.test(
    `killed anywhere in ${verb}, nothing needed is lost and the next try ends it`,
    async (t) => {
      for (let n = 1, isDead = true; isDead; n++) {
        const bed = openBed(t);
        await bed.write('needed/egg', 'egg');
        await bed.write('old/egg', 'egg');
        await bed.write('old/chick', 'chick');
        await bed.write('cache/v1/tmp/failed/one/out', 'half');
        const commit = async (name: string) =>
          toRef(await content(bed.workspace.commit(path(name))));
        const [needed, old] = [await commit('needed'), await commit('old')];
        await bed.workspace.sync();
        const store = storeOf(bed);
        const all = everywhere(bed);
        const reached = new Set<Digest>();
        await store.reach([needed.digest], reached);
        const objects = [...(await store.list()).keys()].filter((digest) => !reached.has(digest));
        const leftovers = await store.leftovers();
        const fill = (id: string, by = store) => by.moveToTrash(id, 5, { objects, leftovers });
        if (verb !== 'moveToTrash') await fill(ID);

        let steps = 0;
        const doomed = storeOf(bed, () => {
          if (++steps >= n) throw new Killed();
        });
        const work = {
          moveToTrash: () => fill(ID, doomed),
          bringBack: () => doomed.bringBack(objects),
        };
        const doing = verb in work ? work[verb as keyof typeof work]() : doomed[verb as 'undo'](ID);
        await doing.catch((error: unknown) => {
          if (!(error instanceof Killed)) throw error;
        });
        isDead = steps >= n;

        const workspace = bed.open();
        t.equal(await workspace.holds(needed), true, `step ${n}`);
        if (verb !== 'empty') {
          t.same(everywhere(bed), all, `every object is somewhere, step ${n}`);
          if (verb === 'moveToTrash') await fill(`${ID}-2`);
          for (const { id } of await store.trash()) await store.undo(id);
          t.equal(await bed.open().holds(old), true, `step ${n}`);
          t.equal(await bed.read('cache/v1/tmp/failed/one/out'), 'half', `step ${n}`);
        } else {
          for (const { id } of await store.trash()) await store.empty(id);
          await workspace.recover();
          t.equal(await bed.open().holds(old), false);
        }
        t.same(await store.trash(), [], `step ${n}`);
      }
    },
  );
}

t.test('what an interrupted download or pull left is found with its age', async (t) => {
  const bed = openBed(t);
  const places = ['tmp/downloads/ab.json', 'tmp/downloads/ab.part', 'tmp/incoming/c0ffee'];
  for (const place of places) await bed.write(`cache/v1/${place}`, 'half');
  const found = await storeOf(bed).leftovers();
  t.same(found.map(({ kind, place }) => `${kind} ${place}`).sort(), [
    ...places.map((place) => `partial ${place}`),
  ]);
  const [note, part] = found.filter(({ place }) => place.includes('/ab.'));
  t.ok(
    note !== undefined && part !== undefined && note.at >= part.at,
    'a note is as young as its part',
  );
});
