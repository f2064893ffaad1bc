import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { toRef, type ArtifactRef } from '../../model/artifact.ts';
import type { AttemptId } from '../../model/names.ts';
import { hashBytes } from '../hash/blake3.ts';
import { content } from '../../testing/contracts/workspace.contract.ts';
import { openWorkspace, type OpenWorkspace } from './open-workspace.ts';
import { openBed, path, picture, type DiskBed } from './testing.ts';

class Killed extends Error {}

/**
 * Stops the world before the n-th change to the disk: from there on every change throws, so that
 * not even a `finally` can tidy up, as after kill -9. Says whether it came that far.
 */
function killAt(n: number): { step: () => void; isDead: () => boolean } {
  let steps = 0;
  return {
    step() {
      steps += 1;
      if (steps >= n) throw new Killed();
    },
    isDead: () => steps >= n,
  };
}

const isKilled = (error: unknown): void => {
  if (!(error instanceof Killed)) throw error;
};

/** Runs `work` once for every place it can be killed at, and `check` by the next invocation. */
async function atEveryStep(
  setUp: () => Promise<DiskBed>,
  work: (workspace: OpenWorkspace, bed: DiskBed) => Promise<unknown>,
  check: (workspace: OpenWorkspace, bed: DiskBed, step: number) => Promise<void>,
): Promise<number> {
  for (let n = 1; ; n++) {
    const bed = await setUp();
    // What it wrote to the stat cache is committed at the end of a turn: two workspaces of one process would wait for each other.
    await setImmediate();
    const kill = killAt(n);
    const { root, cache } = bed;
    const doomed = openWorkspace({ root, cache, emit: () => undefined, step: kill.step });
    await work(doomed, bed).catch(isKilled);
    // The dead close nothing, but this process would run out of open databases.
    await doomed.close().catch(isKilled);
    await check(bed.open(), bed, n);
    if (!kill.isDead()) return n - 1;
  }
}

const attempt = '20261123T101500Z-7f3a9c' as AttemptId;
const outs = [
  { path: path('model'), persist: false },
  { path: path('metrics.json'), persist: false },
  { path: path('log'), persist: true },
  { path: path('fresh/out'), persist: false },
];

t.test('killed anywhere in setAside, the old outs are there after recover', async (t) => {
  const steps = await atEveryStep(
    () => oldOuts(openBed(t)),
    (workspace) => workspace.setAside(attempt, 'train', outs),
    async (workspace, bed, step) => {
      await workspace.recover();
      t.same(outsOf(bed), OLD, `step ${step}`);
      t.same(namesIn(`${bed.cache}/tmp/aside`), [], `step ${step}`);
    },
  );
  t.ok(steps > 12, `${steps} steps`);
});

t.test('killed anywhere in putBack, the old outs are there after recover', async (t) => {
  const steps = await atEveryStep(
    () => startedCommand(openBed(t)),
    (workspace) => workspace.putBack(attempt),
    async (workspace, bed, step) => {
      await workspace.recover();
      t.same(outsOf(bed), OLD, `step ${step}`);
      const failed = `${bed.root}/cache/v1/tmp/failed/${attempt}`;
      t.same(readAll(failed), { ...PARTIAL }, `partial outs are kept, step ${step}`);
    },
  );
  t.ok(steps > 8, `${steps} steps`);
});

t.test('of failed attempts the last one leaves what it wrote, not every one', async (t) => {
  const bed = await startedCommand(openBed(t));
  await bed.workspace.putBack(attempt);
  for (let again = 1; again <= 3; again++) {
    const next = `${attempt.slice(0, -1)}${again}` as AttemptId;
    await bed.workspace.setAside(next, 'train', outs);
    await bed.write('metrics.json', `half ${again}`);
    await bed.write('log', 'grown');
    await bed.workspace.putBack(next);
  }
  const failed = `${bed.cache}/tmp/failed`;
  t.equal(readAll(failed)[`${attempt.slice(0, -1)}3/metrics.json`], 'half 3');
  t.equal(readAll(failed)[`${attempt}/model/half`], undefined);
  t.same(
    namesIn(failed),
    [`${attempt.slice(0, -1)}3`, attempt].sort(),
    'and the other outs of the first',
  );
  t.same(namesIn(`${failed}/${attempt}`).sort(), ['fresh', 'model']);
});

