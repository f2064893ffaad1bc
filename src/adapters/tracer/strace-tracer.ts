import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { err, ok, type Result } from '../../model/result.ts';
import { findProgram } from '../environment/find-program.ts';
import { AccessLog } from './access-log.ts';
import { TRACED_CALLS, replayStrace } from './replay-strace.ts';
import type { Tracer, TracerOptions, Watch } from './tracer.ts';

/**
 * `-DD`: strace is no parent but a bystander in a process group of its own. The command keeps its
 * pid, its group and its signals, avian sees its exit status as without, and a service that it
 * leaves behind does not keep strace's parent waiting.
 * `-I2`: a SIGTERM lets go of whoever is still watched. `--seccomp-bpf`: only the calls asked for
 * stop the process. `?`: not every machine has every call. Not `-z`, which would leave out what
 * failed: strace 6.1 then prints the second half of an interrupted call without saying whose it is.
 */
const OPTIONS = [
  ...['-DD', '-I2', '-f', '--seccomp-bpf', '-q', '-y', '-s', '4096', '-e', 'signal=none'],
  ...['-e', `trace=${TRACED_CALLS.map((call) => `?${call}`).join(',')}`],
];

/** The path of a strace that works with the very options; else why there is none, in words. */
export async function tryStrace(env: NodeJS.ProcessEnv): Promise<Result<string, string>> {
  const strace = findProgram('strace', env['PATH']);
  if (strace === undefined) return err('strace is not installed');
  const child = spawn(strace, [...OPTIONS, '-o', '/dev/null', 'sh', '-c', 'exit 7'], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => {
    said += bytes.toString();
  });
  return new Promise((resolve) => {
    child.on('error', ({ message }) => resolve(err(`strace cannot be started: ${message}`)));
    child.on('close', (code) => {
      const [first = ''] = said.trim().split('\n');
      resolve(code === 7 ? ok(strace) : err(`strace does not work here: ${first}`));
    });
  });
}

export function createStraceTracer(
  strace: string,
  { kill, folder }: Pick<TracerOptions, 'kill' | 'folder'>,
): Tracer {
  let watches = 0;
  return { watch: (root) => watch(root, { strace, kill, folder: join(folder, `${++watches}`) }) };
}

interface Means extends Pick<TracerOptions, 'kill' | 'folder'> {
  readonly strace: string;
}

function watch(root: string, { strace, kill, folder }: Means): Watch {
  const commands: { readonly file: string; readonly cwd: string }[] = [];
  mkdirSync(folder, { recursive: true });
  return {
    command(cmd, { cwd }) {
      const file = join(folder, `${commands.length}.strace`);
      commands.push({ file, cwd });
      return { argv: [strace, ...OPTIONS, '-o', file, 'sh', '-c', cmd], env: {} };
    },
    async letGo() {
      const file = commands.at(-1)?.file;
      if (file !== undefined) await endStrace(file, kill);
    },
    async end() {
      const log = new AccessLog(root);
      for (const { file, cwd } of commands) {
        // A command that could not be started left none.
        if (existsSync(file)) await replayStrace(file, cwd, log);
      }
      rmSync(folder, { recursive: true, force: true });
      return { kind: 'traced', by: 'strace', accesses: log.accesses() };
    },
  };
}

/** It ends by itself when nobody is left to watch; else it is told to let go. */
async function endStrace(file: string, kill: TracerOptions['kill']): Promise<void> {
  for (const [signal, withinMs] of [
    [0, 50],
    ['SIGTERM', 2000],
    ['SIGKILL', 1000],
  ] as const) {
    const deadline = performance.now() + withinMs;
    let pids = writersOf(file);
    for (const pid of pids) send(kill, pid, signal);
    for (let pause = 1; pids.length > 0 && performance.now() < deadline; pause *= 2) {
      await sleep(Math.min(pause, 50));
      pids = pids.filter(lives);
    }
    if (pids.length === 0) return;
  }
}

/** The strace that writes a file: it is nobody's child that avian knows, but the name is unique. */
function writersOf(file: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const [program = '', ...words] = readProc(pid, 'cmdline').split('\0');
      return basename(program) === 'strace' && words.includes(file) && lives(pid);
    });
}

function lives(pid: number): boolean {
  const stat = readProc(pid, 'stat');
  return stat !== '' && !/\) [ZX] /.test(stat);
}

function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

function send(kill: TracerOptions['kill'], pid: number, signal: NodeJS.Signals | 0): void {
  try {
    kill(pid, signal);
  } catch {
    // Gone meanwhile.
  }
}
