import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Test } from 'tap';
import {
  locked,
  lockStoreContract,
  path,
  stage,
  tree,
} from '../../testing/contracts/lock-store.contract.ts';
import { hashText as hash } from '../hash/blake3.ts';
import { openLockStore } from './lock-store.ts';
import { formatLock } from './lock-text.ts';

function project(t: Test) {
  const root = t.testdir({});
  const file = join(root, 'pipeline.lock');
  const cache = join(root, 'cache/v1');
  return {
    ...{ root, cache, file, journal: join(cache, 'lock-journal.jsonl') },
    open: (rewriteEveryMs = 3_600_000) => openLockStore({ root, cache, hash, rewriteEveryMs }),
    text: () => readFileSync(file, 'utf8'),
  };
}

const train = (digit: string) => [stage('train'), locked(digit, { model: tree })] as const;
const holding = (digit: string) =>
  formatLock({ version: 1, sources: {}, stages: { train: locked(digit, { model: tree }) } });

t.test('contract', (t) => {
  lockStoreContract(t, (t) => project(t).open);
  t.end();
});

t.test('the lock changes on disk only when something changed', async (t) => {
  const { open, file, text, cache } = project(t);
  const store = open();
  await store.read();
  await store.flush();
  t.notOk(existsSync(file), 'a project without stages gets no lock');
  t.notOk(existsSync(cache), 'and no cache');
  await store.setStage(...train('1'));
  await store.flush();
  const before = statSync(file, { bigint: true });
  const next = open();
  await next.setStage(...train('1'));
  await next.flush();
  await store.setStage(...train('2'));
  await store.setStage(...train('1'));
  await store.flush();
  const { ino, mtimeNs } = statSync(file, { bigint: true });
  t.same([ino, mtimeNs], [before.ino, before.mtimeNs]);
  t.equal(text(), holding('1'));
});

t.test('a settled stage is in the journal at once, in the lock after the interval', async (t) => {
  const { open, file, journal, text } = project(t);
  const store = open(30);
  await store.setStage(...train('1'));
  t.notOk(existsSync(file));
  t.equal(readFileSync(journal, 'utf8').trim().split('\n').length, 2, 'a head and a change');
  while (!existsSync(file)) await sleep(5);
  t.equal(text(), holding('1'));
  while (existsSync(journal)) await sleep(5);
  t.same(readdirSync(join(file, '..')).sort(), ['cache', 'pipeline.lock'], 'no temporary file');
});

