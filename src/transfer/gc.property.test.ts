import t, { type Test } from 'tap';
import { ok } from '../model/result.ts';
import type { Run } from '../model/run.ts';
import { patternOf } from '../testing/contracts/bucket.contract.ts';
import { runRecord } from '../testing/contracts/run-log.contract.ts';
import { randomFrom, seedOf } from '../testing/random.ts';
import {
  emptyDisk,
  SimulatedClient,
  Simulation,
  type SimulatedDisk,
} from '../testing/simulation.ts';
import type { Want } from './closure.ts';
import { fetch } from './fetch.ts';
import { collectRemote } from './gc.ts';
import { ALONE_FROM } from './layout.ts';
import { push } from './push.ts';

/*
 * Two clients push, pull and collect in every order of their requests, are killed at any of them, and
 * time passes in seconds and in days. At every moment each commit that was pushed, and was not
 * dropped since, can be pulled whole by a newcomer.
 */

const seed = seedOf(process.env);
const ROUNDS = Number(process.env['ROUNDS'] ?? 4);
const STEPS = 1000;
t.comment(`seed ${seed}`);

const HOUR = 3_600_000;
const OPTIONS = { jobs: 3, signal: new AbortController().signal };
/** What may end a transfer here: time that passed, and others that were at work. */
const FAIR = /^remote\/(?:stalled|cancelled|unavailable|look-expired|gc-in-the-way|moving)$/;

interface Commit {
  readonly id: string;
  readonly wants: readonly Want[];
  readonly runs: readonly Run[];
  /** A push of it ended well, after every drop that it had met had ended. */
  isPromised: boolean;
  /** Counts drops of it as they begin and as they end. */
  drops: number;
}

interface Operation {
  readonly client: SimulatedClient;
  isOver: boolean;
  /** Also called for one that was killed. */
  readonly end: () => void;
}

for (let round = 0; round < ROUNDS; round++) {
  t.test(`round ${round}`, (t) => play(t, seed + round * 0x9e3779b9));
}

