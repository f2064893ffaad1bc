import { hashText as hash } from '../adapters/hash/blake3.ts';
import type { AvianEvent } from '../model/event.ts';
import type { StageFailure } from '../model/failure.ts';
import { secretsIn } from '../model/redacted.ts';
import { err, ok } from '../model/result.ts';
import type { Result } from '../model/result.ts';
import type { Trace } from '../model/trace.ts';
import type { Clock } from '../ports/clock.ts';
import type { Environment } from '../ports/environment.ts';
import type { Command, Executed, Executor } from '../ports/executor.ts';
import type { Ports } from '../ports/ports.ts';
import type { Scratch } from '../ports/scratch.ts';
import { FakeLockStore, FakeLogStore, FakeRunLog } from './fake-stores.ts';
import { FakeWorkspace } from './fake-workspace.ts';

/** How a scripted command ends; it may call `command.onOutput` and change `world.files` before. */
export type ScriptedEnding =
  | {
      readonly code: number;
      readonly durationMs?: number;
      readonly peakMemoryBytes?: number;
      /** Told to whoever asked for it. */
      readonly trace?: Trace;
    }
  | { readonly signal: string }
  | { readonly timedOutAfterMs: number }
  | { readonly notStarted: string }
  | 'cancelled';

/** Answers a command; undefined leaves it to the script registered before. */
export type Script = (
  command: Command,
  world: FakeWorld,
) => ScriptedEnding | undefined | Promise<ScriptedEnding | undefined>;

type QueryAnswer = Awaited<ReturnType<Executor['query']>>;

/**
 * Every port in memory, for the engine's tests:
 *
 *     const world = new FakeWorld({ 'raw.csv': 'robin' });
 *     world.onCommand((command, { files }) => { files.set('clean.csv', 'Robin'); return { code: 0 }; });
 *     await reproduce(project, options, world.ports());
 *     t.same(world.digested, ['raw.csv']);
 *
 * A second `ports()` sees the same state, as a second invocation of avian would.
 */
export class FakeWorld {
  /** Text by root-relative path; directories are implied by prefixes. */
  readonly files: Map<string, string>;
  readonly executables = new Set<string>();
  /** Paths given to `workspace.digest`, in order, repeats included. */
  readonly digested: string[] = [];
  readonly events: AvianEvent[] = [];
  /** Calls that change something, in order: `workspace.commit out`, `runs.record train`, … */
  readonly calls: string[] = [];
  /** Commands executed, in order of their start; `AVIAN_STAGE` in `env` tells whose. */
  readonly commands: Command[] = [];
  readonly queries: string[] = [];
  /** Scratch files by absolute path, such as the `AVIAN_PARAMS` of a command. */
  readonly scratchFiles = new Map<string, string>();
  /** How many commands ran at the same time, at most. */
  mostAtOnce = 0;

  readonly clock = new FakeClock();
  readonly environment = new FakeEnvironment();
  readonly workspace: FakeWorkspace;
  readonly runs: FakeRunLog;
  readonly lock: FakeLockStore;
  readonly logs: FakeLogStore;
  readonly executor: Executor;
  readonly scratch: Scratch;

  #failing: (call: string) => Error | undefined = () => undefined;
  #scripts: readonly Script[] = [];
  #answers: readonly ((cmd: string) => QueryAnswer | undefined)[] = [];
  #running = 0;
  #nonces = 0;

  constructor(files: { readonly [path: string]: string } = {}) {
    this.files = new Map(Object.entries(files));
    const note = (call: string): void => this.note(call);
    const now = (): number => this.clock.now();
    const { executables, digested } = this;
    this.workspace = new FakeWorkspace({
      files: this.files,
      executables,
      digested,
      hash,
      note,
      now,
    });
    this.runs = new FakeRunLog({ hash, note });
    this.lock = new FakeLockStore({ hash, note });
    this.logs = new FakeLogStore({ hash, note });
    this.executor = {
      execute: (command) => this.#execute(command),
      query: async ({ cmd }) => {
        this.queries.push(cmd);
        const found = this.#answers.map((answer) => answer(cmd)).find((each) => each !== undefined);
        return found ?? { kind: 'ok', stdout: '' };
      },
    };
    this.scratch = {
      write: async (text) => {
        const path = `/project/cache/v1/tmp/scratch/${hash(text)}.json`;
        this.scratchFiles.set(path, text);
        return path;
      },
    };
  }

