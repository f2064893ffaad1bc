import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kill } from '../executor/process-group.ts';
import { LogFile } from './log-file.ts';
import { Proxy } from './proxy.ts';
import {
  endService,
  startService,
  waitHealthy,
  type Readiness,
  type ServiceProcess,
} from './service-process.ts';
import {
  files,
  identify,
  isRunning,
  readDesired,
  readRevision,
  readState,
  revisionFiles,
  writeRecord,
  type Desired,
  type Identity,
  type LiveState,
  type SupervisorState,
} from './records.ts';

export interface SupervisorOptions {
  /** `cache/v1/services/<name>`, absolute. When it disappears, so does the supervisor. */
  readonly directory: string;
  readonly name: string;
  /** Of the process it runs in. */
  readonly pid: number;
  /** What services inherit. */
  readonly environment: { readonly [name: string]: string | undefined };
  readonly kill: Kill;
  readonly timings?: Partial<Timings>;
}

export interface Timings {
  /** How often the folder is looked at, besides every `wake`. */
  readonly watchMs: number;
  /** Pause before the first restart; doubles with every further one. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** A service that ran this long starts again at the first pause. */
  readonly steadyMs: number;
  /** How long open connections may keep a replaced service, before it gets SIGTERM. */
  readonly drainMs: number;
  /** From SIGTERM to SIGKILL. */
  readonly graceMs: number;
}

const TIMINGS: Timings = {
  watchMs: 500,
  backoffMs: 100,
  maxBackoffMs: 30_000,
  steadyMs: 60_000,
  drainMs: 5000,
  graceMs: 10_000,
};

/** A restarted service gets this long to be ready before it is ended and started again. */
const RESTART_TIMEOUT_MS = 60_000;

interface Live {
  service: ServiceProcess;
  readonly goesLiveAt: string;
  restarts: number;
  /** Ends the loop that keeps it running. */
  readonly retire: AbortController;
}

