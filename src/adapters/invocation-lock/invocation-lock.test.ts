import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import type { LockHolder } from '../../ports/invocation-lock.ts';
import { createInvocationLock } from './invocation-lock.ts';

const moduleFile = new URL('./invocation-lock.ts', import.meta.url).href;
const { signal } = new AbortController();
const quiet = { command: 'avian repro', signal, onWait: () => undefined };

const lockIn = (cache: string) => createInvocationLock({ cache, pid: process.pid, host: 'finch' });

/** Another process that takes the lock and keeps it. */
async function holder(t: Test, cache: string) {
  const program = `
    const { createInvocationLock } = await import(${JSON.stringify(moduleFile)});
    const lock = createInvocationLock({ cache: ${JSON.stringify(cache)}, pid: process.pid, host: 'tit' });
    const held = await lock.acquire({ command: 'avian repro train',
      signal: new AbortController().signal, onWait: () => console.log('waits') });
    console.log('holds');
    process.stdin.once('data', async () => { await held.release(); process.exit(); });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const said = async (): Promise<string> =>
    String(((await once(child.stdout, 'data')) as [Buffer])[0]);
  return { child, exited, said };
}

t.test('one takes the lock, and nothing of it is left', async (t) => {
  const cache = join(t.testdir({}), 'cache/v1');
  const held = await lockIn(cache).acquire(quiet);
  t.ok(existsSync(join(cache, 'lock.json')));
  await held.release();
  await held.release();
  t.same(readdirSync(cache), ['lock.sqlite']);
});

t.test('a second process waits, says for whom, and goes on when the first is done', async (t) => {
  const cache = t.testdir({});
  const { child, said } = await holder(t, cache);
  t.equal(await said(), 'holds\n');
  const waits: (LockHolder | undefined)[] = [];
  const held = await lockIn(cache).acquire({
    ...quiet,
    onWait: (who) => {
      waits.push(who);
      child.stdin.write('done');
    },
  });
  t.match(waits, [{ pid: child.pid, host: 'tit', command: 'avian repro train', since: /^\d{4}-/ }]);
  await held.release();
});

t.test('a lock dies with its process', async (t) => {
  const cache = t.testdir({});
  const { child, exited, said } = await holder(t, cache);
  t.equal(await said(), 'holds\n');
  let waits = 0;
  const held = await lockIn(cache).acquire({
    ...quiet,
    onWait: () => {
      waits++;
      child.kill('SIGKILL');
    },
  });
  await exited;
  t.equal(waits, 1);

  const second = await holder(t, cache);
  t.equal(await second.said(), 'waits\n', 'we hold it now');
  await held.release();
  t.equal(await second.said(), 'holds\n');
});

t.test('waiting ends with an abort, and does not hold up the event loop', async (t) => {
  const cache = t.testdir({});
  const held = await lockIn(cache).acquire(quiet);
  const controller = new AbortController();
  let longest = 0;
  let last = performance.now();
  const ticker = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  const waiting = lockIn(cache).acquire({
    ...quiet,
    signal: controller.signal,
    onWait: () => setTimeout(() => controller.abort(new Error('enough')), 120),
  });
  await t.rejects(waiting, /enough/);
  clearInterval(ticker);
  t.comment(`longest pause of the event loop: ${longest.toFixed(1)} ms`);
  await t.rejects(
    lockIn(cache).acquire({ ...quiet, signal: AbortSignal.abort(new Error('no')) }),
    /no/,
  );
  await held.release();
  const next = await lockIn(cache).acquire({ ...quiet, onWait: () => t.fail('nobody holds it') });
  await next.release();
});

t.test('a holder that left no name is waited for all the same', async (t) => {
  const cache = t.testdir({});
  const held = await lockIn(cache).acquire(quiet);
  for (const left of ['{"pid":', '{"pid":"1"}']) {
    writeFileSync(join(cache, 'lock.json'), left);
    const controller = new AbortController();
    const who = Promise.withResolvers<LockHolder | undefined>();
    const waiting = lockIn(cache).acquire({
      ...quiet,
      signal: controller.signal,
      onWait: who.resolve,
    });
    t.equal(await who.promise, undefined);
    controller.abort();
    await t.rejects(waiting);
  }
  await held.release();
});

t.test('where no lock can be had, the problem is told in words', async (t) => {
  const cache = join(t.testdir({}), 'v1');
  writeFileSync(cache, 'a file where a folder should be');
  await t.rejects(lockIn(cache).acquire(quiet), /project\/unlockable/);
});

t.test('a lock file that is no database is emptied, and locks again', async (t) => {
  const cache = t.testdir({
    'lock.sqlite': 'not a database, but long enough to look like one'.repeat(99),
  });
  const held = await lockIn(cache).acquire(quiet);
  const controller = new AbortController();
  const second = lockIn(cache).acquire({
    ...quiet,
    signal: controller.signal,
    onWait: () => controller.abort(),
  });
  await t.rejects(second, 'one at a time');
  await held.release();
  await (await lockIn(cache).acquire(quiet)).release();
});

t.test('a free lock costs little', async (t) => {
  const lock = lockIn(t.testdir({}));
  const times: number[] = [];
  for (let round = 0; round < 9; round++) {
    const startedAt = performance.now();
    const held = await lock.acquire(quiet);
    await held.release();
    times.push(performance.now() - startedAt);
  }
  const median = times.sort((a, b) => a - b)[4] ?? NaN;
  t.comment(`taken and released in ${median.toFixed(2)} ms`);
  t.ok(median < 50);
});