t.test('killed anywhere in recover, the next recover finishes it', async (t) => {
  const steps = await atEveryStep(
    () => startedCommand(openBed(t)),
    (workspace) => workspace.recover(),
    async (workspace, bed, step) => {
      await workspace.recover();
      t.same(outsOf(bed), OLD, `step ${step}`);
    },
  );
  t.ok(steps > 8, `${steps} steps`);
});

t.test('killed anywhere in discardAside, the outs are all old or all new', async (t) => {
  const seen = new Set<string>();
  await atEveryStep(
    () => startedCommand(openBed(t)),
    (workspace) => workspace.discardAside(attempt),
    async (workspace, bed, step) => {
      await workspace.recover();
      const found = outsOf(bed);
      const which = JSON.stringify(found) === JSON.stringify(OLD) ? 'old' : 'new';
      seen.add(which);
      t.same(found, which === 'old' ? OLD : PARTIAL, `step ${step}`);
    },
  );
  t.same([...seen].sort(), ['new', 'old']);
});

t.test(
  'killed anywhere in a commit, no object is wrong and the next commit is whole',
  async (t) => {
    const steps = await atEveryStep(
      async () => {
        const bed = openBed(t);
        await bed.write('nest/one', 'egg');
        await bed.write('nest/deep/two', 'chick');
        return bed;
      },
      (workspace) => workspace.commit(path('nest')),
      async (workspace, bed, step) => {
        checkObjects(t, bed, step);
        await workspace.recover();
        const nest = toRef(await content(workspace.commit(path('nest'))));
        t.ok(await workspace.holds(nest), `step ${step}`);
        t.same(namesIn(`${bed.cache}/tmp/objects`), [], `nothing is left, step ${step}`);
      },
    );
    t.ok(steps > 15, `${steps} steps`);
  },
);

for (const [what, replaced] of [
  ['a directory over an uncommitted one', 'nest/precious'],
  ['a directory over an uncommitted file', 'nest'],
] as const) {
  t.test(`killed anywhere in a restore of ${what}: old or new, nothing lost`, async (t) => {
    const seen = new Set<string>();
    let nest: ArtifactRef = { digest: 'b3:' as never, size: 0 };
    await atEveryStep(
      async () => {
        const bed = openBed(t);
        await bed.write('nest/one', 'egg');
        await bed.write('nest/deep/two', 'chick');
        nest = toRef(await content(bed.workspace.commit(path('nest'))));
        await bed.remove('nest');
        await bed.write(replaced, 'never committed');
        return bed;
      },
      (workspace) => workspace.restore(path('nest'), nest),
      async (workspace, bed, step) => {
        await workspace.recover();
        const found = readAll(`${bed.root}/nest`);
        const isNew = found['deep/two'] === 'chick' && found['one'] === 'egg';
        seen.add(isNew ? 'new' : 'old');
        const everything = { ...found, ...readAll(`${bed.cache}/tmp/replaced`) };
        const texts = Object.values(everything);
        t.ok(texts.includes('never committed'), `nothing is lost, step ${step}`);
        t.same(namesIn(`${bed.cache}/tmp/restore`), [], `nothing is left, step ${step}`);
        const again = await workspace.restore(path('nest'), nest);
        t.equal(again.ok, true, `step ${step}`);
        t.same(readAll(`${bed.root}/nest`), { one: 'egg', 'deep/two': 'chick' });
      },
    );
    t.same([...seen].sort(), ['new', 'old']);
  });
}

