import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { randomFrom, seedOf, type Random } from '../../src/testing/random.ts';
import { createFaultRig, settle, type FaultRig } from './fault-rig.ts';
import { faultAfter, type Clean } from './inject.ts';
import { OUTS, picture, USERS } from './project.ts';
import { victimNames, victims, type Victim } from './victims.ts';

/*
 * A disk of a few megabytes with a random rest of room, for the project with its cache and for the
 * cache alone: nobody loses a file, the message is in words, and with room again all goes on.
 */

const cases = Number(process.env['CASES'] ?? 50);
const only = process.env['ONLY'];
const isRoot = process.getuid?.() === 0 && process.platform === 'linux';
const MB = 1024 * 1024;

t.setTimeout(0);
for (const name of victimNames) {
  if (only !== undefined && name !== only) continue;
  const options = { timeout: 0, ...(!isRoot && { skip: 'mounting a small disk needs root' }) };
  t.test(`avian ${name} on ${cases} full disks`, options, (t) =>
    fillAtRandom(t, victims[name], seedOf(process.env)),
  );
}

async function fillAtRandom(t: Test, victim: Victim, seed: number): Promise<void> {
  t.comment(`SEED=${seed}`);
  const rig = createFaultRig(t);
  await settle(rig);
  const root = rig.copy('settled', 'clean');
  victim.prepare(root);
  const users = picture(root, USERS);
  const { code, stderr } = await rig.avian(root, victim.words);
  if (code !== 0) throw new Error(stderr);
  const clean = { users, after: picture(root) };
  const seen = new Map<string, number>();
  for (let index = 0; index < cases; index++) {
    const random = randomFrom(seed + index);
    const isCacheAlone = random.chance(0.5);
    const room = random.below(random.pick([16 * 1024, 2 * MB, 8 * MB]));
    const fault = await fillOnce(rig, victim, { isCacheAlone, room, random }, clean, seen);
    if (fault === undefined) continue;
    const told = `${Math.round(room / 1024)} KiB of room${isCacheAlone ? ' for the cache' : ''}`;
    t.fail(`case ${index}: ${told}`, { seed: seed + index, fault });
  }
  t.comment(
    [...seen]
      .sort()
      .map(([what, count]) => `${count} ${what}`)
      .join(', '),
  );
  t.ok((seen.get('exit 1') ?? 0) > 0, 'some disks were too small');
}

async function fillOnce(
  rig: FaultRig,
  victim: Victim,
  disk: { readonly isCacheAlone: boolean; readonly room: number; readonly random: Random },
  clean: Clean,
  seen: Map<string, number>,
): Promise<object | undefined> {
  const root = join(rig.folder, 'disk');
  const mounted = disk.isCacheAlone ? join(root, 'cache') : root;
  fs.rmSync(root, { recursive: true, force: true });
  fs.mkdirSync(mounted, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', mounted]);
  try {
    execFileSync('cp', ['-a', `${join(rig.folder, 'settled')}/.`, root]);
    victim.prepare(root);
    const before = picture(root, OUTS);
    // Beside the project's own files, where avian does not look.
    const ballast = join(root, 'cache/ballast');
    const { bavail, bsize } = fs.statfsSync(mounted);
    fs.writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - disk.room)));
    const failed = await rig.avian(root, victim.words);
    fs.rmSync(ballast);
    return await faultAfter(rig, victim, { root, before, failed }, clean, seen);
  } finally {
    execFileSync('umount', [mounted]);
  }
}