  ports(): Ports {
    const { workspace, runs, lock, logs, scratch, executor, environment, clock } = this;
    return {
      ...{ workspace, runs, lock, logs, scratch, executor, environment, clock, hash },
      nonce: () => (++this.#nonces).toString(16).padStart(6, '0'),
      emit: (event) => {
        this.events.push(event);
      },
    };
  }

  /** Scripts commands; the latest registered is asked first. */
  onCommand(script: Script): void {
    this.#scripts = [script, ...this.#scripts];
  }

  /** Answers probes and version queries; unanswered ones succeed and print nothing. */
  onQuery(answer: (cmd: string) => QueryAnswer | undefined): void {
    this.#answers = [answer, ...this.#answers];
  }

  /** Makes noted calls throw: a kill, a full disk, at exactly that moment. */
  failOn(failing: (call: string) => Error | undefined): void {
    this.#failing = failing;
  }

  /** Notes a call that changes something, and fails where a test wants it to. */
  note(call: string): void {
    this.calls.push(call);
    const failure = this.#failing(call);
    if (failure !== undefined) throw failure;
  }

  async #execute(
    command: Command,
  ): Promise<Result<Executed, StageFailure | { readonly kind: 'cancelled' }>> {
    if (command.signal.aborted) return err({ kind: 'cancelled' });
    this.commands.push(command);
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#running);
    const startedAt = this.clock.monotonic();
    let tail = '';
    const watched: Command = {
      ...command,
      onOutput: (stream, chunk) => {
        tail = (tail + chunk).slice(-4096);
        command.onOutput(stream, chunk);
      },
    };
    const aborted = Promise.withResolvers<'cancelled'>();
    const abort = (): void => {
      aborted.resolve('cancelled');
    };
    command.signal.addEventListener('abort', abort, { once: true });
    try {
      const ending = await Promise.race([this.#play(watched), aborted.promise]);
      if (ending === 'cancelled') return err({ kind: 'cancelled' });
      if ('signal' in ending) return err({ kind: 'signalled', signal: ending.signal, tail });
      if ('notStarted' in ending) return err({ kind: 'not-started', cause: ending.notStarted });
      if ('timedOutAfterMs' in ending) {
        return err({ kind: 'timed-out', afterMs: ending.timedOutAfterMs });
      }
      const {
        code,
        trace,
        peakMemoryBytes,
        durationMs = this.clock.monotonic() - startedAt,
      } = ending;
      if (trace !== undefined) command.trace?.onTraced(trace);
      if (code !== 0) return err({ kind: 'exited', code, tail });
      return ok({ durationMs, ...(peakMemoryBytes !== undefined && { peakMemoryBytes }) });
    } finally {
      command.signal.removeEventListener('abort', abort);
      this.#running--;
    }
  }

  async #play(command: Command): Promise<ScriptedEnding> {
    for (const script of this.#scripts) {
      const ending = await script(command, this);
      if (ending !== undefined) return ending;
    }
    throw new Error(`no script of this test answers \`${command.cmd.join(' && ')}\``);
  }
}

/** Time that moves only when a test ticks. */
class FakeClock implements Clock {
  /** Every sleep asked for, in milliseconds. */
  readonly sleeps: number[] = [];
  #now = Date.parse('2026-01-01T00:00:00.000Z');
  #sleepers: { readonly until: number; readonly wake: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    this.sleeps.push(ms);
    if (signal.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const wake = (): void => {
      signal.removeEventListener('abort', wake);
      this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.wake !== wake);
      resolve(undefined);
    };
    signal.addEventListener('abort', wake, { once: true });
    this.#sleepers.push({ until: this.#now + ms, wake });
    return promise;
  }

  /** Moves time on and wakes whoever slept until then, earliest first. */
  tick(ms: number): void {
    this.#now += ms;
    const due = this.#sleepers.filter(({ until }) => until <= this.#now);
    for (const { wake } of due.sort((a, b) => a.until - b.until)) wake();
  }
}

/** A machine with nothing on it until a test says so. */
class FakeEnvironment implements Environment {
  readonly root = '/project';
  readonly variables = new Map<string, string>();
  readonly tools = new Map<string, string>();
  hostName = 'finch';
  gitState: { readonly commit: string; readonly dirty: boolean } | undefined;

  variable(name: string): string | undefined {
    return this.variables.get(name);
  }
  secrets(): readonly string[] {
    return secretsIn(Object.fromEntries(this.variables));
  }

  toolVersion(tool: string): Promise<string | undefined> {
    return Promise.resolve(this.tools.get(tool));
  }

  host(): string {
    return this.hostName;
  }

  user(): string {
    return 'robin';
  }

  platform(): string {
    return 'linux-x64';
  }

  git(): Promise<{ readonly commit: string; readonly dirty: boolean } | undefined> {
    return Promise.resolve(this.gitState);
  }
}
