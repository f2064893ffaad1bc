import * as fs from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { randomFrom, type Random } from '../../src/testing/random.ts';
import { createFaultRig, faultsOfCache, settle, type Ended, type FaultRig } from './fault-rig.ts';
import { victims, type Victim, type VictimName } from './victims.ts';
import { OUTS, picture, USERS } from './project.ts';

/** What the system may answer, and to which calls. */
const ANSWERS = {
  ENOSPC: 'write,pwrite64,mkdir,openat,rename,link,symlink,ftruncate,fsync,copy_file_range',
  EIO: 'write,pwrite64,pread64,openat,fsync,fdatasync,rename,unlink,newfstatat,statx,getdents64',
  EACCES: 'openat,mkdir,rename,unlink,link,symlink,chmod,newfstatat,statx,utimensat,rmdir,unlinkat',
} as const;

type Answer = keyof typeof ANSWERS;

/** One call of an undisturbed run: the n-th of its name in avian's main thread. */
interface Call {
  readonly name: string;
  readonly nth: number;
}

/**
 * Has random system calls on the project fail: avian says in words what happened, with a code and
 * an exit status of the table, loses nothing, and the next run is as good as a clean one.
 */
export async function failAtRandom(
  t: Test,
  name: VictimName,
  cases: number,
  seed: number,
): Promise<void> {
  t.comment(`SEED=${seed}`);
  const rig = createFaultRig(t);
  await settle(rig);
  const victim = victims[name];
  const { after, users, calls } = await watch(rig, victim);
  const seen = new Map<string, number>();
  for (let index = 0; index < cases; index++) {
    const random = randomFrom(seed + index);
    const { told, strace } = faultOf(random, calls);
    const fault = await failOnce(rig, victim, strace, { after, users }, seen);
    if (fault !== undefined) t.fail(`case ${index}: ${told}`, { seed: seed + index, fault });
  }
  const counts = [...seen].sort().map(([what, count]) => `${count} ${what}`);
  t.comment(counts.join(', '));
  t.ok(
    [...seen.keys()].some((what) => what !== 'exit 0'),
    'some faults were felt',
  );
}

/** A clean run: what it leaves, and which calls it makes on the project's files. */
async function watch(rig: FaultRig, victim: Victim) {
  const root = rig.copy('settled', 'case');
  victim.prepare(root);
  const users = picture(root, USERS);
  const log = join(rig.folder, 'trace');
  const names = [...new Set(Object.values(ANSWERS).flatMap((list) => list.split(',')))];
  const strace = ['-y', '-o', log, '-e', `trace=${names.join(',')}`];
  const { code, stderr } = await rig.avian(root, victim.words, { strace });
  if (code !== 0) throw new Error(`avian ${victim.words}: ${stderr}`);
  const calls: Call[] = [];
  const counted = new Map<string, number>();
  for (const line of fs.readFileSync(log, 'utf8').split('\n')) {
    const call = /^(\w+)\(/.exec(line)?.[1];
    if (call === undefined) continue;
    const nth = (counted.get(call) ?? 0) + 1;
    counted.set(call, nth);
    if (line.includes(root)) calls.push({ name: call, nth });
  }
  return { after: picture(root), users, calls };
}

function faultOf(
  random: Random,
  calls: readonly Call[],
): { readonly told: string; readonly strace: readonly string[] } {
  const answer = random.pick(Object.keys(ANSWERS) as Answer[]);
  const fitting = calls.filter(({ name }) => ANSWERS[answer].split(',').includes(name));
  // By name first, or the rare calls would hardly ever fail.
  const name = random.pick([...new Set(fitting.map((call) => call.name))]);
  const { nth } = random.pick(fitting.filter((call) => call.name === name));
  const inject = `inject=${name}:error=${answer}:when=${nth}`;
  return {
    told: inject,
    strace: ['-o', '/dev/null', '-e', `trace=${name}`, '-e', inject],
  };
}

const TABLE = [0, 1, 2, 3, 4, 5, 64];

async function failOnce(
  rig: FaultRig,
  victim: Victim,
  strace: readonly string[],
  clean: Clean,
  seen: Map<string, number>,
): Promise<object | undefined> {
  const root = rig.copy('settled', 'case');
  victim.prepare(root);
  const before = picture(root, OUTS);
  const failed = await rig.avian(root, victim.words, { strace });
  return faultAfter(rig, victim, { root, before, failed }, clean, seen);
}

/** What an undisturbed run leaves, and what people had written before it. */
export interface Clean {
  readonly after: readonly string[];
  readonly users: readonly string[];
}

/** What is wrong after a run that met a fault, which is over by now; undefined when all is well. */
export async function faultAfter(
  rig: FaultRig,
  victim: Victim,
  met: { readonly root: string; readonly before: readonly string[]; readonly failed: Ended },
  clean: Clean,
  seen: Map<string, number>,
): Promise<object | undefined> {
  const { root, before, failed } = met;
  // Counts shift by a call or two from run to run, so that some hit Node itself: its event loop aborts, its loader throws.
  const isNodes = failed.signal === 'SIGABRT' || /Module\._load/.test(failed.stderr);
  const what = isNodes ? "in Node's own calls" : `exit ${failed.code ?? failed.signal ?? ''}`;
  seen.set(what, (seen.get(what) ?? 0) + 1);
  if (!isNodes && !TABLE.includes(failed.code ?? NaN))
    return { what: 'no status of the table', ...failed };
  if (!isNodes && /^\s+at .+:\d+/m.test(failed.stderr)) return { what: 'a stack trace', ...failed };
  if (
    !isNodes &&
    failed.code !== 0 &&
    !/error\[\w+\/[\w-]+\]|failed after|cannot/.test(failed.stderr)
  ) {
    return { what: 'nothing said', ...failed };
  }
  const users = picture(root, USERS).filter((line) => !clean.users.includes(line));
  if (users.length > 0) return { what: 'files of the user changed', users, ...failed };
  const mixed = picture(root, OUTS).filter(
    (line) => !before.includes(line) && !clean.after.includes(line),
  );
  if (mixed.length > 0) return { what: 'outs neither old nor new', mixed, ...failed };

  const next = await rig.avian(root, victim.words);
  if (next.code !== 0) return { what: 'the next run', first: failed, ...next };
  const found = picture(root);
  if (found.join('\n') !== clean.after.join('\n')) {
    const more = found.filter((line) => !clean.after.includes(line));
    const less = clean.after.filter((line) => !found.includes(line));
    return { what: 'not as after a clean run', more, less, first: failed, ...next };
  }
  const settled = await rig.avian(root, 'repro');
  const again = await rig.avian(root, 'repro');
  if (settled.code !== 0 || !/: 4 up to date/.test(again.stderr)) {
    return { what: 'not settled', settled, again };
  }
  const faults = faultsOfCache(root);
  return faults.length > 0 ? { what: 'the cache', faults, first: failed } : undefined;
}
