import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Test } from 'tap';
import type { AttemptId } from '../../model/names.ts';
import { hashText, startHash } from '../hash/blake3.ts';
import { openLogStore } from './log-store.ts';

const attempt = '20260101T000000Z-00000a' as AttemptId;

function project(t: Test) {
  const cache = join(t.testdir({}), 'v1');
  return {
    cache,
    logs: openLogStore({ cache, startHash }),
    path: join(cache, 'logs', `${attempt}.log`),
  };
}

t.test('what was said can be read by people, and by stream', async (t) => {
  const { logs, path } = project(t);
  t.equal(await logs.read(attempt), undefined);
  const log = logs.open(attempt, 'train');
  log.append('stdout', 'épocha 1\n');
  log.append('stdout', 'épocha 2\n');
  log.append('stderr', 'warning: 🐦\n');
  log.append('stderr', '');
  log.append('stdout', 'done\n');
  const text = 'épocha 1\népocha 2\nwarning: 🐦\ndone\n';
  t.same(await log.close(), {
    digest: `b3:${hashText(text)}`,
    size: Buffer.byteLength(text),
    path,
  });
  t.equal(readFileSync(path, 'utf8'), text);
  t.same(await logs.read(attempt), [
    { stream: 'stdout', chunk: 'épocha 1\népocha 2\n' },
    { stream: 'stderr', chunk: 'warning: 🐦\n' },
    { stream: 'stdout', chunk: 'done\n' },
  ]);
  t.same(await log.close(), await log.close(), 'closing twice is no harm');
  t.throws(() => log.append('stdout', 'late'), /bug/);
});

t.test('of a long log the end can be had, in whole lines and by stream', async (t) => {
  const { logs } = project(t);
  const log = logs.open(attempt, 'train');
  log.append('stdout', 'éé one\n');
  log.append('stderr', 'éé two\n');
  log.append('stdout', 'éé three\n');
  const { size } = await log.close();
  const all = await logs.read(attempt);
  t.equal(all?.length, 3);
  for (const enough of [size, size + 1, Infinity]) t.same(await logs.read(attempt, enough), all);
  t.same(await logs.read(attempt, size - 1), all?.slice(1));
  t.same(await logs.read(attempt, 20), all?.slice(2), 'cut within a letter');
  t.same(await logs.read(attempt, 3), []);
  t.same(await logs.read(attempt, 0), []);
});

t.test('a silent attempt has an empty log', async (t) => {
  const { logs } = project(t);
  t.match(await logs.open(attempt, 'train').close(), { size: 0, digest: `b3:${hashText('')}` });
  t.same(await logs.read(attempt), []);
});

t.test('a person can follow a log while it is written', async (t) => {
  const { logs, path } = project(t);
  const log = logs.open(attempt, 'train');
  log.append('stdout', 'epoch 1\n');
  while (readFileSync(path, 'utf8') !== 'epoch 1\n') await sleep(10);
  log.append('stderr', 'x'.repeat(70_000));
  t.equal(readFileSync(path, 'utf8').length, 70_008, 'a full block is written at once');
  await log.close();
});

t.test('a million lines take little memory', async (t) => {
  const { logs } = project(t);
  const log = logs.open(attempt, 'train');
  const before = process.memoryUsage().rss;
  const startedAt = performance.now();
  for (let line = 0; line < 1_000_000; line++) {
    log.append(line % 50 === 0 ? 'stderr' : 'stdout', 'robin sings\n');
  }
  const { size } = await log.close();
  t.equal(size, 12_000_000);
  const grown = process.memoryUsage().rss - before;
  t.comment(`${Math.round(performance.now() - startedAt)} ms, ${Math.round(grown / 2 ** 20)} MiB`);
  t.ok(grown < 150 * 2 ** 20);
});

t.test('what a kill left is read as far as it goes', async (t) => {
  const { logs, path } = project(t);
  const log = logs.open(attempt, 'train');
  log.append('stdout', 'one\n');
  log.append('stderr', 'two\n');
  await log.close();
  appendFileSync(path, 'three\n');
  t.same((await logs.read(attempt))?.at(-1), { stream: 'stdout', chunk: 'three\n' });
  writeFileSync(path.replace('.log', '.idx'), 'o 999\ngarbage\ne');
  t.same(await logs.read(attempt), [{ stream: 'stdout', chunk: 'one\ntwo\nthree\n' }]);
  t.ok(existsSync(path));
});

t.test('a full disk is told in words at the end, not to whoever speaks', async (t) => {
  const { cache, logs, path } = project(t);
  if (!existsSync('/dev/full')) {
    t.comment('needs /dev/full');
    return;
  }
  mkdirSync(join(cache, 'logs'), { recursive: true });
  symlinkSync('/dev/full', path);
  const log = logs.open(attempt, 'train');
  for (let line = 0; line < 20_000; line++) log.append('stdout', 'robin sings\n');
  await t.rejects(log.close(), /log\/unwritable: .*ENOSPC/);
});

t.test('a folder that cannot be written is told at once', (t) => {
  const { cache, logs } = project(t);
  writeFileSync(cache, 'in the way');
  t.throws(() => logs.open(attempt, 'train'), /log\/unwritable/);
  t.end();
});
