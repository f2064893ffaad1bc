import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { prepareTask, type TaskCommand } from '../../commands/run-task.ts';
import { problem } from '../../model/diagnostic.ts';
import { commandEnvironment, withProject } from '../compose.ts';
import { exitStatus, type ExitStatus } from '../exit-status.ts';
import { Interrupted } from '../interrupts.ts';
import type { Io } from '../io.ts';
import { tellProblem } from '../tell-problem.ts';

/** Words before the task may be overrides; everything after it belongs to the task. */
export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const at = words.findIndex((word) => !word.includes('=') && !word.startsWith('~'));
  const task = words[at];
  if (task === undefined || task.startsWith('-')) {
    const message = '`avian run` needs a task';
    return tellProblem(problem('usage', 'usage/wrong-words', message, 'avian run --help'), io);
  }
  return withProject(
    io,
    () => undefined,
    async (context) => {
      const prepared = await prepareTask(
        { task, words: words.slice(at + 1), overrides: words.slice(0, at) },
        context,
      );
      if (!prepared.ok) return tellProblem(prepared.error, io);
      return runInForeground(prepared.value, context.ports.environment.root, io);
    },
  );
}

/** The task owns the terminal: its streams, its signals, its exit status. */
async function runInForeground(
  { cmd, cwd, env }: TaskCommand,
  root: string,
  io: Io,
): Promise<ExitStatus> {
  for (const command of cmd) {
    const child = spawn('sh', ['-c', command], {
      cwd,
      env: { ...commandEnvironment(io, root), ...env },
      stdio: 'inherit',
    });
    // Ctrl-C reaches the task from the terminal; what only avian was sent is passed on.
    const passOn = (): void => {
      const { reason } = io.signal as { readonly reason: unknown };
      if (reason instanceof Interrupted && reason.by !== 'SIGINT') child.kill(reason.by);
    };
    io.signal.addEventListener('abort', passOn, { once: true });
    const status = await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
      });
    });
    io.signal.removeEventListener('abort', passOn);
    if (status !== 0) return status as ExitStatus;
  }
  return exitStatus.ok;
}
