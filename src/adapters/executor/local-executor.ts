import { join } from 'node:path';
import type { StageFailure } from '../../model/failure.ts';
import { assertNever, err, ok } from '../../model/result.ts';
import type { Result } from '../../model/result.ts';
import type { Command, Executed, Executor } from '../../ports/executor.ts';
import type { Tracer, Watch } from '../tracer/tracer.ts';
import { RunningCommands } from './orphans.ts';
import { Output } from './output.ts';
import { watchPeakMemory } from './peak-memory.ts';
import {
  ProcessGroups,
  commandLineOf,
  factsOf,
  hasVariable,
  livingProcesses,
} from './process-group.ts';
import type { Kill, ProcessFacts } from './process-group.ts';
import { query } from './query.ts';
import { byShell, runCommand } from './run-command.ts';
import type { Ending } from './run-command.ts';

export interface LocalExecutorOptions {
  /** avian's own environment, which commands inherit. */
  readonly env: NodeJS.ProcessEnv;
  /** `process.pid` and `process.kill`. */
  readonly pid: number;
  readonly kill: Kill;
  /** `cache/v1/tmp/running`, see `reapOrphans`. */
  readonly runningFolder: string;
  /** From SIGTERM to SIGKILL; 5 s. */
  readonly graceMs?: number;
  /** Aborts when no command shall have any more of that time. */
  readonly hurry?: AbortSignal;
  /** How long output is still read after a command's process has exited; 1 s. */
  readonly drainMs?: number;
}

/**
 * Runs commands on this machine by `sh -c`.
 *
 * On `node:child_process`, not execa: execa's import takes 140 ms and its first command 20 ms, each
 * later one 1 to 2 ms above `spawn`, and what is special here (a group of its own, pipes dropped
 * after the exit, survivors named) would be written beside it anyway.
 */
export function createLocalExecutor(options: LocalExecutorOptions): Executor {
  const { env, graceMs = 5000, drainMs = 1000 } = options;
  const groups = new ProcessGroups(options.kill, options.hurry);
  const running = new RunningCommands(options.runningFolder, options.pid);
  const means = { env, graceMs, drainMs, groups, running };
  let tracer: Promise<Tracer> | undefined;
  const openTracer = async (): Promise<Tracer> => {
    const tracing = await import('../tracer/open-tracer.ts');
    const folder = join(options.runningFolder, '../trace');
    return tracing.openTracer({ env, kill: options.kill, folder });
  };
  return {
    execute: async (command) => {
      if (command.trace === undefined) return execute(command, means);
      const watch = (await (tracer ??= openTracer())).watch(command.trace.root);
      const ended = await execute(command, { ...means, watch });
      const trace = await watch.end();
      if (ended.ok || ended.error.kind !== 'cancelled') command.trace.onTraced(trace);
      return ended;
    },
    query: (command) => query(command, { env, groups, graceMs }),
  };
}

interface Means {
  readonly env: NodeJS.ProcessEnv;
  readonly graceMs: number;
  readonly drainMs: number;
  readonly groups: ProcessGroups;
  readonly running: RunningCommands;
  /** Of a command whose files are watched. */
  readonly watch?: Watch;
}

/** Node's timers hold 2^31 - 1 ms, some 24 days; a longer one would fire at once, so it is none. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

async function execute(
  command: Command,
  means: Means,
): Promise<Result<Executed, StageFailure | { readonly kind: 'cancelled' }>> {
  const { timeoutMs = LONGEST_TIMER_MS } = command;
  const startedAt = performance.now();
  const output = new Output(command.onOutput);
  // Each of these signals is watched by the garbage collector: none where none can fire.
  const timeout =
    timeoutMs < LONGEST_TIMER_MS ? AbortSignal.timeout(Math.ceil(timeoutMs)) : undefined;
  const survivors: ProcessFacts[] = [];
  let peak = 0;
  for (const cmd of command.cmd) {
    const step = await runStep(cmd, command, { ...means, output, timeout });
    survivors.push(...step.survivors);
    peak = Math.max(peak, step.peakMemoryBytes);
    const failure = failureOf(step.ending, { tail: () => output.tail(), timeoutMs });
    if (failure === undefined) continue;
    output.end();
    await endSurvivors(survivors, means);
    return err(failure);
  }
  output.end();
  const durationMs = Math.round(performance.now() - startedAt);
  return ok({ durationMs, ...(peak > 0 && { peakMemoryBytes: peak }) });
}

interface Step {
  readonly ending: Ending;
  readonly peakMemoryBytes: number;
  /** Who is left of its process group. */
  readonly survivors: readonly ProcessFacts[];
}

