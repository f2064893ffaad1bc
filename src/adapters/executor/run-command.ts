import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import type { ProcessGroups } from './process-group.ts';

/** How one shell command ended. */
export type Ending =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: string }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'not-started'; readonly cause: string };

export interface ShellCommand {
  /** As a rule `sh -c cmd`. */
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Aborts when the command's time is over. */
  readonly timeout: AbortSignal | undefined;
  readonly groups: ProcessGroups;
  /** From SIGTERM to SIGKILL. */
  readonly graceMs: number;
  /** How long output is still read after the command's process has exited. */
  readonly drainMs: number;
  readonly onBytes: (stream: 'stdout' | 'stderr', bytes: Buffer) => void;
  /** The process runs; it leads a process group of the same number. */
  readonly onStart: (pid: number) => void;
  /** The process has exited; its output is drained after this, since a bystander may hold it open. */
  readonly onExit?: () => Promise<void>;
  /** The process has exited but others hold its pipes open, which are dropped now. */
  readonly onPipesHeld: (pid: number) => void;
}

const LAST_WORDS_MS = 200;
/** By its full name: a search through PATH is a failed `execve` for each folder before it. */
const SHELL = '/bin/sh';

/** How a command is started that nobody watches. */
export const byShell = (cmd: string): readonly [string, ...string[]] => [SHELL, '-c', cmd];

/**
 * Runs a command in a session and process group of its own, with nothing on stdin. It ends when
 * its process exits; the whole group is ended on a timeout, a cancel or a failure, and left alone
 * after a success, since a stage may start a service on purpose.
 */
export async function runCommand(command: ShellCommand): Promise<Ending> {
  const { signal, timeout, groups, graceMs } = command;
  if (signal.aborted) return { kind: 'cancelled' };
  if (timeout?.aborted === true) return { kind: 'timed-out' };
  const started = await start(command);
  if ('cause' in started) return { kind: 'not-started', cause: started.cause };
  const { pid, exited } = started;
  command.onStart(pid);

  const interrupted = Promise.withResolvers<'cancelled' | 'timed-out'>();
  const cancel = (): void => {
    interrupted.resolve('cancelled');
  };
  const timeOut = (): void => {
    interrupted.resolve('timed-out');
  };
  signal.addEventListener('abort', cancel, { once: true });
  timeout?.addEventListener('abort', timeOut, { once: true });
  try {
    const first = await Promise.race([exited, interrupted.promise]);
    if (typeof first === 'string') {
      await groups.end(pid, graceMs);
      await command.onExit?.();
      // What it said while it was told to end belongs to the log.
      if (!(await started.drain(LAST_WORDS_MS))) started.dropPipes();
      return { kind: first };
    }
    const ending = endingOf(first);
    if (ending.kind !== 'exited' || ending.code !== 0) await groups.end(pid, graceMs);
    await command.onExit?.();
    if (!(await started.drain(command.drainMs))) {
      command.onPipesHeld(pid);
      started.dropPipes();
    }
    return ending;
  } finally {
    signal.removeEventListener('abort', cancel);
    timeout?.removeEventListener('abort', timeOut);
  }
}

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface Started {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** True when both streams have ended within the time. */
  drain(withinMs: number): Promise<boolean>;
  dropPipes(): void;
}

async function start(command: ShellCommand): Promise<Started | { readonly cause: string }> {
  const { argv, cwd, env, onBytes } = command;
  const [program, ...words] = argv;
  // Node would say `spawn sh ENOENT`, as if the shell were missing.
  if (!existsSync(cwd)) return { cause: `the folder ${cwd} does not exist` };
  let child;
  try {
    child = spawn(program, words, {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    // A command or an environment larger than the system takes, or one with a NUL.
    return { cause: (error as Error).message };
  }
  const { pid, stdout, stderr } = child;
  if (pid === undefined) {
    const [error] = (await once(child, 'error')) as [Error];
    return { cause: error.message };
  }
  const exited = Promise.withResolvers<Exit>();
  child.once('exit', (code, signal) => {
    exited.resolve({ code, signal });
  });
  stdout.on('data', (bytes: Buffer) => onBytes('stdout', bytes));
  stderr.on('data', (bytes: Buffer) => onBytes('stderr', bytes));
  const closed = Promise.all([ended(stdout), ended(stderr)]);
  return {
    pid,
    exited: exited.promise,
    drain: (withinMs) => within(closed, withinMs),
    dropPipes: () => {
      stdout.destroy();
      stderr.destroy();
    },
  };
}

/** A shell says 128 + n for a command of its own that signal n ended. */
function endingOf({ code, signal }: Exit): Ending {
  if (signal !== null) return { kind: 'signalled', signal };
  if (code === null) throw new Error('bug: a process exited with neither code nor signal');
  const name = signalNames.get(code - 128);
  return name === undefined ? { kind: 'exited', code } : { kind: 'signalled', signal: name };
}

const signalNames = new Map(
  Object.entries(constants.signals).map(([name, number]) => [number, name] as const),
);

const ended = (stream: Readable): Promise<void> =>
  new Promise((resolve) => {
    for (const event of ['end', 'close', 'error']) stream.once(event, () => resolve());
  });

async function within(done: Promise<unknown>, ms: number): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const timer = setTimeout(() => late.resolve(false), ms);
  try {
    return await Promise.race([done.then(() => true), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
