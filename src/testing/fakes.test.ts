import t from 'tap';
import { toRef } from '../model/artifact.ts';
import type { AttemptId, RepoPath } from '../model/names.ts';
import type { Traced } from '../model/trace.ts';
import { commands, executorContract } from './contracts/executor.contract.ts';
import { lockStoreContract } from './contracts/lock-store.contract.ts';
import { revisionsContract } from './contracts/revisions.contract.ts';
import { runLogContract } from './contracts/run-log.contract.ts';
import { FakeRevisions } from './fake-revisions.ts';
import { FakeWorld } from './fakes.ts';

const path = (text: string) => text as RepoPath;

const COPIED: Traced = {
  kind: 'traced',
  by: 'strace',
  accesses: { read: [{ path: path('raw.csv') }], listed: [], written: [path('clean.csv')] },
};

t.test('the scripted executor keeps the contract', (t) => {
  executorContract(t, () => {
    const world = new FakeWorld();
    world.onCommand(async (command, { clock }) => {
      if (command.cwd === '/missing') return { notStarted: 'no such folder' };
      for (const cmd of command.cmd) {
        if (cmd === commands.speak) {
          command.onOutput('stdout', 'robin\n');
          command.onOutput('stderr', 'tit\n');
        } else if (cmd === commands.fail) {
          command.onOutput('stderr', 'the nest is empty\n');
          return { code: 3, ...(command.cmd.includes(commands.copy) && { trace: COPIED }) };
        } else if (cmd === commands.die) {
          return { signal: 'SIGTERM' };
        } else if (cmd === commands.hang) {
          command.onOutput('stdout', 'waiting\n');
          const { timeoutMs = Infinity } = command;
          await clock.sleep(timeoutMs, command.signal);
          return { timedOutAfterMs: timeoutMs };
        }
      }
      return { code: 0 };
    });
    world.onQuery((cmd) =>
      cmd === commands.speak
        ? { kind: 'ok', stdout: 'robin\n' }
        : { kind: 'failed', message: 'exited with 3: the nest is empty' },
    );
    const pass = (ms: number): void => world.clock.tick(ms);
    return { executor: world.ports().executor, cwd: '/project', missing: '/missing', pass };
  });
  t.end();
});

t.test('the lock in memory keeps the contract', (t) => {
  lockStoreContract(t, () => {
    const world = new FakeWorld();
    return () => world.ports().lock;
  });
  t.end();
});

t.test('the run log in memory keeps the contract', (t) => {
  runLogContract(t, () => new FakeWorld().ports().runs);
  t.end();
});

t.test('a command that no script answers is the mistake of the test', async (t) => {
  const { executor } = new FakeWorld().ports();
  const { signal } = new AbortController();
  const command = { cmd: ['fly'], cwd: '/', env: {}, signal };
  await t.rejects(
    executor.execute({ ...command, onOutput: () => undefined, onWarning: () => undefined }),
    /no script of this test answers `fly`/,
  );
});

t.test('the workspace in memory commits, restores, and misses what was lost', async (t) => {
  const world = new FakeWorld({ 'nest/a': 'egg', 'nest/deep/b': 'egg too', 'sky.txt': 'blue' });
  const { workspace } = world.ports();
  const committed = await workspace.commit(path('nest'));
  if (!committed.ok || committed.value === undefined) throw new Error('not committed');
  const nest = toRef(committed.value);
  t.match(nest, { files: 2, size: 10 });
  t.same(await workspace.digest(path('nest')), committed);
  t.same(await workspace.digest(path('gone')), { ok: true, value: undefined });
  t.same(world.digested, ['nest', 'gone']);

  world.files.set('nest/a', 'chick');
  world.files.set('nest/c', 'new');
  const changed = await workspace.digest(path('nest'));
  if (!changed.ok || changed.value === undefined) throw new Error('not digested');
  t.same(await workspace.compare(nest, toRef(changed.value), 10), [
    { path: 'a', kind: 'modified' },
    { path: 'c', kind: 'added' },
  ]);
  t.same(await workspace.restore(path('nest'), nest), {
    ok: true,
    value: { bytes: 10, kept: 'cache/v1/tmp/replaced/nest' },
  });
  t.same([...world.files.keys()].sort(), ['nest/a', 'nest/deep/b', 'sky.txt']);
  t.equal(world.files.get('nest/a'), 'egg');

  world.workspace.corrupted.add(nest.digest);
  t.match(await workspace.restore(path('nest'), nest), { error: { kind: 'object-corrupt' } });
  t.match(await workspace.restore(path('nest'), nest), { error: { kind: 'object-missing' } });
  t.notOk(await workspace.holds(nest));
});

t.test('outs set aside come back, and an attempt left open is an interruption', async (t) => {
  const world = new FakeWorld({ out: 'old', log: 'line 1' });
  const { workspace } = world.ports();
  const outs = [
    { path: path('out'), persist: false },
    { path: path('log'), persist: true },
  ];
  const attempt = 'a1' as AttemptId;
  await workspace.setAside(attempt, 'train', outs);
  t.same([...world.files.keys()], ['log']);
  world.files.set('out', 'partial').set('log', 'line 1, line 2');
  t.match(await workspace.interruptions(), [{ stage: 'train' }]);
  t.match(await workspace.recover(), [{ stage: 'train' }]);
  t.same(Object.fromEntries(world.files), { out: 'old', log: 'line 1' });
  t.same(world.workspace.failed.get(attempt)?.get('out'), 'partial');
  t.same(await workspace.interruptions(), []);

  await workspace.setAside(attempt, 'train', outs);
  world.files.set('out', 'new');
  await workspace.discardAside(attempt);
  t.equal(world.files.get('out'), 'new');
});

t.test(
  'calls are noted in order and fail on request; a second invocation sees the rest',
  async (t) => {
    const world = new FakeWorld({ out: 'x' });
    world.failOn((call) => (call === 'workspace.sync' ? new Error('disk full') : undefined));
    const { workspace, lock } = world.ports();
    await workspace.commit(path('out'));
    await t.rejects(workspace.sync(), /disk full/);
    await lock.flush();
    t.same(world.calls, ['workspace.commit out', 'workspace.sync', 'lock.flush']);
    t.equal(world.ports().workspace, workspace);
  },
);

t.test('logs are read back by attempt', async (t) => {
  const { logs } = new FakeWorld().ports();
  const attempt = 'a1' as AttemptId;
  const log = logs.open(attempt, 'train');
  log.append('stdout', 'é');
  t.match(await log.close(), { size: 2, digest: /^b3:/ });
  t.same(await logs.read(attempt), [{ stream: 'stdout', chunk: 'é' }]);
  t.same(await logs.read(attempt, 2), [{ stream: 'stdout', chunk: 'é' }]);
  t.equal(await logs.read('a2' as AttemptId), undefined);
  t.equal(await logs.readTrace(attempt), undefined);
  await logs.keepTrace(attempt, COPIED);
  t.same(await logs.readTrace(attempt), COPIED);
});

t.test('the fake git keeps the contract', (t) => {
  revisionsContract(t, () => {
    const revisions = new FakeRevisions();
    const files = new Map<string, string>();
    return {
      revisions,
      init: async () => {
        revisions.state = { kind: 'repository' };
      },
      write: async (name, text) => void files.set(name, text),
      commit: async () => revisions.commit(files),
      openMerge: async (name, sides) => void revisions.open.set(name, sides),
    };
  });
  t.end();
});
