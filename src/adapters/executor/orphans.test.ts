import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Test } from 'tap';
import { reapOrphans } from './orphans.ts';
import { factsOf } from './process-group.ts';

const onLinux = process.platform === 'linux' ? {} : { skip: 'needs /proc' };
const withStrace =
  spawnSync('strace', ['-V']).status === 0
    ? {}
    : { skip: 'needs strace; Debian: apt-get install strace' };
const executorFile = new URL('./local-executor.ts', import.meta.url).href;
const means = { pid: process.pid, kill: process.kill.bind(process) };
const reap = async (runningFolder: string) => reapOrphans({ runningFolder, ...means });
const attempt = '20260101T000000Z-00000c';

const lives = (pid: number): boolean => factsOf(pid)?.zombie === false;

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(5);
}

/** Starts an avian in a process of its own that executes `cmd`, and kills it when `file` is written. */
async function killedWhileRunning(t: Test, cmd: string, file: string, traced = false) {
  const cwd = t.testdir({});
  const runningFolder = join(cwd, 'running');
  const trace = traced ? `, trace: { root: ${JSON.stringify(cwd)}, onTraced: () => {} }` : '';
  const program = `
    const { createLocalExecutor } = await import(${JSON.stringify(executorFile)});
    const executor = createLocalExecutor({ env: process.env, pid: process.pid,
      kill: process.kill.bind(process), runningFolder: ${JSON.stringify(runningFolder)} });
    await executor.execute({ cmd: [${JSON.stringify(cmd)}], cwd: ${JSON.stringify(cwd)},
      env: { AVIAN_RUN: '${attempt}', AVIAN_STAGE: 'train' }, signal: new AbortController().signal,
      onOutput: () => {}, onWarning: () => {}${trace} });`;
  const avian = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: 'inherit',
  });
  const exited = once(avian, 'exit');
  await until(() => existsSync(join(cwd, file)) && readFileSync(join(cwd, file)).length > 0);
  const stage = Number(readFileSync(join(cwd, file), 'utf8'));
  const alone = { runningFolder, stage, path: join(runningFolder, `${attempt}.json`) };
  return {
    ...alone,
    kill: async () => {
      avian.kill('SIGKILL');
      await exited;
    },
  };
}

t.test('a stage whose avian was killed is ended with its group, once', onLinux, async (t) => {
  const cmd = 'sleep 600 & echo $! > sleeper; wait';
  const { kill, stage, runningFolder } = await killedWhileRunning(t, cmd, 'sleeper');
  t.same(await reap(runningFolder), [], 'its avian lives');
  t.ok(lives(stage));
  await kill();
  t.ok(lives(stage), 'a stage has its own group and outlives avian');
  t.match(await reap(runningFolder), [{ stage: 'train', attempt }]);
  t.notOk(lives(stage));
  t.same(await reap(runningFolder), []);
  t.same(readdirSync(runningFolder), []);
});

t.test('so is one that strace watches, and strace with it', withStrace, async (t) => {
  const cmd = 'sleep 600 & echo $! > sleeper; wait';
  const { kill, stage, runningFolder } = await killedWhileRunning(t, cmd, 'sleeper', true);
  const tracer = Number(
    /^TracerPid:\t(\d+)$/m.exec(readFileSync(`/proc/${stage}/status`, 'utf8'))?.[1],
  );
  await kill();
  t.ok(lives(stage) && lives(tracer));
  t.match(await reap(runningFolder), [{ stage: 'train', attempt }]);
  t.notOk(lives(stage) || lives(tracer));
});

t.test(
  'children are ended when their leader is gone, known by their attempt',
  onLinux,
  async (t) => {
    const cmd = 'echo $$ > leader; sleep 600 & echo $! > sleeper; wait';
    const { kill, stage, runningFolder } = await killedWhileRunning(t, cmd, 'sleeper');
    await kill();
    const leader = Number(readFileSync(join(runningFolder, '../leader'), 'utf8'));
    process.kill(leader, 'SIGKILL');
    await until(() => !lives(leader));
    t.ok(lives(stage));
    t.match(await reap(runningFolder), [{ stage: 'train', attempt }]);
    t.notOk(lives(stage));
  },
);

t.test('a program that cleared its environment is known by its leader', onLinux, async (t) => {
  const cmd = 'exec env -i sh -c "echo $$ > leader; exec sleep 600"';
  const { kill, stage, runningFolder, path } = await killedWhileRunning(t, cmd, 'leader');
  await until(() => linesOf(path).length === 2);
  await kill();
  t.match(await reap(runningFolder), [{ stage: 'train' }]);
  t.notOk(lives(stage));
});

t.test('a stranger under the same number is left alone', onLinux, async (t) => {
  const cmd = 'echo $$ > leader; exec sleep 600';
  const { kill, stage, runningFolder, path } = await killedWhileRunning(t, cmd, 'leader');
  t.teardown(() => process.kill(stage, 'SIGKILL'));
  await kill();
  const [noted = {}, leader] = linesOf(path);
  const another = { ...noted, attempt: 'another' };
  const strangers = [
    [another, { pid: stage, startTime: '1' }],
    [{ ...noted, boot: 'another boot' }, leader],
    [another, { pid: 1, startTime: '1' }],
    [another],
    [another, null],
  ];
  for (const stranger of strangers) {
    writeFileSync(path, stranger.map((line) => `${JSON.stringify(line)}\n`).join(''));
    t.same(await reap(runningFolder), []);
    t.ok(lives(stage));
    t.notOk(existsSync(path), 'the note goes');
  }
});

t.test('a leader whose line was cut off does not count', onLinux, async (t) => {
  const cmd = 'exec env -i sh -c "echo $$ > leader; exec sleep 600"';
  const { kill, stage, runningFolder, path } = await killedWhileRunning(t, cmd, 'leader');
  t.teardown(() => process.kill(stage, 'SIGKILL'));
  await until(() => linesOf(path).length === 2);
  await kill();
  truncateSync(path, statSync(path).size - 1);
  t.same(await reap(runningFolder), []);
  t.ok(lives(stage));
});

const linesOf = (path: string): object[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as object);

t.test('a torn note, or no folder at all, is no obstacle', async (t) => {
  const folder = join(t.testdir({}), 'running');
  t.same(await reap(folder), []);
  mkdirSync(folder);
  writeFileSync(join(folder, `${attempt}.json`), '{"stage":"tra');
  t.same(await reap(folder), []);
  t.same(readdirSync(folder), []);
});

t.test('notes that a kill left half written are swept, and the events of its run', async (t) => {
  const folder = t.testdir({ [`${attempt}.json.new`]: '{"stage":', 'events.jsonl': '{"v":1}\n' });
  t.same(await reap(folder), []);
  t.same(readdirSync(folder), []);
});
