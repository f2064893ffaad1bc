import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { executorContract, recorded } from '../../testing/contracts/executor.contract.ts';
import { createLocalExecutor } from './local-executor.ts';
import { factsOf } from './process-group.ts';

const kill = process.kill.bind(process);
const hasStrace = spawnSync('strace', ['-V']).status === 0;
const onLinux = process.platform === 'linux' ? {} : { skip: 'needs /proc' };

function open(t: Test, times: { graceMs?: number; drainMs?: number; hurry?: AbortSignal } = {}) {
  const cwd = t.testdir({ 'raw.csv': 'robin' });
  const runningFolder = join(cwd, 'running');
  const { env, pid } = process;
  const executor = createLocalExecutor({ env, pid, kill, runningFolder, ...times });
  return { executor, cwd, runningFolder, missing: join(cwd, 'missing') };
}

/** The numbers a command wrote down, and whether they still run when asked. */
function pidIn(file: string): { readonly pid: number; readonly lives: () => boolean } {
  const pid = Number(readFileSync(file, 'utf8'));
  return { pid, lives: () => factsOf(pid)?.zombie === false };
}

t.test('contract', (t) => {
  executorContract(t, (t) => ({ ...open(t), traces: hasStrace }));
  t.end();
});

t.test('commands see the environment, less what is removed, and an empty stdin', async (t) => {
  const { executor, cwd } = open(t);
  const cmd = ['echo "$SPECIES:${HOME-unset}:$(cat | wc -c)"'];
  const { command, said } = recorded(cwd, cmd, { SPECIES: 'robin', HOME: undefined });
  await executor.execute(command);
  t.equal(said.stdout.replaceAll(' ', ''), 'robin:unset:0\n');
});

t.test('the tail is the last twenty lines and at most 4 KiB', async (t) => {
  const { executor, cwd } = open(t);
  const lines = await executor.execute(recorded(cwd, ['seq 1 30; exit 1']).command);
  const expected = Array.from({ length: 20 }, (_, index) => index + 11).join('\n');
  t.match(lines, { error: { kind: 'exited', tail: expected } });
  const wide = ['for i in 1 2 3; do printf "é%.0s" $(seq 1 1500); echo; done; exit 1'];
  const result = await executor.execute(recorded(cwd, wide).command);
  const { tail } = (result as { error: { tail: string } }).error;
  t.ok(Buffer.byteLength(tail) <= 4096 && Buffer.byteLength(tail) > 4000, 'cut to 4 KiB');
  t.notMatch(tail, /\uFFFD/, 'not in the middle of a character');
});

t.test('a signal inside the shell is told from an exit status of its own', async (t) => {
  const { executor, cwd } = open(t);
  const killed = await executor.execute(recorded(cwd, ["sh -c 'kill -KILL $$'; exit $?"]).command);
  t.match(killed, { error: { kind: 'signalled', signal: 'SIGKILL' } });
  const exited = await executor.execute(recorded(cwd, ['exit 255']).command);
  t.match(exited, { error: { kind: 'exited', code: 255 } });
});

t.test('a command larger than the system takes is a failure in words', async (t) => {
  const { executor, cwd } = open(t);
  const huge = { HUGE: 'x'.repeat(4_000_000) };
  const result = await executor.execute(recorded(cwd, ['true'], huge).command);
  t.match(result, { error: { kind: 'not-started', cause: /E2BIG/ } });
});

t.test('characters cut in two between writes arrive whole, lines stay together', async (t) => {
  const { executor, cwd } = open(t);
  const chunks: string[] = [];
  const { command } = recorded(cwd, [
    String.raw`printf 'bl\303'; sleep 0.02; printf '\244ulich\nhalf'; sleep 0.02; printf ' line\n'`,
  ]);
  await executor.execute({ ...command, onOutput: (_stream, chunk) => chunks.push(chunk) });
  t.equal(chunks.join(''), 'bläulich\nhalf line\n');
  t.ok(
    chunks.every((chunk) => chunk.endsWith('\n')),
    'no chunk ends within a line',
  );
});