async function runStep(
  cmd: string,
  command: Command,
  means: Means & { readonly output: Output; readonly timeout: AbortSignal | undefined },
): Promise<Step> {
  const { output, groups, watch } = means;
  const { AVIAN_RUN, AVIAN_STAGE = '' } = command.env;
  let group: number | undefined;
  const note = means.running.note(AVIAN_RUN, AVIAN_STAGE);
  let memory: { stop(): number } | undefined;
  const env = { ...means.env, ...command.env };
  const watched = watch?.command(cmd, { cwd: command.cwd, env });
  const ending = await runCommand({
    argv: watched?.argv ?? byShell(cmd),
    cwd: command.cwd,
    env: { ...env, ...watched?.env },
    signal: command.signal,
    timeout: means.timeout,
    groups,
    graceMs: means.graceMs,
    drainMs: means.drainMs,
    onBytes: (stream, bytes) => output.write(stream, bytes),
    onStart: (pid) => {
      group = pid;
      note.started(pid);
      memory = watchPeakMemory(pid);
    },
    ...(watch && { onExit: () => watch.letGo() }),
    onPipesHeld: (pid) => command.onWarning(pipesHeld(pid, AVIAN_RUN)),
  });
  output.end();
  note.ended();
  const peakMemoryBytes = memory?.stop() ?? 0;
  return { ending, peakMemoryBytes, survivors: group === undefined ? [] : groups.members(group) };
}

/** What an earlier command of the list left running ends with the stage when a later one fails. */
async function endSurvivors(survivors: readonly ProcessFacts[], means: Means): Promise<void> {
  const same = survivors.filter(({ pid, startTime }) => factsOf(pid)?.startTime === startTime);
  const groups = new Set(same.map(({ group }) => group));
  await Promise.all([...groups].map((group) => means.groups.end(group, means.graceMs)));
}

function failureOf(
  ending: Ending,
  about: { readonly tail: () => string; readonly timeoutMs: number },
): StageFailure | { readonly kind: 'cancelled' } | undefined {
  switch (ending.kind) {
    case 'exited':
      if (ending.code === 0) return undefined;
      return { kind: 'exited', code: ending.code, tail: about.tail() };
    case 'signalled':
      return { kind: 'signalled', signal: ending.signal, tail: about.tail() };
    case 'timed-out':
      return { kind: 'timed-out', afterMs: about.timeoutMs };
    case 'cancelled':
    case 'not-started':
      return ending;
    default:
      return assertNever(ending);
  }
}

function pipesHeld(leader: number, attempt: string | undefined): string {
  // A daemon in a session of its own is still known by the environment it inherited.
  const inherited = attempt === undefined ? undefined : `AVIAN_RUN=${attempt}`;
  const holders = livingProcesses().filter(
    ({ pid, group, session }) =>
      group === leader ||
      session === leader ||
      (inherited !== undefined && hasVariable(pid, inherited)),
  );
  const named = holders.map(({ pid }) => `${pid} (${commandLineOf(pid)})`).join(', ');
  const who = named === '' ? 'a process that could not be found' : named;
  return (
    `the command has ended, but its output is still held open by ${who}; ` +
    'what is written there from now on is lost'
  );
}
