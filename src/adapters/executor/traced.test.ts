import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import type { Trace } from '../../model/trace.ts';
import type { Command, Executor } from '../../ports/executor.ts';
import { executorContract, recorded } from '../../testing/contracts/executor.contract.ts';
import { createLocalExecutor } from './local-executor.ts';
import { factsOf } from './process-group.ts';

const kill = process.kill.bind(process);
const withStrace =
  spawnSync('strace', ['-V']).status === 0
    ? {}
    : { skip: 'needs strace; Debian: apt-get install strace' };

/** An executor all of whose commands are watched; with `programs` these alone are on PATH. */
function open(
  t: Test,
  options: { files?: object; graceMs?: number; programs?: readonly string[] } = {},
) {
  const { files, graceMs = 5000, programs } = options;
  const folder = t.testdir({ project: { 'raw.csv': 'robin', ...files }, bin: {} });
  const [cwd, bin] = [join(folder, 'project'), join(folder, 'bin')];
  for (const program of programs ?? []) symlinkSync(pathTo(program), join(bin, program));
  const runningFolder = join(cwd, 'cache/v1/tmp/running');
  const { pid } = process;
  const env = { ...process.env, ...(programs !== undefined && { PATH: bin }) };
  const local = createLocalExecutor({ env, pid, kill, runningFolder, graceMs });
  const traces: Trace[] = [];
  const trace = { root: cwd, onTraced: (told: Trace) => void traces.push(told) };
  const executor: Executor = {
    query: (command) => local.query(command),
    execute: (command) => local.execute({ trace, ...command }),
  };
  const noted = (): string[] => readdirSync(join(runningFolder, '../trace'));
  return { executor, cwd, bin, traces, noted, missing: join(cwd, 'missing') };
}

function pathTo(program: string): string {
  const paths = (process.env['PATH'] ?? '').split(delimiter).map((each) => join(each, program));
  return paths.find((path) => existsSync(path)) ?? '';
}

const accesses = (read: string[], written: string[], listed: string[] = []) => ({
  accesses: { read: read.map((path) => ({ path })), listed, written },
});

t.test('watched by strace', withStrace, (t) => {
  t.test('contract', (t) => {
    executorContract(t, (t) => ({ ...open(t), traces: true }));
    t.end();
  });

  t.test('a cancel reaches the command as without: it says goodbye', async (t) => {
    const { executor, cwd, noted } = open(t);
    const controller = new AbortController();
    const { command, said } = recorded(cwd, [
      `sleep 600 & echo $! > child; trap 'echo saved; exit 0' TERM; echo ready; wait`,
    ]);
    const onOutput: Command['onOutput'] = (stream, chunk) => {
      command.onOutput(stream, chunk);
      if (chunk.includes('ready')) controller.abort();
    };
    await executor.execute({ ...command, signal: controller.signal, onOutput });
    t.equal(said.stdout, 'ready\nsaved\n');
    t.notOk(lives(join(cwd, 'child')), 'the child ended with its group');
    t.same(stracesOf(cwd), []);
    t.same(noted(), []);
  });

  t.test('who ignores SIGTERM is killed after the grace', async (t) => {
    const { executor, cwd, traces } = open(t, { graceMs: 50 });
    const cmd = `trap '' TERM; echo $$ > stubborn; while :; do sleep 1; done`;
    const { command } = recorded(cwd, [cmd]);
    const result = await executor.execute({ ...command, timeoutMs: 1000 });
    t.match(result, { error: { kind: 'timed-out', afterMs: 1000 } });
    t.notOk(lives(join(cwd, 'stubborn')));
    t.match(traces, [accesses([], ['stubborn'])]);
    t.same(stracesOf(cwd), []);
  });

  t.test('a service that a command leaves behind lives on, unwatched and unheld', async (t) => {
    const { executor, cwd, traces } = open(t);
    const { command, said } = recorded(cwd, [
      'sleep 600 > /dev/null 2>&1 & echo $! > service; cat raw.csv',
      'cat raw.csv > copy',
    ]);
    t.match(await executor.execute(command), { ok: true });
    const service = Number(readFileSync(join(cwd, 'service'), 'utf8'));
    t.teardown(() => kill(service, 'SIGKILL'));
    t.ok(lives(join(cwd, 'service')));
    const status = readFileSync(`/proc/${service}/status`, 'utf8');
    t.match(status, /^TracerPid:\t0$/m);
    t.same(said.warnings, [], 'strace held no pipe open');
    t.match(traces, [accesses(['raw.csv'], ['copy', 'service'])]);
    t.same(stracesOf(cwd), []);
  });

  t.test('a command is seen in every process, folder and shape', async (t) => {
    const files = {
      'odd <"é\n>': 'x',
      data: { a: '1', b: '2' },
      'tool.sh': '#!/bin/sh\ncat "$1"\n',
      'threads.py': THREADS,
    };
    const { executor, cwd, traces } = open(t, { files });
    symlinkSync('data/a', join(cwd, 'link'));
    const { command, said } = recorded(cwd, [
      `(cd data; cat < b > made; mv made kept; rm -f nothing)`,
      `cat 'odd <"é\n>' link > /dev/null; chmod +x tool.sh; ./tool.sh raw.csv; ls data`,
      'mkdir work; echo 1 > work/part; cat work/part; mv work whole; ln whole/part hard',
      'echo x > gone; rm gone; echo y > .hidden; ln -s whole soft; cat soft/part > /dev/null',
    ]);
    t.match(await executor.execute(command), { ok: true }, said.stderr);
    t.match(traces, [
      {
        accesses: {
          read: [
            { path: 'data/b' },
            { path: 'link', real: 'data/a' },
            { path: 'odd <"é\n>' },
            { path: 'raw.csv' },
            { path: 'tool.sh' },
          ],
          listed: ['data'],
          written: ['.hidden', 'data/kept', 'hard', 'soft', 'whole/part'],
        },
      },
    ]);
  });

  t.test('threads share a working directory', async (t) => {
    const files = { 'threads.py': THREADS, data: { a: '1' } };
    const { executor, cwd, traces } = open(t, { files });
    const { command, said } = recorded(cwd, ['python3 threads.py']);
    t.match(await executor.execute(command), { ok: true }, said.stderr);
    t.match(traces, [accesses(['data/a', 'threads.py'], ['data/made'])]);
  });
  t.end();
});

