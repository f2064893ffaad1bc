import * as fs from 'node:fs';
import t from 'tap';
import { openObjectStore } from '../adapters/object-store/open-store.ts';
import { openBed, picture } from '../adapters/workspace/testing.ts';
import { toRef, type ArtifactRef } from '../model/artifact.ts';
import type { Digest, RepoPath, StageName } from '../model/names.ts';
import { content } from '../testing/contracts/workspace.contract.ts';
import { deployment, runRecord } from '../testing/contracts/run-log.contract.ts';
import { spaceContext, unwrap, withLocks } from '../testing/fake-context.ts';
import { FakeWorld } from '../testing/fakes.ts';
import { randomFrom, seedOf } from '../testing/random.ts';
import { gc, undoGc, type SpaceContext } from './gc.ts';

/*
 * Random histories of a project, on real files, against a model that knows every content ever made
 * and what names it: after a forced gc all that is named comes back whole, and undo brings back all.
 */

const DAY = 86_400_000;
const KEEP_DAYS = 14;
const seed = seedOf(process.env);
t.comment(`seed ${seed}`);

const STAGES = ['prepare', 'train', 'image'] as const;
type Stage = (typeof STAGES)[number];

interface Made {
  readonly ref: ArtifactRef;
  /** Of the folder, as `picture` draws it. */
  readonly looks: readonly string[];
  readonly madeAt: number;
  readonly stage?: Stage;
  readonly deps: readonly Digest[];
}

for (let round = 0; round < 6; round++) {
  t.test(`round ${round}`, async (t) => {
    const { below: random } = randomFrom(seed + round * 0x9e3779b9);
    const bed = openBed(t);
    const world = new FakeWorld({});
    world.clock.tick(Date.now() + DAY - world.clock.now());
    const commits: string[] = [];
    const store = openObjectStore(bed);
    const fake = spaceContext(world, withLocks(commits));
    const context: SpaceContext = {
      ...fake,
      store,
      ports: { ...fake.ports, workspace: bed.workspace },
    };
    const made: Made[] = [];
    const latest = new Map<Stage, Made>();
    const sources = new Set<Digest>();
    const deployed = new Set<Digest>();
    let gcs = 0;

    /** A folder of a few files out of few texts, so that much is shared. */
    const write = async (folder: string): Promise<Pick<Made, 'ref' | 'looks'>> => {
      await bed.remove(folder);
      for (let file = 0; file <= random(5); file++) {
        const place = random(2) === 0 ? `f${random(4)}` : `deep/f${random(4)}`;
        await bed.write(`${folder}/${place}`, `text ${random(12)}`);
      }
      await bed.write(`${folder}/own`, `${folder} ${random(20)}`);
      const ref = toRef(await content(bed.workspace.commit(folder as RepoPath)));
      await bed.workspace.sync();
      return { ref, looks: picture(`${bed.root}/${folder}`) };
    };
    const steps: { readonly [name: string]: () => Promise<unknown> } = {
      async run() {
        const stage = STAGES[random(STAGES.length)] ?? 'train';
        const before = STAGES[STAGES.indexOf(stage) - 1];
        const dep = before === undefined ? undefined : latest.get(before);
        const deps = dep === undefined ? [] : [dep.ref.digest];
        const output = await write(`out-${stage}`);
        const record = runRecord(stage, made.length);
        await world.runs.record({
          ...record,
          outs: { [`out-${stage}`]: output.ref },
          input: {
            ...record.input,
            deps: deps.map((digest) => ({ path: `out-${before}` as RepoPath, digest })),
          },
          startedAt: new Date(world.clock.now()).toISOString(),
        });
        const entry = { fingerprint: record.fingerprint, outs: { [`out-${stage}`]: output.ref } };
        await world.lock.setStage(stage as string as StageName, entry);
        const each = { ...output, madeAt: world.clock.now(), stage, deps };
        made.push(each);
        latest.set(stage, each);
      },
      async add() {
        const source = await write('raw');
        await world.lock.setSource('raw' as RepoPath, source.ref);
        sources.add(source.ref.digest);
        made.push({ ...source, madeAt: world.clock.now(), deps: [] });
      },
      async commit() {
        commits.push(JSON.stringify(world.lock.lock));
      },
      async dropBranch() {
        commits.splice(random(commits.length + 1), 1);
      },
      async deploy() {
        const image = latest.get('image');
        if (image === undefined) return;
        deployed.add(image.ref.digest);
        const record = { ...deployment('birds', 1, made.length), artifact: image.ref.digest };
        await world.runs.recordDeployment(record);
      },
      async wait() {
        world.clock.tick(random(12) * DAY);
      },
      async gcGently() {
        const before = [...(await store.list()).keys()];
        unwrap(await gc({ ...ASKED, force: false }, context));
        t.same([...(await store.list()).keys()], before, 'nothing goes without --force');
      },
      async gc() {
        const here = await present();
        const wanted = needed();
        const before = [...(await store.list()).keys()];
        const view = unwrap(await gc(ASKED, context));
        gcs += view.moved.id === undefined ? 0 : 1;
        await check(
          wanted.filter((each) => here.has(each)),
          'after gc',
        );
        if (view.moved.id === undefined || random(2) === 0) return;
        unwrap(await undoGc(view.moved.id, context));
        const now = await store.list();
        t.same(
          before.filter((digest) => !now.has(digest)),
          [],
          'undo brings back everything',
        );
      },
    };
    /** The model's answer to what has to be there. */
    const needed = (): Made[] => {
      const named = new Set<string>([
        ...Object.values(world.lock.lock.stages).flatMap(({ outs }) =>
          Object.values(outs).map(({ digest }) => digest),
        ),
        ...sources,
      ]);
      const behind = new Set<string>(deployed);
      for (const each of [...made].reverse()) {
        if (behind.has(each.ref.digest)) for (const dep of each.deps) behind.add(dep);
      }
      return made.filter(
        ({ ref, madeAt, stage }) =>
          named.has(ref.digest) ||
          behind.has(ref.digest) ||
          commits.some((text) => text.includes(ref.digest)) ||
          (stage !== undefined && world.clock.now() - madeAt < KEEP_DAYS * DAY),
      );
    };
    /** What is whole in cache and trash together: a week after its gc, it need not be. */
    const present = async (): Promise<ReadonlySet<Made>> => {
      const whole = new Set<Made>();
      for (const each of made) {
        const { missing } = await store.reach([each.ref.digest], new Set());
        if (missing.length === 0) whole.add(each);
      }
      return whole;
    };
    const check = async (all: readonly Made[], when: string): Promise<void> => {
      const workspace = bed.open();
      for (const { ref, looks } of all) {
        const back = await workspace.restore('check' as RepoPath, ref);
        if (!back.ok) t.fail(`${when}: ${ref.digest} is lost: ${JSON.stringify(back.error)}`);
        t.same(picture(`${bed.root}/check`), looks, when);
      }
      await workspace.close();
      fs.rmSync(`${bed.root}/check`, { recursive: true, force: true });
    };

    const names = ['run', 'run', 'run', 'add', 'commit', 'dropBranch', 'deploy', 'wait', 'wait'];
    for (let step = 0; step < 40; step++) {
      const name = step % 13 === 12 ? 'gc' : (names[random(names.length)] ?? 'run');
      await steps[name]?.();
    }
    await steps['gcGently']?.();
    await steps['gc']?.();
    t.comment(`${made.length} contents, ${gcs} gcs took something`);
  });
}

const ASKED = {
  ...{ dry: false, force: true, emptyTrash: false },
  ...{ keepRuns: 0, olderThanMs: KEEP_DAYS * DAY },
};