t.test('killed anywhere in a restore that leaves files where they are: old or new', async (t) => {
  const seen = new Set<string>();
  let [old, next]: ArtifactRef[] = [];
  const commit = async (bed: DiskBed): Promise<ArtifactRef> =>
    toRef(await content(bed.workspace.commit(path('nest'))));
  await atEveryStep(
    async () => {
      const bed = openBed(t);
      await bed.write('nest/deep/same', 'chick');
      await bed.write('nest/one', 'hen');
      next = await commit(bed);
      await bed.write('nest/one', 'egg');
      old = await commit(bed);
      return bed;
    },
    (workspace) => workspace.restore(path('nest'), next as ArtifactRef),
    async (workspace, bed, step) => {
      await workspace.recover();
      const found = toRef(await content(workspace.digest(path('nest'))));
      const which = [old, next].findIndex((each) => each?.digest === found.digest);
      seen.add(['old', 'new'][which] ?? 'other');
      t.same(namesIn(`${bed.cache}/tmp/restore`), [], `nothing is left, step ${step}`);
      t.match(await workspace.restore(path('nest'), next as ArtifactRef), { ok: true });
      t.same(readAll(`${bed.root}/nest`), { one: 'hen', 'deep/same': 'chick' });
    },
  );
  t.same([...seen].sort(), ['new', 'old']);
});

t.test('killed anywhere in a restore of a file, there is never none', async (t) => {
  let old: ArtifactRef = { digest: 'b3:' as never, size: 0 };
  await atEveryStep(
    async () => {
      const bed = openBed(t);
      await bed.write('model', 'good');
      old = toRef(await content(bed.workspace.commit(path('model'))));
      await bed.write('model', 'never committed');
      return bed;
    },
    (workspace) => workspace.restore(path('model'), old),
    async (workspace, bed, step) => {
      const before = await bed.read('model');
      t.ok(before === 'good' || before === 'never committed', `step ${step}`);
      await workspace.recover();
      const texts = [
        await bed.read('model'),
        ...Object.values(readAll(`${bed.cache}/tmp/replaced`)),
      ];
      t.ok(texts.includes('never committed'), `nothing is lost, step ${step}`);
    },
  );
});

t.test('a real kill -9 in the middle of many commits and restores', async (t) => {
  const bed = openBed(t);
  for (let index = 0; index < 40; index++) await bed.write(`nest/${index}`, `egg ${index}`);
  await bed.write('other/one', 'chick');
  const nest = toRef(await content(bed.workspace.commit(path('nest'))));
  const other = toRef(await content(bed.workspace.commit(path('other'))));
  const program = `
    const { openWorkspace } = await import(${JSON.stringify(new URL('./open-workspace.ts', import.meta.url).href)});
    const fs = await import('node:fs');
    const workspace = openWorkspace({ root: ${JSON.stringify(bed.root)}, cache: ${JSON.stringify(bed.cache)}, emit() {} });
    console.log('go');
    for (let round = 0; ; round++) {
      fs.writeFileSync(${JSON.stringify(`${bed.root}/changing`)}, 'round ' + round);
      await workspace.commit('changing');
      await workspace.restore('out', round % 2 ? ${JSON.stringify(nest)} : ${JSON.stringify(other)});
    }`;
  for (let round = 0; round < 6; round++) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program]);
    await once(child.stdout, 'data');
    const delay = Math.random() * 60;
    await new Promise((resolve) => setTimeout(resolve, delay));
    child.kill('SIGKILL');
    await once(child, 'exit');
    const workspace = bed.open();
    await workspace.recover();
    const found = fs.existsSync(`${bed.root}/out`) ? picture(`${bed.root}/out`).length : 0;
    t.ok([0, 1, 40].includes(found), `${found} files after a kill at ${delay.toFixed(1)} ms`);
    checkObjects(t, bed, round);
    t.match(await workspace.restore(path('out'), nest), { ok: true });
    t.same(picture(`${bed.root}/out`), picture(`${bed.root}/nest`));
  }
});

const OLD = { model: 'old/a,b', 'metrics.json': 'old', log: 'grows', 'fresh/out': undefined };
const PARTIAL = {
  model: 'half/',
  'metrics.json': 'half',
  log: 'grown',
  'fresh/out': 'half',
};