const THREADS = `
import os, threading
def work():
    os.chdir('data')
thread = threading.Thread(target=work); thread.start(); thread.join()
# Calls with a relative path, from where the other thread went.
os.link('a', 'made')
`;

t.test('without strace', (t) => {
  t.test('a Node program is watched from within', async (t) => {
    const { executor, cwd, traces, noted } = open(t, {
      files: NODE_PROJECT,
      programs: ['sh', 'node'],
    });
    const { command, said } = recorded(cwd, ['node main.mjs']);
    t.match(await executor.execute(command), { ok: true }, said.stderr);
    const read = ['data/a', 'data/b', 'data/c', 'helper.mjs', 'main.mjs', 'old.cjs', 'raw.csv'];
    t.match(traces, [
      {
        by: 'node',
        ...accesses(
          [...read, 'worker.mjs'],
          ['byStream', 'byWorker', 'made/kept', 'out'],
          ['data'],
        ),
      },
    ]);
    t.equal(said.stdout, 'sparrow\n');
    t.same(noted(), []);
  });

  t.test('a program of another kind is not, and that is said', async (t) => {
    const { executor, cwd, traces } = open(t, { programs: ['sh', 'cat'] });
    const { command } = recorded(cwd, ['cat raw.csv']);
    t.match(await executor.execute(command), { ok: true });
    const cause = 'strace is not installed, and the command ran no Node program';
    t.same(traces, [{ kind: 'untraceable', cause }]);
  });

  t.test('options of the stage for Node stay, and its failures are its own', async (t) => {
    const files = { 'fail.mjs': `import fs from 'node:fs'; fs.readFileSync('nothing')` };
    const { executor, cwd, traces } = open(t, { files, programs: ['sh', 'node'] });
    const env = { NODE_OPTIONS: '--title=wren' };
    const { command, said } = recorded(cwd, ['node -p process.title; node fail.mjs'], env);
    t.match(await executor.execute(command), { error: { kind: 'exited', code: 1 } });
    t.equal(said.stdout, 'wren\n');
    t.match(said.stderr, /ENOENT.*nothing/);
    t.match(traces, [accesses(['fail.mjs'], [])]);
  });

  t.test('a strace that does not work is as none, and says why', async (t) => {
    const { executor, cwd, bin, traces } = open(t, { programs: ['sh', 'cat'] });
    writeFileSync(join(bin, 'strace'), '#!/bin/sh\necho "strace: not permitted" >&2; exit 1\n', {
      mode: 0o755,
    });
    await executor.execute(recorded(cwd, ['cat raw.csv']).command);
    t.match(traces, [{ cause: /^strace does not work here: strace: not permitted, and/ }]);
  });
  t.end();
});

const NODE_PROJECT = {
  data: { a: '1', b: '2', c: '3' },
  'helper.mjs': `export const bird = 'sparrow';`,
  'old.cjs': `module.exports = require('node:fs').readFileSync('data/a', 'utf8');`,
  'worker.mjs': `import { writeFileSync } from 'node:fs'; writeFileSync('byWorker', '1');`,
  'package.json': '{}',
  'main.mjs': `
    import { execFileSync } from 'node:child_process';
    import { createReadStream, createWriteStream, mkdirSync, readFile, readdirSync, renameSync, rmSync } from 'node:fs';
    import fsp, { writeFile } from 'node:fs/promises';
    import { promisify } from 'node:util';
    import { Worker } from 'node:worker_threads';
    import { bird } from './helper.mjs';
    import old from './old.cjs';
    await promisify(readFile)('raw.csv');
    readdirSync('data');
    for await (const piece of createReadStream('data/b'));
    execFileSync(process.execPath, ['-e', "require('fs').openSync('data/c')"]);
    await writeFile('draft', '1');
    await fsp.readFile('draft');
    renameSync('draft', 'out');
    mkdirSync('work');
    const handle = await fsp.open('work/kept', 'w');
    await handle.close();
    renameSync('work', 'made');
    await fsp.writeFile('gone', '1');
    rmSync('gone');
    const stream = createWriteStream('byStream');
    await new Promise((resolve) => stream.end('1', resolve));
    await new Promise((resolve) => new Worker('./worker.mjs').on('exit', resolve));
    console.log(bird);`,
};

const lives = (file: string): boolean =>
  factsOf(Number(readFileSync(file, 'utf8')))?.zombie === false;

/** The straces that still watch something of a folder. */
function stracesOf(folder: string): string[] {
  const { stdout } = spawnSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.includes('strace ') && line.includes(folder));
}
