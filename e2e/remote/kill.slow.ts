import * as fs from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { randomFrom, seedOf, type Random } from '../../src/testing/random.ts';
import { createBed, needsEmulator, type Bed } from './bed.ts';
import {
  bytesInCache,
  faultsOfCache,
  halfway,
  isAllOrNothing,
  pictureOf,
  readAgain,
  sentAgain,
} from './state.ts';

/*
 * `kill -9` at random moments of `avian push` and `avian pull`. Each ms of latency gives a kill more places where
 * the other side has done what this one does not know yet.
 */

const cases = Number(process.env['CASES'] ?? 50);
const seed = seedOf(process.env);
const LATENCY_MS = 20;

t.setTimeout(0);
t.test(
  `avian push, killed at ${cases} random moments`,
  { ...needsEmulator, timeout: 0 },
  async (t) => {
    t.comment(`SEED=${seed}`);
    const bed = await createBed(t);
    const undisturbed = await bed.whole('full');
    undisturbed.proxy.latency = LATENCY_MS;
    t.match(await undisturbed.avian('push'), { code: 0 });
    // The first push of a machine may take three times as long as the others, which then end before they are killed.
    const warm = await bed.whole('warm');
    warm.proxy.latency = LATENCY_MS;
    const { ms, code } = await warm.avian('push');
    t.equal(code, 0);
    const right = pictureOf(undisturbed);
    const seen = { killed: 0, halfway: 0 };
    for (let index = 0; index < cases; index++) {
      const random = randomFrom(seed + index);
      const killAfterMs = random.below(Math.ceil(ms));
      const faults = await killPush(bed, `k${index}`, killAfterMs, random, right, seen);
      if (faults.length > 0)
        t.fail(`case ${index}, after ${killAfterMs} ms`, { seed: seed + index, faults });
    }
    t.comment(`${seen.killed} killed, ${seen.halfway} of them with something sent`);
    t.ok(seen.killed > cases / 2, 'most were killed in time');
  },
);

t.test(
  `avian pull, killed at ${cases} random moments`,
  { ...needsEmulator, timeout: 0 },
  async (t) => {
    t.comment(`SEED=${seed}`);
    const bed = await createBed(t);
    const ana = await bed.whole('full');
    t.match(await ana.avian('push'), { code: 0 });
    const right = pictureOf(ana);
    const undisturbed = await bed.bare('undisturbed', 'full');
    undisturbed.proxy.latency = LATENCY_MS;
    const { ms, code } = await undisturbed.avian('pull');
    t.equal(code, 0);
    const seen = { killed: 0, halfway: 0 };
    for (let index = 0; index < cases; index++) {
      const random = randomFrom(seed + index);
      const killAfterMs = random.below(Math.ceil(ms));
      const faults = await killPull(bed, `p${index}`, killAfterMs, right, seen);
      if (faults.length > 0)
        t.fail(`case ${index}, after ${killAfterMs} ms`, { seed: seed + index, faults });
    }
    t.comment(`${seen.killed} killed, ${seen.halfway} of them with something received`);
    t.ok(seen.killed > cases / 2, 'most were killed in time');
  },
);

interface Seen {
  killed: number;
  halfway: number;
}

/** What is wrong after a push was killed, and a second one. */
async function killPush(
  bed: Bed,
  name: string,
  killAfterMs: number,
  random: Random,
  right: readonly string[],
  seen: Seen,
): Promise<readonly unknown[]> {
  const ana = await bed.whole(name);
  ana.proxy.latency = LATENCY_MS;
  const first = await ana.avian('push', { killAfterMs });
  if (first.signal === 'SIGKILL') seen.killed += 1;
  const left = await halfway(bed, name, ana.proxy);
  if (left.stored.length > 0) seen.halfway += 1;
  const faults: unknown[] = [];
  if (random.chance(0.3)) {
    // Whoever comes now finds all or nothing of what a root or a segment promises.
    const early = await bed.bare(`${name}-early`, name);
    const pulled = await early.avian('pull');
    const isAllThere = left.stored.some(({ name: each }) => each.includes('/index/'));
    if (pulled.code !== (isAllThere ? 0 : 4)) faults.push({ early: pulled });
    fs.rmSync(early.root, { recursive: true });
  }
  ana.proxy.passed.length = 0;
  const second = await ana.avian('push');
  if (second.code !== 0) faults.push({ second });
  faults.push(...sentAgain(left, await bed.stored(name), ana.proxy.passed));
  const ben = await bed.bare(`${name}-ben`, name);
  const pulled = await ben.avian('pull');
  if (pulled.code !== 0 || pictureOf(ben).join() !== right.join()) faults.push({ pulled });
  for (const root of [ana.root, ben.root, join(bed.folder, 'bucket/birds', name)]) {
    fs.rmSync(root, { recursive: true });
  }
  return faults;
}

/** What is wrong after a pull was killed, and a second one. */
async function killPull(
  bed: Bed,
  name: string,
  killAfterMs: number,
  right: readonly string[],
  seen: Seen,
): Promise<readonly unknown[]> {
  const ben = await bed.bare(name, 'full');
  ben.proxy.latency = LATENCY_MS;
  const first = await ben.avian('pull', { killAfterMs });
  if (first.signal === 'SIGKILL') seen.killed += 1;
  const before = bytesInCache(ben);
  if (before > 0) seen.halfway += 1;
  const faults: unknown[] = [];
  const found = pictureOf(ben);
  if (!isAllOrNothing(found, right)) faults.push({ found });
  const passed = ben.proxy.passed.splice(0);
  const second = await ben.avian('pull');
  if (second.code !== 0 || pictureOf(ben).join() !== right.join()) faults.push({ second });
  const received = ben.proxy.passed.reduce((sum, each) => sum + each.received, 0);
  const missing = bytesInCache(ben) - before;
  if (received > missing + 2 ** 20) faults.push({ received, missing });
  faults.push(...readAgain(await bed.stored('full'), [...passed, ...ben.proxy.passed]));
  faults.push(...faultsOfCache(ben));
  fs.rmSync(ben.root, { recursive: true });
  return faults;
}
