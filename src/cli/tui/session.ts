import { pull } from '../../commands/pull.ts';
import { push } from '../../commands/push.ts';
import type { RemoteContext } from '../../commands/remote-context.ts';
import { repro } from '../../commands/repro.ts';
import { status as statusOfProject } from '../../commands/status.ts';
import type { AvianEvent } from '../../model/event.ts';
import { ProblemError } from '../../model/problem-error.ts';
import type { Problem } from '../../model/diagnostic.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { createStyle } from '../../report/style.ts';
import { pullText, pushText } from '../../report/transfers.ts';
import { saying } from '../../tui/reduce-event.ts';
import { judged, listed } from '../../tui/reduce-view.ts';
import { runElsewhere, type Effect } from '../../tui/state.ts';
import { systemClock } from '../clock.ts';
import { withRemotes } from '../compose-remote.ts';
import { exitStatus, type ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { reproOptions, statusOf } from '../repro-options.ts';
import { tellOthers } from '../tell-others.ts';
import { tellProblem } from '../tell-problem.ts';
import { tellUnexpected } from '../tell-unexpected.ts';
import { parseTransferJobs } from '../transfer-words.ts';
import { tryToOpenSurface } from './surface.ts';
import { findRunElsewhere } from './run-elsewhere.ts';
import { createStops, type Stops } from './stops.ts';
import { createTuiRenderer } from './tui-renderer.ts';
import { ask, crashText, logPathIn, tellUsual } from './watch.ts';

const LOOK_EVERY_MS = 1000;

/** What a piece of work came to: its exit status, and what to say of it on the screen. */
interface Done {
  readonly status: ExitStatus;
  readonly said?: string;
}

/**
 * `avian tui`: a screen from which runs, pushes and pulls are started, each as an invocation of its
 * own would do it. One at a time, and nothing else of this process touches the project meanwhile,
 * since two that write to the same databases in one process could wait for each other for ever.
 *
 * @returns what the run that was left under way ended with, `ok` when none was; or why there can be no screen
 */
export async function runSession(
  io: Io,
  options: { readonly overrides: readonly string[]; readonly jobs: number },
): Promise<ExitStatus | { readonly why: string }> {
  const left = Promise.withResolvers<undefined>();
  const surface = await tryToOpenSurface(io, {
    purpose: 'session',
    onEffect,
    onCrash(error) {
      renderer.toPlain(crashText(error, io));
      left.resolve(undefined);
    },
  });
  if ('why' in surface) return surface;
  const { store, io: held } = surface;
  const renderer = createTuiRenderer(io, surface, logPathIn(io));
  const closing = new AbortController();
  const ending = AbortSignal.any([io.signal, closing.signal]);
  let queue: Promise<unknown> = Promise.resolve();
  /** The work that has the project, while it has it. */
  const active: { stop?: AbortController; stops?: Stops; context?: RemoteContext } = {};
  let latest: ExitStatus = exitStatus.ok;

  io.signal.addEventListener('abort', () => left.resolve(undefined), { once: true });

  const isEnding = (): boolean => ending.aborted;

  function onEffect(effect: Exclude<Effect, { kind: 'copy' | 'interrupt' }>): void {
    switch (effect.kind) {
      case 'run':
        return begin((context) => run(effect, context));
      case 'push':
        return begin((context) => transfer(context, 'push'));
      case 'pull':
        return begin((context) => transfer(context, 'pull'));
      case 'judge':
        return inTurn(judge);
      case 'stop':
        return active.stops?.stop(effect.stage);
      case 'stop-run':
        return active.stop?.abort();
      case 'ask':
        if (active.context !== undefined) return void ask(effect, active.context, store, io);
        return inTurn(() => quietly((context) => ask(effect, context, store, io)));
      case 'quit':
        return left.resolve(undefined);
    }
  }

  /** After all that was asked for before it. */
  function inTurn(work: () => Promise<void>): void {
    queue = queue.then(work).catch((error: unknown) => {
      store.update((state) => saying(state, String(error), 'bad'));
    });
  }

  function begin(work: (context: RemoteContext) => Promise<Done>): void {
    inTurn(async () => {
      if (isEnding()) return;
      const stop = new AbortController();
      active.stop = stop;
      const done = await invoke(work, stop.signal);
      delete active.stop;
      latest = done.status;
      store.update((state) => ({
        ...(done.said === undefined
          ? state
          : saying(state, done.said, done.status === exitStatus.ok ? 'plain' : 'bad')),
        activity: { kind: 'idle' },
        work: undefined,
      }));
      if (!isEnding()) await judge();
    });
  }

  /** One invocation; whatever ends it is told, and the session goes on. */
  async function invoke(
    work: (context: RemoteContext) => Promise<Done>,
    stop: AbortSignal,
  ): Promise<Done> {
    const signal = AbortSignal.any([io.signal, stop]);
    const inner = { ...held, signal };
    const others = tellOthers(io, renderer.onEvent);
    let done: Done = { status: exitStatus.bug };
    try {
      const status = await withRemotes(inner, others.emit, async (context) => {
        active.context = context;
        done = await work(context).finally(() => delete active.context);
        return done.status;
      });
      return { ...done, status };
    } catch (error) {
      if (signal.aborted) return { status: exitStatus.ok, said: 'stopped' };
      return { status: tellUnexpected(error, held), said: String(error) };
    } finally {
      await others.close();
    }
  }

  /** Shows what another avian runs, as long as it does; what this one starts would only wait for it. */
  async function lookOn(): Promise<void> {
    const other = active.stop === undefined ? findRunElsewhere(io) : undefined;
    if (other === undefined) return;
    store.update((state) => ({ ...state, activity: runElsewhere(state) }));
    const how = await other.follow(({ at, event }) => {
      store.event(event, Math.max(0, systemClock.now() - at));
    }, ending);
    if (how === 'left') return;
    store.update((state) => ({
      ...(how === 'died' ? saying(state, 'the avian that ran it has died', 'bad') : state),
      activity: { kind: 'idle' },
      work: undefined,
    }));
    inTurn(judge);
  }

  async function keepLookingOn(): Promise<void> {
    while (!isEnding()) {
      await lookOn();
      await systemClock.sleep(LOOK_EVERY_MS, ending);
    }
  }

  async function run(
    { targets, force }: Extract<Effect, { kind: 'run' }>,
    context: RemoteContext,
  ): Promise<Done> {
    const { overrides, jobs } = options;
    const stops = createStops();
    active.stops = stops;
    const wanted = { targets, overrides, force, single: force, stopOf: stops.signalOf };
    const done = await repro({ ...reproOptions(jobs), ...wanted }, context);
    return done.ok ? { status: statusOf(done.value) } : refused(done.error);
  }

  async function transfer(context: RemoteContext, direction: 'push' | 'pull'): Promise<Done> {
    const jobs = parseTransferJobs(undefined);
    if (!jobs.ok) return refused(jobs.error);
    const wanted = { targets: [], remote: undefined, jobs: jobs.value };
    const style = createStyle({ colour: false, ascii: io.ascii });
    const said: Result<string, Problem> =
      direction === 'push'
        ? mapped(await push({ ...wanted, dry: false }, context), (view) => pushText(view, style))
        : mapped(
            await pull({ ...wanted, allowMissing: false, checkout: true, dry: false }, context),
            (view) => pullText(view, style),
          );
    return said.ok
      ? { status: exitStatus.ok, said: said.value.trimEnd().replaceAll('\n', '; ') }
      : refused(said.error);
  }

  function refused(problem: Problem): Done {
    const [first] = problem.diagnostics;
    const said = first === undefined ? 'refused' : `${first.code}: ${first.message}`;
    return { status: tellProblem(problem, held), said };
  }

  async function judge(): Promise<void> {
    await quietly(async (context) => {
      const { overrides } = options;
      const onPlanned = (stages: readonly string[]): void => {
        store.update((state) => listed(state, stages));
      };
      const wanted = { targets: [], overrides, probes: true, onPlanned };
      const view = await statusOfProject(wanted, context);
      if (!view.ok) {
        const { said = '' } = refused(view.error);
        store.update((state) => saying(state, said, 'bad'));
        return;
      }
      const { stages } = view.value;
      store.update((state) => judged(state, view.value));
      await tellUsual(
        stages.map(({ name }) => name),
        context,
        store,
      );
    });
  }

  /** A look at the project, without a word about it. */
  async function quietly(work: (context: RemoteContext) => Promise<void>): Promise<void> {
    const onEvent = (event: AvianEvent): void => {
      if (event.type === 'progress') store.event(event);
    };
    try {
      await withRemotes({ ...held, signal: ending }, onEvent, async (context) => {
        await work(context);
        return exitStatus.ok;
      });
    } catch (error) {
      if (isEnding()) return;
      const said =
        error instanceof ProblemError ? error.problem.diagnostics[0]?.message : undefined;
      store.update((state) => saying(state, said ?? String(error), 'bad'));
    }
  }

  try {
    const looking = keepLookingOn();
    // What another avian is about to change is not worth judging now.
    if (store.state().activity.kind === 'idle') inTurn(judge);
    await left.promise;
    // A run that is under way goes on, in plain lines.
    const goesOn = active.stop !== undefined;
    closing.abort();
    renderer.toPlain();
    await queue;
    await looking;
    return goesOn ? latest : exitStatus.ok;
  } finally {
    renderer.close();
  }
}

const mapped = <T, E>(result: Result<T, E>, by: (value: T) => string): Result<string, E> =>
  result.ok ? ok(by(result.value)) : err(result.error);
