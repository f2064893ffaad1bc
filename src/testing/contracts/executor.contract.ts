import type { Test } from 'tap';
import type { Trace } from '../../model/trace.ts';
import type { Command, Executor } from '../../ports/executor.ts';

/** The commands of the contract. A scripted executor has to be told what they do. */
export const commands = {
  speak: 'echo robin; echo tit >&2',
  count: 'seq 1 30',
  fail: 'echo the nest is empty >&2; exit 3',
  die: 'kill -TERM $$',
  hang: 'echo waiting; exec sleep 600',
  copy: 'cat raw.csv > draft.csv; mv draft.csv clean.csv',
} as const;

export interface ExecutorSubject {
  readonly executor: Executor;
  /** A folder that exists, with a file `raw.csv` in it, and one that does not. */
  readonly cwd: string;
  readonly missing: string;
  /** Whether every process can be watched here. */
  readonly traces?: boolean;
  /** Says that time passes, where it only passes on request. */
  readonly pass?: (ms: number) => void;
}

/** What every executor promises. `open` makes a fresh one per test. */
export function executorContract(
  t: Test,
  open: (t: Test) => ExecutorSubject | Promise<ExecutorSubject>,
): void {
  t.test('streams both outputs of each command in order, and succeeds', async (t) => {
    const { executor, cwd } = await open(t);
    const { command, said } = recorded(cwd, [commands.speak, commands.speak]);
    const result = await executor.execute(command);
    t.match(result, { ok: true, value: { durationMs: Number } });
    t.same(said, { stdout: 'robin\nrobin\n', stderr: 'tit\ntit\n', warnings: [] });
  });

  t.test('the first failure ends the list, and its last words are kept', async (t) => {
    const { executor, cwd } = await open(t);
    const { command, said } = recorded(cwd, [commands.fail, commands.speak]);
    const result = await executor.execute(command);
    t.match(result, { ok: false, error: { kind: 'exited', code: 3 } });
    t.match(result, { error: { tail: /the nest is empty/ } });
    t.equal(said.stdout, '', 'the second command did not run');
  });

  t.test('a signal is named', async (t) => {
    const { executor, cwd } = await open(t);
    const result = await executor.execute(recorded(cwd, [commands.die]).command);
    t.match(result, { ok: false, error: { kind: 'signalled', signal: 'SIGTERM' } });
  });

  t.test('a command past its time is ended', async (t) => {
    const { executor, cwd, pass } = await open(t);
    const { command } = recorded(cwd, [commands.hang]);
    const running = executor.execute({ ...command, timeoutMs: 50 });
    pass?.(50);
    t.same(await running, { ok: false, error: { kind: 'timed-out', afterMs: 50 } });
  });

  t.test('cancelled before the start nothing runs, cancelled after it ends', async (t) => {
    const { executor, cwd } = await open(t);
    const controller = new AbortController();
    const cancelled = { ok: false, error: { kind: 'cancelled' } };
    const { command, said } = recorded(cwd, [commands.hang]);
    const running = executor.execute({
      ...command,
      signal: controller.signal,
      onOutput: (stream, chunk) => {
        command.onOutput(stream, chunk);
        controller.abort();
      },
    });
    t.same(await running, cancelled);
    t.equal(said.stdout, 'waiting\n');

    const late = recorded(cwd, [commands.speak]);
    t.same(await executor.execute({ ...late.command, signal: controller.signal }), cancelled);
    t.equal(late.said.stdout, '');
  });

  t.test('a folder that is not there is a failure in words', async (t) => {
    const { executor, missing } = await open(t);
    const result = await executor.execute(recorded(missing, [commands.speak]).command);
    t.match(result, { ok: false, error: { kind: 'not-started', cause: String } });
  });

  t.test('who asks is told once what was read and written, whatever the ending', async (t) => {
    const { executor, cwd, traces = true } = await open(t);
    const { command } = recorded(cwd, [commands.copy, commands.fail]);
    const told: Trace[] = [];
    const result = await executor.execute({
      ...command,
      trace: { root: cwd, onTraced: (trace) => told.push(trace) },
    });
    t.match(result, { ok: false, error: { kind: 'exited', code: 3 } });
    const accesses = { read: [{ path: 'raw.csv' }], listed: [], written: ['clean.csv'] };
    t.match(told, [traces ? { kind: 'traced', accesses } : { kind: 'untraceable', cause: String }]);
    t.equal(told.length, 1);
  });

  t.test('who was cancelled is told nothing', async (t) => {
    const { executor, cwd } = await open(t);
    const trace = { root: cwd, onTraced: () => t.fail('told') };
    const { command } = recorded(cwd, [commands.copy]);
    const result = await executor.execute({ ...command, trace, signal: AbortSignal.abort() });
    t.match(result, { ok: false, error: { kind: 'cancelled' } });
  });

  t.test('a query collects what was said, or tells why it failed', async (t) => {
    const { executor, cwd } = await open(t);
    const ask = async (cmd: string) =>
      executor.query({
        ...{ cmd, cwd, env: {}, timeoutMs: 60_000 },
        signal: new AbortController().signal,
      });
    t.same(await ask(commands.speak), { kind: 'ok', stdout: 'robin\n' });
    t.match(await ask(commands.fail), { kind: 'failed', message: /3.*the nest is empty/ });
  });
}

/** A command that remembers what it says. */
export function recorded(
  cwd: string,
  cmd: readonly string[],
  env: Command['env'] = {},
): {
  readonly command: Command;
  readonly said: { stdout: string; stderr: string; readonly warnings: string[] };
} {
  const said = { stdout: '', stderr: '', warnings: [] as string[] };
  const command: Command = {
    ...{ cmd, cwd, env, signal: new AbortController().signal },
    onOutput: (stream, chunk) => {
      said[stream] += chunk;
    },
    onWarning: (message) => {
      said.warnings.push(message);
    },
  };
  return { command, said };
}