/**
 * Keeps one deployment in service: a stable port in front, one revision behind it, restarted when
 * it crashes and exchanged when `desired.json` says so. State goes to `state.json` at every change.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #timings: Timings;
  readonly #self: Identity;
  readonly #log: LogFile;
  readonly #proxy = new Proxy();
  readonly #services = new Set<ServiceProcess>();
  readonly #ending: Promise<void>[] = [];
  readonly #over = new AbortController();
  #live: Live | undefined;
  #status: SupervisorState['status'] = 'starting';
  #generation = 0;
  #failure: SupervisorState['failure'];
  #port: number | undefined;
  /** The live revision as last written; outlives the service, for rollback and messages. */
  #liveState: LiveState | undefined;
  /** Aborts the switch under way when something newer is asked for. */
  #switching: { readonly generation: number; readonly abort: AbortController } | undefined;
  #wake: () => void = () => undefined;

  constructor(options: SupervisorOptions) {
    const self = identify(options.pid);
    if (self === undefined) throw new Error('the local target needs /proc, which Linux has');
    this.#options = options;
    this.#timings = { ...TIMINGS, ...options.timings };
    this.#self = self;
    this.#log = new LogFile(files(options.directory).log);
  }

  /** Runs until it is told to stop, its folder disappears, or there is nothing to serve. */
  async run(): Promise<void> {
    await this.#takeOver();
    const watch = setInterval(() => this.look(), this.#timings.watchMs);
    try {
      while (!this.#over.signal.aborted) {
        const desired = readDesired(this.#options.directory);
        if (desired === undefined || desired.wanted.kind === 'stop') break;
        if (desired.generation !== this.#generation) {
          await this.#settle(desired, desired.wanted);
          const newer = readDesired(this.#options.directory)?.generation !== desired.generation;
          if (this.#live === undefined && !newer) break;
          continue;
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      clearInterval(watch);
      await this.#shutDown();
    }
  }

  /** Looks at the folder again: called on SIGHUP and twice a second. */
  look(): void {
    const desired = readDesired(this.#options.directory);
    if (desired === undefined || desired.wanted.kind === 'stop') this.stop();
    else if (this.#switching && desired.generation !== this.#switching.generation) {
      this.#switching.abort.abort();
    }
    this.#wake();
  }

  /** Takes the service down gracefully; `run` then resolves. */
  stop(): void {
    this.#over.abort();
    this.#switching?.abort.abort();
    this.#wake();
  }

  /** A killed supervisor leaves its services running and unreachable. */
  async #takeOver(): Promise<void> {
    const before = readState(this.#options.directory);
    this.#port = before?.port;
    this.#generation = before?.generation ?? 0;
    this.#liveState = before?.live;
    this.#write();
    const leftovers = (before?.services ?? []).filter(isRunning);
    if (leftovers.length > 0) this.#say(`ending ${leftovers.length} left by a killed supervisor`);
    await Promise.all(
      leftovers.map((one) => endService(one, this.#timings.graceMs, this.#options.kill)),
    );
  }

  async #settle(
    desired: Desired,
    wanted: Extract<Desired['wanted'], { kind: 'serve' }>,
  ): Promise<void> {
    const abort = new AbortController();
    this.#switching = { generation: desired.generation, abort };
    this.#failure = undefined;
    try {
      const failure =
        (await this.#openPort(wanted.port)) ??
        (await this.#switchTo(wanted.revision, wanted.timeoutMs, abort.signal));
      this.#failure = failure;
      if (failure) this.#say(`${wanted.revision}: ${failure.message}`);
    } finally {
      this.#switching = undefined;
    }
    this.#generation = desired.generation;
    this.#status = this.#live ? 'running' : 'failed';
    this.#write();
  }

  async #openPort(asked: number | undefined): Promise<SupervisorState['failure']> {
    const current = this.#proxy.port;
    if (current !== undefined && (asked === undefined || asked === current)) return undefined;
    // The port of before may have gone to somebody else while nothing ran here.
    const candidates = asked === undefined ? [this.#port ?? 0, 0] : [asked];
    for (const port of candidates) {
      try {
        await this.#proxy.listen(port);
        this.#port = this.#proxy.port;
        return undefined;
      } catch (cause) {
        const { code = String(cause) } = cause as NodeJS.ErrnoException;
        this.#say(`cannot listen on port ${port}: ${code}`);
      }
    }
    return {
      code: 'deploy/port-taken',
      message: `port ${asked ?? 0} cannot be listened on`,
      tail: '',
    };
  }

  /** Undefined when the revision is live now; else the earlier one still is. */
  async #switchTo(
    revision: string,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<SupervisorState['failure']> {
    const service = await this.#start(revision);
    if (service === undefined) {
      return { code: 'deploy/revision-gone', message: `${revision} is not there`, tail: '' };
    }
    const readiness: Readiness = await waitHealthy(service, timeoutMs, signal);
    if (readiness.kind === 'failed') {
      const log = revisionFiles(this.#options.directory, revision).log;
      const tail = new LogFile(log).since(service.mark);
      void this.#end(service);
      return { code: 'deploy/unhealthy', message: readiness.reason, tail };
    }
    const old = this.#live;
    this.#live = {
      service,
      goesLiveAt: new Date(service.startedAt).toISOString(),
      restarts: 0,
      retire: new AbortController(),
    };
    this.#proxy.route(service.port);
    this.#say(`${revision} is live as process ${service.identity?.pid ?? '?'}`);
    void this.#keepRunning(this.#live);
    if (old) {
      old.retire.abort();
      void this.#drain(old.service);
    }
    return undefined;
  }

  async #start(revision: string): Promise<ServiceProcess | undefined> {
    const { directory, environment, kill, name } = this.#options;
    const record = readRevision(directory, revision);
    const { root, log } = revisionFiles(directory, revision);
    if (record === undefined || !existsSync(root)) return undefined;
    const service = await startService(record, { environment, kill, name, log: new LogFile(log) });
    this.#services.add(service);
    this.#write();
    void service.exited.then(() => {
      this.#services.delete(service);
      this.#write();
    });
    return service;
  }

  /** Restarts on every crash, with pauses that double up to a limit, until retired. */
  async #keepRunning(live: Live): Promise<void> {
    const { backoffMs, maxBackoffMs, steadyMs } = this.#timings;
    const signal = AbortSignal.any([live.retire.signal, this.#over.signal]);
    const over = (): boolean => signal.aborted;
    let inRow = 0;
    while (!over()) {
      const reason = await live.service.exited;
      if (over()) return;
      if (Date.now() - live.service.startedAt > steadyMs) inRow = 0;
      const pause = Math.min(maxBackoffMs, backoffMs * 2 ** inRow);
      inRow += 1;
      live.restarts += 1;
      this.#status = 'restarting';
      this.#write();
      const { revision } = live.service.record;
      this.#say(`${revision} ${reason}; restart ${live.restarts} in ${pause} ms`);
      await sleep(pause, undefined, { signal }).catch(() => undefined);
      if (over()) return;
      const next = await this.#start(revision);
      if (next === undefined) continue;
      live.service = next;
      if (over()) return void this.#end(next);
      // At once: there is nothing else to serve, and the proxy holds who comes too early.
      this.#proxy.route(next.port);
      this.#write();
      const readiness = await waitHealthy(next, RESTART_TIMEOUT_MS, signal);
      if (over()) return void this.#end(next);
      if (readiness.kind === 'healthy') this.#status = 'running';
      else void this.#end(next);
      this.#write();
    }
  }

  /** Lets open connections finish, then ends the service. */
  async #drain(service: ServiceProcess): Promise<void> {
    const deadline = performance.now() + this.#timings.drainMs;
    while (this.#proxy.connections(service.port) > 0 && performance.now() < deadline) {
      if (this.#over.signal.aborted) break;
      await sleep(20);
    }
    await this.#end(service);
  }

  #end(service: ServiceProcess): Promise<void> {
    const ending = endService(service.identity, this.#timings.graceMs, this.#options.kill);
    this.#ending.push(ending);
    return ending;
  }

  async #shutDown(): Promise<void> {
    this.#over.abort();
    const services = [...this.#services];
    // New connections are refused; requests under way finish while the services drain.
    this.#proxy.refuse();
    await Promise.all(services.map((service) => this.#end(service)));
    await Promise.all(this.#ending);
    this.#proxy.close();
    if (this.#status !== 'failed') this.#status = 'stopped';
    const desired = readDesired(this.#options.directory);
    if (desired?.wanted.kind === 'stop') this.#generation = desired.generation;
    this.#write();
    this.#say(this.#status);
  }

  #write(): void {
    const live = this.#live;
    if (live) {
      const { record, identity } = live.service;
      this.#liveState = {
        revision: record.revision,
        image: record.settings.image,
        health: record.settings.health,
        url: `http://127.0.0.1:${this.#port ?? 0}`,
        pid: identity?.pid ?? 0,
        startTicks: identity?.startTicks ?? '',
        startedAt: live.goesLiveAt,
        restarts: live.restarts,
      };
    }
    const state: SupervisorState = {
      v: 1,
      status: this.#status,
      supervisor: this.#self,
      generation: this.#generation,
      ...(this.#failure && { failure: this.#failure }),
      ...(this.#port !== undefined && { port: this.#port }),
      ...(this.#liveState && { live: this.#liveState }),
      services: [...this.#services].flatMap(({ identity }) => identity ?? []),
    };
    try {
      writeRecord(files(this.#options.directory).state, state);
    } catch {
      // The folder is gone, which `look` notices, or the disk is full: serving matters more.
    }
  }

  #say(message: string): void {
    this.#log.write(`${new Date().toISOString()} ${message}\n`);
  }
}