async function oldOuts(bed: DiskBed): Promise<DiskBed> {
  await bed.write('model/old/a', 'a');
  await bed.write('model/old/b', 'b');
  await bed.write('metrics.json', 'old');
  await bed.write('log', 'grows');
  return bed;
}

async function startedCommand(bed: DiskBed): Promise<DiskBed> {
  await oldOuts(bed);
  const aside = await bed.workspace.setAside(attempt, 'train', outs);
  if (!aside.ok) throw new Error(JSON.stringify(aside.error));
  fs.mkdirSync(`${bed.root}/model/half`, { recursive: true });
  await bed.write('metrics.json', 'half');
  await bed.write('log', 'grown');
  await bed.write('fresh/out', 'half');
  return bed;
}

const outsOf = (bed: DiskBed) => readOuts(bed.root);
const readAllOuts = (root: string) => readOuts(root);

function readOuts(root: string): Record<string, string | undefined> {
  return Object.fromEntries(
    outs.map(({ path: out }) => {
      const place = `${root}/${out}`;
      const stat = fs.statSync(place, { throwIfNoEntry: false });
      if (stat === undefined) return [out, undefined];
      if (stat.isFile()) return [out, fs.readFileSync(place, 'utf8')];
      const [only = ''] = fs.readdirSync(place);
      return [out, `${only}/${fs.readdirSync(`${place}/${only}`).sort().join(',')}`];
    }),
  );
}

/** Texts of all files below a folder, or of a file. */
function readAll(folder: string): Record<string, string | undefined> {
  if (folder.endsWith(attempt)) return readAllOuts(folder);
  if (!fs.existsSync(folder)) return {};
  if (fs.statSync(folder).isFile()) return { '': fs.readFileSync(folder, 'utf8') };
  return Object.fromEntries(
    picture(folder).flatMap((line) => {
      const [kind, name, bytes = ''] = line.split(' ');
      return kind === 'd' ? [] : [[JSON.parse(name ?? '""') as string, atob(bytes)]];
    }),
  );
}

const namesIn = (folder: string): string[] => (fs.existsSync(folder) ? fs.readdirSync(folder) : []);

/** Every object has the bytes that its name says, whatever happened. */
function checkObjects(t: { fail(message: string): unknown }, bed: DiskBed, step: number): void {
  const objects = `${bed.cache}/objects`;
  if (!fs.existsSync(objects)) return;
  for (const line of picture(objects)) {
    const [kind, name = '""', bytes = ''] = line.split(' ');
    if (kind === 'd') continue;
    const hex = (JSON.parse(name) as string).replace('/', '');
    if (hashBytes(Buffer.from(bytes, 'base64')).toString('hex') !== hex)
      t.fail(`step ${step}: ${hex}`);
  }
}

t.test('killed anywhere in discard, the out is there or can be restored', async (t) => {
  let ref: ArtifactRef | undefined;
  const steps = await atEveryStep(
    async () => {
      const bed = openBed(t);
      await bed.write('nest/a', 'egg');
      await bed.write('nest/b', 'chick');
      ref = toRef(await content(bed.workspace.commit(path('nest'))));
      return bed;
    },
    (workspace) => workspace.discard(path('nest'), ref!),
    async (workspace, bed, step) => {
      await workspace.recover();
      t.match(await workspace.restore(path('nest'), ref!), { ok: true }, `step ${step}`);
      t.equal(await bed.read('nest/a'), 'egg');
    },
  );
  t.ok(steps >= 2, `${steps} steps`);
});

t.test('killed anywhere in move, the content lies at one of the two paths, whole', async (t) => {
  await atEveryStep(
    async () => {
      const bed = openBed(t);
      await bed.write('nest/a', 'egg');
      return bed;
    },
    (workspace) => workspace.move(path('nest'), path('tree/nest')),
    async (_, bed, step) => {
      const found = [await bed.read('nest/a'), await bed.read('tree/nest/a')];
      t.same(
        found.filter((text) => text !== undefined),
        ['egg'],
        `step ${step}`,
      );
    },
  );
});