async function play(t: Test, roundSeed: number): Promise<void> {
  const random = randomFrom(roundSeed);
  const simulation = new Simulation(random);
  const disks: readonly SimulatedDisk[] = [await emptyDisk(), await emptyDisk()];
  t.teardown(() => disks.forEach(({ index }) => index.close()));
  const commits: Commit[] = [];
  const running: (Operation | undefined)[] = [undefined, undefined];
  const count = { push: 0, pull: 0, gc: 0, drop: 0, kill: 0, refused: 0, checks: 0 };
  const took = { moved: 0, deleted: 0 };

  const makeCommit = async (machine: number): Promise<Commit> => {
    const disk = disks[machine] as SimulatedDisk;
    const files: { [name: string]: string | Uint8Array } = {};
    for (let at = 0; at <= random.below(6); at++) {
      files[`f${random.below(8)}`] = `text ${random.below(24)} `.repeat(1 + random.below(40));
    }
    if (random.chance(0.4)) files['large'] = patternOf(ALONE_FROM, 1 + random.below(3));
    const wants = [disk.objects.keep('data', files)];
    const runs = random.chance(0.5)
      ? [await disk.runs.record(runRecord('train', commits.length))]
      : [];
    const id = `c${String(commits.length).padStart(7, '0')}`;
    const commit = { id, wants, runs, isPromised: false, drops: 0 };
    commits.push(commit);
    return commit;
  };

  const begin = (
    what: 'push' | 'pull' | 'gc',
    client: SimulatedClient,
    atEnd: () => void = () => undefined,
  ): Operation => {
    count[what] += 1;
    const operation: Operation = {
      ...{ client, isOver: false },
      end: () => {
        operation.isOver = true;
        atEnd();
      },
    };
    return operation;
  };

  const fair = (code: string | undefined, what: string): void => {
    count.refused += 1;
    if (code === undefined || !FAIR.test(code)) t.fail(`${what} ended with ${code}`);
  };

  const startPush = async (machine: number, client: SimulatedClient): Promise<Operation> => {
    const mine = commits.filter(({ wants: [want] }) =>
      want === undefined ? false : disks[machine]?.objects.stored.has(want.ref.digest),
    );
    const commit =
      random.chance(0.5) || mine.length === 0 ? await makeCommit(machine) : random.pick(mine);
    const operation = begin('push', client);
    const { drops } = commit;
    void push(
      { ...commit, commit: commit.id, by: 'robin', avian: '0.1.0', dry: false },
      client.remote,
      client.ports,
      OPTIONS,
    ).then((done) => {
      operation.end();
      if (!done.ok) {
        const code = done.error.diagnostics[0]?.code;
        // The other machine's copy went from the cache of this one, or never was whole.
        if (code !== 'push/not-in-cache') fair(code, `push of ${commit.id}`);
      } else if (commit.drops === drops && drops % 2 === 0) commit.isPromised = true;
    });
    return operation;
  };

  const startPull = (client: SimulatedClient): Operation => {
    const operation = begin('pull', client);
    const promised = commits.filter(({ isPromised }) => isPromised);
    const commit = promised.length === 0 ? undefined : random.pick(promised);
    void fetch(
      () => Promise.resolve(ok(commit?.wants ?? [])),
      client.remote,
      client.ports,
      OPTIONS,
    ).then((done) => {
      operation.end();
      if (!done.ok) fair(done.error.diagnostics[0]?.code, `pull of ${commit?.id}`);
      else if (commit?.isPromised === true && done.value.missing.length > 0) {
        t.fail(`${commit.id} was not whole`);
      }
    });
    return operation;
  };

  const startGc = (client: SimulatedClient): Operation => {
    const promised = commits.filter(({ isPromised }) => isPromised);
    const dropped = promised.length > 2 && random.chance(0.4) ? random.pick(promised) : undefined;
    if (dropped !== undefined) {
      dropped.isPromised = false;
      dropped.drops += 1;
      count.drop += 1;
    }
    const operation = begin('gc', client, () => {
      if (dropped !== undefined) dropped.drops += 1;
    });
    const request = {
      drop: dropped === undefined ? [] : [dropped.id],
      ...{ dry: false, keep: () => Promise.resolve([]), by: 'robin' },
    };
    void collectRemote(request, client.remote, client.ports, OPTIONS).then((done) => {
      operation.end();
      if (done.ok) {
        took.moved += done.value.moved.objects;
        took.deleted += done.value.deleted.names;
        if (done.value.lost.length > 0) t.fail(`lost: ${done.value.lost[0]}`);
        return;
      }
      const code = done.error.diagnostics[0]?.code;
      // Dropped by the other one in the same moment.
      if (code !== 'gc/no-such-root') fair(code, 'gc');
    });
    return operation;
  };

  const isWhole = async (commit: Commit): Promise<boolean> => {
    const disk = await emptyDisk();
    const newcomer = new SimulatedClient(disk, simulation, random, simulation.bucket);
    const { wants } = commit;
    const done = await fetch(
      () => Promise.resolve(ok(wants)),
      newcomer.remote,
      newcomer.ports,
      OPTIONS,
    );
    disk.index.close();
    count.checks += 1;
    const isHere = await Promise.all(wants.map(({ ref }) => disk.objects.holds(ref)));
    const hasRuns = commit.runs.every(({ id }) => disk.runs.runs.some((run) => run.id === id));
    if (done.ok && isHere.every(Boolean) && hasRuns) return true;
    t.comment(JSON.stringify(done).slice(0, 500));
    return false;
  };
  const check = async (most: number, when: string): Promise<boolean> => {
    const promised = commits.filter(({ isPromised }) => isPromised);
    while (promised.length > most) promised.splice(random.below(promised.length), 1);
    for (const commit of promised) {
      if (await isWhole(commit)) continue;
      t.fail(`${commit.id} cannot be pulled whole ${when}; SEED=${seed}`);
      return false;
    }
    return true;
  };

  for (let step = 0; step < STEPS; step++) {
    for (const machine of [0, 1]) {
      const operation = running[machine];
      if (operation !== undefined && !operation.isOver) continue;
      running[machine] = undefined;
      if (random.chance(0.6)) continue;
      const client = new SimulatedClient(disks[machine] as SimulatedDisk, simulation, random);
      const dice = random.below(10);
      if (dice < 5) running[machine] = await startPush(machine, client);
      else if (dice < 7) running[machine] = startPull(client);
      else running[machine] = startGc(client);
      await simulation.settle();
    }
    const dice = random.below(1000);
    if (dice < 8) {
      const operation = running[random.below(2)];
      if (operation !== undefined && !operation.isOver) {
        await simulation.kill(operation.client);
        operation.end();
        count.kill += 1;
      }
    } else if (dice < 18) await simulation.pass(random.below(50) * HOUR);
    else if (dice < 100) await simulation.pass(random.below(20_000));
    else if (!(await simulation.step())) await simulation.pass(random.below(30) * HOUR);
    if (step % 50 === 0 && !(await check(4, `in step ${step}`))) return;
  }

  for (const operation of running) {
    if (operation !== undefined && !operation.isOver) await simulation.kill(operation.client);
  }
  if (!(await check(Infinity, 'at the end'))) return;
  // What nobody needs does not stay for ever.
  const disk = await emptyDisk();
  for (let day = 0; day < 14; day++) {
    const last = new SimulatedClient(disk, simulation, random, simulation.bucket);
    const request = { drop: [], dry: false, keep: () => Promise.resolve([]), by: 'robin' };
    t.match(await collectRemote(request, last.remote, last.ports, OPTIONS), { ok: true });
    await simulation.pass(25 * HOUR);
  }
  disk.index.close();
  await check(Infinity, 'after the last gc');
  const left = [...simulation.bucket.objects.keys()];
  t.same(
    left.filter((name) => name.startsWith('gc/')),
    [],
    'no list of a gc is left',
  );
  const text = left
    .filter((name) => name.startsWith('index/'))
    .map((name) => String(simulation.bucket.objects.get(name)))
    .join('');
  const stray = left.filter((name) => /^(packs|blobs)\//.test(name) && !text.includes(`"${name}"`));
  t.same(stray, [], 'nothing is left that no segment names');
  t.comment(`${commits.length} commits, ${JSON.stringify({ ...count, ...took })}`);
}