t.test('after a kill the journal is replayed', async (t) => {
  const { root, cache, file, open, text } = project(t);
  const storeFile = new URL('./lock-store.ts', import.meta.url).href;
  const program = `
    const { openLockStore } = await import(${JSON.stringify(storeFile)});
    const store = openLockStore({ root: ${JSON.stringify(root)}, cache: ${JSON.stringify(cache)},
      hash: (text) => String(text.length), rewriteEveryMs: 3_600_000 });
    for (const name of ['fetch', 'stats', 'train'])
      await store.setStage(name, ${JSON.stringify(locked('1', { model: tree }))});
    console.log('settled');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  t.notOk(existsSync(file), 'the lock itself was not written');

  const read = await open().read();
  t.same(read.ok && Object.keys(read.value.stages).sort(), ['fetch', 'stats', 'train']);
  t.notOk(existsSync(file), 'reading writes nothing');
  const store = open();
  await store.setStage(...train('2'));
  const third = await open().read();
  t.match(third.ok && third.value.stages['train'], locked('2', {}), 'a second kill is no loss');
  t.same(third.ok && Object.keys(third.value.stages).sort(), ['fetch', 'stats', 'train']);
  await store.flush();
  t.match(text(), /"fetch"/);
  t.same(readdirSync(cache), []);
});

t.test('a replayed journal reaches the lock even when nothing else changes', async (t) => {
  const { open, text, journal } = project(t);
  await open().setStage(...train('1'));
  const next = open();
  await next.read();
  await next.flush();
  t.equal(text(), holding('1'));
  t.notOk(existsSync(journal));
});

t.test('a line that a kill cut off is lost, and no more', async (t) => {
  const { open, journal } = project(t);
  const store = open();
  await store.setStage(...train('1'));
  await store.setStage(stage('stats'), locked('2', {}));
  const whole = readFileSync(journal, 'utf8');
  for (const [cut, stages] of [
    [whole.slice(0, -1), ['train']],
    [whole.slice(0, whole.indexOf('\n') + 1), []],
    [whole.slice(0, 5), []],
    [whole.replace('{"stage":"train"', '{"stag'), []],
    [whole.replace('b3:a', 'b3:!'), []],
    ['', []],
  ] as const) {
    writeFileSync(journal, cut);
    const read = await open().read();
    t.same(read.ok && Object.keys(read.value.stages), stages);
  }
});

t.test('a journal that continues another lock is ignored', async (t) => {
  const { open, file, text } = project(t);
  const store = open();
  await store.setStage(...train('1'));
  await store.flush();
  await store.setStage(...train('2'));
  // As after a kill and a `git checkout`.
  writeFileSync(file, holding('3'));
  const next = open();
  const read = await next.read();
  t.match(read.ok && read.value.stages['train'], locked('3', {}));
  await next.flush();
  t.equal(text(), holding('3'));
  await next.setStage(stage('stats'), locked('4', {}));
  const last = await open().read();
  t.match(last.ok && last.value.stages, { train: locked('3', {}), stats: locked('4', {}) });
});

t.test('a lock that changed under a running repro keeps both changes', async (t) => {
  const { open, file } = project(t);
  const store = open();
  await store.setStage(...train('1'));
  writeFileSync(
    file,
    formatLock({ version: 1, sources: { raw: tree }, stages: { stats: locked('5', {}) } }),
  );
  await store.flush();
  const read = await open().read();
  t.match(read.ok && read.value, {
    sources: { raw: tree },
    stages: { train: locked('1', {}), stats: locked('5', {}) },
  });
});

t.test('a lock that git could not merge is never overwritten', async (t) => {
  const { open, file, text } = project(t);
  const store = open(20);
  await store.setStage(...train('1'));
  const conflict = '<<<<<<< HEAD\n{}\n=======\n[]\n>>>>>>> theirs\n';
  const sides = { ours: '{}\n', theirs: '[]\n' };
  writeFileSync(file, conflict);
  await t.rejects(async () => {
    // Until the rewrite in the background has met the conflict.
    for (let count = 0; ; count++) {
      await store.setSource(path(`raw/${count}`), tree);
      await sleep(5);
    }
  }, /lock\/conflict/);
  await t.rejects(store.flush(), /lock\/conflict/);
  t.equal(text(), conflict);
  await t.rejects(open().setStage(...train('2')), /lock\/conflict/);
  t.match(await open().read(), { ok: false, error: { diagnostics: [{ code: 'lock/conflict' }] } });
  const mending = open();
  t.strictSame(await mending.conflictSides(), sides);
  const whole = {
    version: 1,
    sources: {},
    stages: { train: locked('3', { model: tree }) },
  } as const;
  await mending.replace(whole);
  t.equal(text(), holding('3'));
  t.strictSame(await open().read(), { ok: true, value: whole }, 'the journal replays nothing');
});

t.test('a lock that cannot be written is a problem in words', async (t) => {
  const { open, root, file, cache } = project(t);
  if (process.getuid?.() === 0) {
    // Root may write anywhere: a file where a folder should be stops it too.
    writeFileSync(join(root, 'cache'), '');
  } else {
    chmodSync(root, 0o500);
    t.teardown(() => chmodSync(root, 0o700));
  }
  await t.rejects(open().setStage(...train('1')), /lock\/unwritable: pipeline.lock cannot be kept/);
  t.notOk(existsSync(file) || existsSync(join(cache, 'lock-journal.jsonl')));
});