t.test('a prompt without an end of line is shown while the command waits', async (t) => {
  const { executor, cwd } = open(t);
  const controller = new AbortController();
  const { command, said } = recorded(cwd, ['printf "50 %%"; sleep 600']);
  await executor.execute({
    ...command,
    signal: controller.signal,
    onOutput: (stream, chunk) => {
      command.onOutput(stream, chunk);
      controller.abort();
    },
  });
  t.equal(said.stdout, '50 %');
});

t.test('100,000 lines arrive complete and in order, in little memory', async (t) => {
  const { executor, cwd } = open(t);
  let [bytes, newlines, last] = [0, 0, ''];
  const before = process.memoryUsage().rss;
  const startedAt = performance.now();
  const { command } = recorded(cwd, ['seq -f "%06g robin sings" 1 100000']);
  await executor.execute({
    ...command,
    onOutput: (_stream, chunk) => {
      bytes += chunk.length;
      newlines += chunk.split('\n').length - 1;
      last = chunk;
    },
  });
  t.comment(`${Math.round(performance.now() - startedAt)} ms`);
  t.same([bytes, newlines], [1_900_000, 100_000]);
  t.ok(last.endsWith('100000 robin sings\n'));
  t.ok(process.memoryUsage().rss - before < 100 * 2 ** 20, 'memory stays bounded');
});

t.test('a cancel ends the whole group, first with a chance to say goodbye', onLinux, async (t) => {
  const { executor, cwd } = open(t);
  const controller = new AbortController();
  const { command, said } = recorded(cwd, [
    `sleep 600 & echo $! > child; trap 'echo saved; exit 0' TERM; echo ready; wait`,
  ]);
  await executor.execute({
    ...command,
    signal: controller.signal,
    onOutput: (stream, chunk) => {
      command.onOutput(stream, chunk);
      if (chunk.includes('ready')) controller.abort();
    },
  });
  t.equal(said.stdout, 'ready\nsaved\n');
  t.notOk(pidIn(join(cwd, 'child')).lives(), 'the child ended with its group');
});

t.test('who ignores SIGTERM is killed after the grace', onLinux, async (t) => {
  const { executor, cwd } = open(t, { graceMs: 50 });
  const { command } = recorded(cwd, [
    `trap '' TERM; echo $$ > stubborn; while :; do sleep 1; done`,
  ]);
  const result = await executor.execute({ ...command, timeoutMs: 200 });
  t.match(result, { error: { kind: 'timed-out', afterMs: 200 } });
  t.notOk(pidIn(join(cwd, 'stubborn')).lives());
});

t.test('in a hurry nobody is waited for', onLinux, async (t) => {
  const controller = new AbortController();
  const hurry = new AbortController();
  const { executor, cwd } = open(t, { graceMs: 3_600_000, hurry: hurry.signal });
  const { command } = recorded(cwd, [
    `trap 'echo told to end' TERM; echo $$ > stubborn; echo ready; while :; do sleep 1; done`,
  ]);
  const result = await executor.execute({
    ...command,
    signal: controller.signal,
    onOutput: (_stream, chunk) => {
      if (chunk.includes('ready')) controller.abort();
      if (chunk.includes('told to end')) hurry.abort();
    },
  });
  t.match(result, { error: { kind: 'cancelled' } });
  t.notOk(pidIn(join(cwd, 'stubborn')).lives());
});

t.test('after a failure nobody of the stage is left to write to its outs', onLinux, async (t) => {
  const { executor, cwd } = open(t);
  const first = 'sleep 600 > /dev/null 2>&1 & echo $! > earlier';
  const second = 'sleep 600 > /dev/null 2>&1 & echo $! > later; exit 1';
  const result = await executor.execute(recorded(cwd, [first, second]).command);
  t.match(result, { error: { kind: 'exited', code: 1 } });
  t.notOk(pidIn(join(cwd, 'earlier')).lives());
  t.notOk(pidIn(join(cwd, 'later')).lives());
});

