import * as fs from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { randomFrom, seedOf, type Random } from '../../src/testing/random.ts';
import { createFaultRig, faultsOfCache, settle, type FaultRig } from './fault-rig.ts';
import { Disk } from './power.ts';
import { CACHED, OUTS, picture, USERS } from './project.ts';
import type { Change } from './record-writes.ts';
import { victimNames, victims, type Victim } from './victims.ts';

/*
 * A power cut at random moments: what avian wrote and synced is recorded once, then replayed up to a
 * moment onto a disk that loses what was not synced, and the next boot goes on from there.
 */

const cases = Number(process.env['CASES'] ?? 100);
const only = process.env['ONLY'];

t.setTimeout(0);
for (const name of victimNames) {
  if (only !== undefined && name !== only) continue;
  t.test(`avian ${name}, the power cut at ${cases} random moments`, { timeout: 0 }, (t) =>
    cutAtRandom(t, victims[name], seedOf(process.env)),
  );
}

const recorder = new URL('./record-writes.ts', import.meta.url).href;

async function cutAtRandom(t: Test, victim: Victim, seed: number): Promise<void> {
  t.comment(`SEED=${seed}`);
  const rig = createFaultRig(t);
  await settle(rig);
  const { changes, after, before } = await record(rig, victim);
  t.comment(`${changes.length} changes and syncs`);
  t.ok(
    changes.some(({ op }) => op.startsWith('sync')),
    'something was synced',
  );
  for (let index = 0; index < cases; index++) {
    const random = randomFrom(seed + index);
    const moment = random.below(changes.length + 1);
    const fault = await cutOnce(
      rig,
      victim,
      { changes: changes.slice(0, moment), after, before },
      random,
    );
    if (fault === undefined) continue;
    t.fail(`case ${index}: after change ${moment}`, { seed: seed + index, fault });
    const { KEEP: keep } = process.env;
    if (keep !== undefined) fs.cpSync(join(rig.folder, 'case'), keep, { recursive: true });
  }
  t.pass(`${cases} cases`);
}

interface Recorded {
  readonly changes: readonly Change[];
  readonly after: readonly string[];
  readonly before: readonly string[];
}

async function record(rig: FaultRig, victim: Victim): Promise<Recorded> {
  const root = rig.copy('settled', 'doomed');
  victim.prepare(root);
  rig.copy('doomed', 'prepared');
  const before = picture(root);
  const log = join(rig.folder, 'changes');
  const env = {
    NODE_OPTIONS: `--import=${recorder}`,
    FAULTS_LOG: log,
    FAULTS_OUTS: OUTS.join(':'),
    FAULTS_BOOT: 'first',
  };
  const { code, stderr } = await rig.avian(root, victim.words, { env });
  if (code !== 0) throw new Error(`avian ${victim.words}: ${stderr}`);
  const all = JSON.parse(fs.readFileSync(log, 'utf8')) as Change[];
  const inside = (change: Change): boolean => !('path' in change) || change.path.startsWith(root);
  return { changes: all.filter(inside), after: picture(root), before };
}

async function cutOnce(
  rig: FaultRig,
  victim: Victim,
  { changes, after, before }: Recorded,
  random: Random,
): Promise<object | undefined> {
  const doomed = join(rig.folder, 'doomed');
  const root = join(rig.folder, 'case');
  // The recorded paths are those of `doomed`; what lay there before the command is in `prepared`.
  const disk = diskOf(join(rig.folder, 'prepared'), doomed);
  for (const change of changes) disk.apply(change);
  fs.rmSync(root, { recursive: true, force: true });
  disk.cut(random, root, doomed);
  spoilDatabases(root, random);

  const users = picture(root, USERS).filter(
    (line) => !before.includes(line) && !after.includes(line),
  );
  if (users.length > 0) return { what: 'files of the user', users };
  const env = { NODE_OPTIONS: `--import=${recorder}`, FAULTS_BOOT: 'second' };
  if (random.chance(0.5)) {
    const looked = await rig.avian(root, random.pick(['status', `checkout ${CACHED.join(' ')}`]), {
      env,
    });
    // Outs that were lost with their objects cannot be checked out; told in words.
    if (![0, 1].includes(looked.code ?? NaN) || /^\s+at /m.test(looked.stderr)) {
      return { what: 'the look before', ...looked };
    }
  }
  const next = await rig.avian(root, victim.words, { env });
  if (next.code !== 0) return { what: 'the next run', ...next };
  const found = picture(root);
  if (found.join('\n') !== after.join('\n')) {
    const more = found.filter((line) => !after.includes(line));
    const less = after.filter((line) => !found.includes(line));
    return { what: 'not as after a clean run', more, less, ...next };
  }
  const settled = await rig.avian(root, 'repro', { env });
  const again = await rig.avian(root, 'repro', { env });
  if (settled.code !== 0 || !/: 4 up to date/.test(again.stderr)) {
    return { what: 'not settled', settled, again };
  }
  const faults = faultsOfCache(root);
  return faults.length > 0 ? { what: 'the cache', faults, ...next } : undefined;
}

/** A disk that holds `of`, under the paths of `as`. */
function diskOf(of: string, as: string): Disk {
  fs.rmSync(as, { recursive: true, force: true });
  fs.cpSync(of, as, { recursive: true });
  return new Disk(as);
}

/** Databases are opaque here: as before the command, gone, cut off or full of zeros. */
function spoilDatabases(root: string, random: Random): void {
  for (const name of ['stat.sqlite', 'lineage.sqlite', 'lock.sqlite']) {
    const file = join(root, 'cache/v1', name);
    if (!fs.existsSync(file)) continue;
    const bytes = fs.readFileSync(file);
    const torn = random.below(bytes.length + 1);
    const left = random.pick([
      bytes,
      bytes,
      undefined,
      bytes.subarray(0, torn),
      Buffer.concat([bytes.subarray(0, torn), Buffer.alloc(bytes.length - torn)]),
    ]);
    if (left === undefined) fs.rmSync(file);
    else fs.writeFileSync(file, left);
  }
}
