import * as fs from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { randomFrom, type Random } from '../../src/testing/random.ts';
import {
  CHANGES,
  createFaultRig,
  faultsOfCache,
  hasStrace,
  settle,
  stagesIn,
  type Doom,
  type FaultRig,
} from './fault-rig.ts';
import { CACHED, OUTS, picture } from './project.ts';
import { victims, type Victim, type VictimName } from './victims.ts';

/** What the project looks like before the command and after an undisturbed one. */
interface Reference {
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly ms: number;
  /** How many changes to the disk avian's main thread makes. */
  readonly changes: number;
}

/** Kills a command at random moments, one project each; what it left has to be as good as new. */
export async function killAtRandom(
  t: Test,
  name: VictimName,
  cases: number,
  seed: number,
): Promise<void> {
  t.comment(`SEED=${seed}`);
  const rig = createFaultRig(t);
  const victim = victims[name];
  await settle(rig);
  const reference = await refer(rig, victim);
  t.comment(`${name}: ${Math.round(reference.ms)} ms, ${reference.changes} changes to the disk`);
  const seen = { killed: 0, orphans: 0, late: 0 };
  for (let index = 0; index < cases; index++) {
    const random = randomFrom(seed + index);
    const { doom, told } = doomOf(random, reference);
    const fault = await killOnce(rig, victim, doom, random, reference, seen);
    if (fault !== undefined) {
      t.fail(`case ${index}: ${told}`, { seed: seed + index, fault });
      if (process.env['KEEP'] !== undefined) {
        fs.cpSync(join(rig.folder, 'case'), process.env['KEEP'], { recursive: true });
        return;
      }
    }
  }
  t.comment(`${seen.killed} killed, ${seen.late} had ended before; ${seen.orphans} orphans`);
  t.ok(seen.killed > 0 || cases < 10, 'some were killed in time');
}

async function refer(rig: FaultRig, victim: Victim): Promise<Reference> {
  const root = rig.copy('settled', 'case');
  victim.prepare(root);
  const before = picture(root, [...OUTS, 'raw', 'pipeline.lock']);
  const { code, stderr, ms } = await rig.avian(root, victim.words);
  if (code !== 0) throw new Error(`avian ${victim.words}: ${stderr}`);
  const after = picture(root);
  if (!hasStrace) return { before, after, ms, changes: 0 };
  const traced = rig.copy('settled', 'case');
  victim.prepare(traced);
  const log = join(rig.folder, 'trace');
  await rig.avian(traced, victim.words, { strace: ['-o', log, '-e', `trace=${CHANGES}`] });
  return { before, after, ms, changes: fs.readFileSync(log, 'utf8').split('\n').length };
}

function doomOf(
  random: Random,
  { ms, changes }: Reference,
): { readonly doom: Doom; readonly told: string } {
  if (changes > 0 && random.chance(0.5)) {
    const nth = 1 + random.below(changes);
    const inject = `inject=${CHANGES}:signal=KILL:when=${nth}`;
    const strace = ['-o', '/dev/null', '-e', `trace=${CHANGES}`, '-e', inject];
    return { doom: { strace }, told: `at change ${nth} of ${changes}` };
  }
  const killAfterMs = random.below(Math.ceil(ms * 1.1));
  const withStages = random.chance(0.25);
  return {
    doom: { killAfterMs, withStages },
    told: `after ${killAfterMs} of ${Math.round(ms)} ms${withStages ? ', with its stages' : ''}`,
  };
}

/** What is wrong after a kill; undefined when all is well. */
async function killOnce(
  rig: FaultRig,
  victim: Victim,
  doom: Doom,
  random: Random,
  reference: Reference,
  seen: { killed: number; orphans: number; late: number },
): Promise<object | undefined> {
  const root = rig.copy('settled', 'case');
  const marks = join(rig.folder, 'marks');
  for (const mark of fs.readdirSync(marks)) fs.rmSync(join(marks, mark));
  victim.prepare(root);
  const killed = await rig.avian(root, victim.words, doom);
  if (killed.code === 0) seen.late += 1;
  else if (killed.signal === 'SIGKILL' || killed.code === 137) seen.killed += 1;
  else return { what: 'it ended in another way', ...killed };
  if (stagesIn(rig.folder).length > 0) seen.orphans += 1;

  // Whoever looks before the next run finds the last good outs, or can have them back.
  const look = random.pick(['status', `checkout ${CACHED.join(' ')}`, 'nothing']);
  if (look !== 'nothing') {
    const looked = await rig.avian(root, look);
    if (looked.code !== 0) return { what: `avian ${look} after the kill`, ...looked };
    if (look !== 'status') {
      const mixed = mixture(picture(root, OUTS), reference);
      if (mixed.length > 0) return { what: 'outs neither old nor new', mixed };
    }
  }
  const next = await rig.avian(root, victim.words);
  if (next.code !== 0) return { what: 'the next run', ...next };
  const found = picture(root);
  if (found.join('\n') !== reference.after.join('\n')) {
    return { what: 'not as after a clean run', ...difference(found, reference.after), ...next };
  }
  if (stagesIn(rig.folder).length > 0) return { what: 'a stage runs on' };
  const overlaps = join(marks, 'overlaps');
  if (fs.existsSync(overlaps)) {
    return { what: 'two copies at once', overlaps: fs.readFileSync(overlaps, 'utf8') };
  }
  // What only a repro sweeps is swept by the next one.
  const settled = await rig.avian(root, 'repro');
  if (settled.code !== 0) return { what: 'the repro after it', ...settled };
  const again = await rig.avian(root, 'repro');
  if (!/: (4 up to date)/.test(again.stderr)) return { what: 'not settled', ...again };
  // What the lock promises can be had.
  const whole = picture(root).join('\n');
  for (const path of CACHED) fs.rmSync(join(root, path), { recursive: true });
  const back = await rig.avian(root, `checkout ${CACHED.join(' ')}`);
  if (back.code !== 0 || picture(root).join('\n') !== whole) {
    return { what: 'a checkout at the end', ...back };
  }
  const faults = faultsOfCache(root);
  return faults.length > 0 ? { what: 'the cache', faults } : undefined;
}

/** Lines that are neither of the state before nor of a clean run's. */
const mixture = (found: readonly string[], { before, after }: Reference): string[] =>
  found.filter((line) => !before.includes(line) && !after.includes(line));

const difference = (found: readonly string[], wanted: readonly string[]) => ({
  more: found.filter((line) => !wanted.includes(line)),
  less: wanted.filter((line) => !found.includes(line)),
});