t.test('after a success what it left behind lives on, and is named', onLinux, async (t) => {
  const { executor, cwd } = open(t, { drainMs: 50 });
  const { command, said } = recorded(
    cwd,
    [
      'sleep 600 & echo $! > child',
      // In a session of its own: only its environment says where it came from.
      "setsid sh -c 'echo $$ > daemon; exec sleep 601' & while ! [ -s daemon ]; do sleep 0.01; done",
    ],
    { AVIAN_RUN: '20260101T000000Z-00000a' },
  );
  t.match(await executor.execute(command), { ok: true });
  const [child, daemon] = [pidIn(join(cwd, 'child')), pidIn(join(cwd, 'daemon'))];
  t.teardown(() => [child, daemon].forEach(({ pid }) => kill(pid, 'SIGKILL')));
  t.ok(child.lives() && daemon.lives());
  t.equal(said.warnings.length, 2);
  t.match(said.warnings[0], `${child.pid} (sleep 600)`);
  t.match(said.warnings[1], `${daemon.pid} (sleep 601)`);
});

t.test('a service that lets go of the output is no reason to wait or warn', onLinux, async (t) => {
  const { executor, cwd } = open(t);
  const cmd = ['sleep 600 > /dev/null 2>&1 & echo $! > service'];
  const { command, said } = recorded(cwd, cmd);
  t.match(await executor.execute(command), { ok: true });
  const service = pidIn(join(cwd, 'service'));
  t.teardown(() => kill(service.pid, 'SIGKILL'));
  t.ok(service.lives());
  t.same(said.warnings, []);
});

t.test('the peak of memory is that of the processes together', onLinux, async (t) => {
  const { executor, cwd } = open(t);
  // Both hold their memory until the other has its own, and then long enough to be seen.
  const program = `
    const { existsSync, writeFileSync } = require('node:fs');
    const held = Buffer.alloc(150e6, 1);
    writeFileSync(process.argv[2], '');
    const look = setInterval(() => {
      if (!existsSync('a') || !existsSync('b')) return;
      clearInterval(look);
      setTimeout(() => held.length, 1000);
    }, 5);`;
  writeFileSync(join(cwd, 'hold.cjs'), program);
  const hold = `${process.execPath} hold.cjs`;
  const result = await executor.execute(recorded(cwd, [`${hold} a & ${hold} b & wait`]).command);
  const { peakMemoryBytes = 0 } = (result as { value: { peakMemoryBytes?: number } }).value;
  t.comment(`${Math.round(peakMemoryBytes / 1e6)} MB`);
  t.ok(peakMemoryBytes > 300e6 && peakMemoryBytes < 900e6);
});

t.test('a running command is noted, and struck out when it ends', onLinux, async (t) => {
  const { executor, cwd, runningFolder } = open(t);
  mkdirSync(runningFolder);
  let noted: string[] = [];
  const env = { AVIAN_RUN: '20260101T000000Z-00000b', AVIAN_STAGE: 'train' };
  const { command } = recorded(cwd, ['echo started'], env);
  await executor.execute({
    ...command,
    onOutput: () => {
      noted = readdirSync(runningFolder);
    },
  });
  t.same(noted, ['20260101T000000Z-00000b.json']);
  t.same(readdirSync(runningFolder), []);
});

t.test('a stage runs though nothing can be noted', async (t) => {
  const { executor, cwd, runningFolder } = open(t);
  writeFileSync(runningFolder, 'a file where a folder should be');
  t.match(await executor.execute(recorded(cwd, ['true']).command), { ok: true });
});

t.test('a query that takes too long, dies, or cannot start says so', async (t) => {
  const { executor, cwd, missing } = open(t);
  const { signal } = new AbortController();
  const ask = async (cmd: string, timeoutMs = 60_000, where = cwd) =>
    executor.query({ cmd, cwd: where, env: {}, timeoutMs, signal });
  t.match(await ask('sleep 600', 50), { message: 'gave no answer within 0.05 s' });
  t.match(await ask('kill -KILL $$'), { message: 'was ended by SIGKILL' });
  t.match(await ask('true', 1000, missing), { message: /could not be started: the folder/ });
  t.match(await ask('exit 1'), { message: 'exited with 1' });
  const cancelled = { cmd: 'true', cwd, env: {}, timeoutMs: 1000, signal: AbortSignal.abort() };
  t.match(await executor.query(cancelled), { message: 'was cancelled' });
  const much = await ask('seq 1 100000');
  t.equal(much.kind === 'ok' && much.stdout.length, 65_536, 'cut to 64 KiB');
});
