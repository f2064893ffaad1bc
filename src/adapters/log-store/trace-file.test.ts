import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { AttemptId, RepoPath } from '../../model/names.ts';
import type { Traced } from '../../model/trace.ts';
import { startHash } from '../hash/blake3.ts';
import { openLogStore } from './log-store.ts';

const attempt = '20260101T000000Z-00000a' as AttemptId;
const trace: Traced = {
  kind: 'traced',
  by: 'strace',
  accesses: {
    read: [{ path: 'link' as RepoPath, real: 'a' as RepoPath }, { path: 'été' as RepoPath }],
    listed: ['data' as RepoPath],
    written: [],
  },
};

t.test('a trace is kept beside the log and read back', async (t) => {
  const cache = t.testdir({ logs: {} });
  const logs = openLogStore({ cache, startHash });
  t.equal(await logs.readTrace(attempt), undefined);
  await logs.keepTrace(attempt, trace);
  t.same(await logs.readTrace(attempt), trace);
  t.same(readdirSync(join(cache, 'logs')), [`${attempt}.trace.json`]);
});

t.test('one that is damaged, or of another version, is as none', async (t) => {
  const cache = t.testdir({ logs: {} });
  const logs = openLogStore({ cache, startHash });
  const good = { v: 1, by: 'strace', accesses: trace.accesses };
  const bad = [
    ...['', '{', 'null', '[]', '{"v":1}'],
    ...[
      { ...good, v: 2 },
      { ...good, by: 'dtrace' },
      { ...good, accesses: { ...good.accesses, read: [{ path: '../x' }] } },
      { ...good, accesses: { ...good.accesses, read: [{ path: 'x', real: 1 }] } },
      { ...good, accesses: { ...good.accesses, listed: ['/etc'] } },
      { ...good, accesses: { read: [], listed: [] } },
    ].map((value) => JSON.stringify(value)),
  ];
  for (const text of bad) {
    writeFileSync(join(cache, 'logs', `${attempt}.trace.json`), text);
    t.equal(await logs.readTrace(attempt), undefined, text);
  }
});

t.test('a trace that cannot be written costs nothing but itself', async (t) => {
  const cache = t.testdir({ logs: 'a file where a folder should be' });
  await openLogStore({ cache, startHash }).keepTrace(attempt, trace);
  mkdirSync(join(cache, 'elsewhere'));
  t.pass();
});
