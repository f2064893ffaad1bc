import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProcessGroups, type Kill } from '../executor/process-group.ts';
import { healthProblem } from './health.ts';
import type { LogFile } from './log-file.ts';
import { identify, PORT_MARK, type Identity, type RevisionRecord } from './records.ts';

export interface ServiceProcess {
  readonly record: RevisionRecord;
  /** On loopback; the proxy's upstream. */
  readonly port: number;
  /** Undefined when it could not even start. */
  readonly identity: Identity | undefined;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Says how it ended: `exited with 1`, `was ended by SIGKILL`. Never rejects. */
  readonly exited: Promise<string>;
  /** Where its output begins in the log. */
  readonly mark: number;
}

export interface ServiceSurroundings {
  readonly environment: { readonly [name: string]: string | undefined };
  readonly log: LogFile;
  readonly kill: Kill;
  readonly name: string;
}

/**
 * Starts a revision in a process group of its own, with Cloud Run's contract: PORT says where to
 * listen, K_SERVICE and K_REVISION who it is.
 */
export async function startService(
  record: RevisionRecord,
  { environment, log, kill, name }: ServiceSurroundings,
): Promise<ServiceProcess> {
  const sweep = (): Promise<void> => runQuietly(record.cleanup, environment);
  await sweep();
  const port = await freePort();
  const mark = log.mark();
  const [program = '', ...args] = record.argv.map((word) =>
    word.replaceAll(PORT_MARK, String(port)),
  );
  const child = spawn(program, args, {
    cwd: record.cwd,
    env: {
      ...environment,
      ...record.env,
      PATH: [...record.path, environment['PATH'] ?? ''].join(':'),
      PORT: String(port),
      HOST: '127.0.0.1',
      K_SERVICE: name,
      K_REVISION: record.revision,
    },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => log.write(chunk));
    stream.on('error', () => undefined);
  }
  const exited = new Promise<string>((resolve) => {
    child.once('error', (cause) => resolve(`could not start: ${cause.message}`));
    child.once('exit', (code, signal) => {
      // Workers it left behind share its group; the group's number is taken while one lives.
      if (child.pid !== undefined) quietly(() => kill(-(child.pid ?? 0), 'SIGKILL'));
      const how = signal === null ? `exited with ${code}` : `was ended by ${signal}`;
      void sweep().then(() => resolve(how));
    });
  });
  return {
    record,
    port,
    identity: child.pid === undefined ? undefined : identify(child.pid),
    startedAt: Date.now(),
    exited,
    mark,
  };
}

/** What it says and how it ends is of no interest: mostly there is nothing to take away. */
async function runQuietly(
  argv: readonly string[] | undefined,
  environment: { readonly [name: string]: string | undefined },
): Promise<void> {
  const [program, ...args] = argv ?? [];
  if (program === undefined) return;
  await new Promise<void>((resolve) => {
    const child = spawn(program, args, { env: environment, stdio: 'ignore', timeout: SWEEP_MS });
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
}

const SWEEP_MS = 30_000;

/** SIGTERM to the group, SIGKILL after `graceMs`; resolves when it is gone. */
export async function endService(
  identity: Identity | undefined,
  graceMs: number,
  kill: Kill,
): Promise<void> {
  if (identity === undefined) return;
  // The leader's number is checked once; while a member of its group lives it cannot be reused.
  const now = identify(identity.pid);
  if (now !== undefined && now.startTicks !== identity.startTicks) return;
  await new ProcessGroups(kill).end(identity.pid, graceMs);
}

const UNASKED = 'was never asked';

export type Readiness =
  { readonly kind: 'healthy' } | { readonly kind: 'failed'; readonly reason: string };

/** Waits until the health path answers 200, the process ends, the time is over, or `signal`. */
export async function waitHealthy(
  service: ServiceProcess,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Readiness> {
  const path = service.record.settings.health;
  const deadline = performance.now() + timeoutMs;
  const ended: { reason?: string } = {};
  const ending = (): string | undefined => ended.reason;
  const done = new AbortController();
  void service.exited.then((reason) => {
    ended.reason = reason;
    done.abort();
  });
  const either = AbortSignal.any([signal, done.signal]);
  let last = UNASKED;
  for (let pause = 20; ; pause = Math.min(250, pause * 1.5)) {
    const left = deadline - performance.now();
    const end = ending();
    if (end !== undefined) {
      return { kind: 'failed', reason: `it ${end} before ${path} answered 200` };
    }
    if (signal.aborted) return { kind: 'failed', reason: 'something else was asked for meanwhile' };
    if (left <= 0) {
      const seconds = Math.round(timeoutMs / 100) / 10;
      return { kind: 'failed', reason: `${path} ${last}; no 200 within ${seconds} s` };
    }
    const url = `http://127.0.0.1:${service.port}${path}`;
    const patience = Math.max(1, Math.min(2000, left));
    const problem = await healthProblem(url, patience, either);
    // A service that ends while it answers is not healthy; look at it once more.
    if (problem === undefined && ending() === undefined) return { kind: 'healthy' };
    // The last look may have been too short to say anything.
    if (left > 100 || last === UNASKED) last = problem ?? last;
    await sleep(Math.min(pause, Math.max(1, left)), undefined, { signal: either }).catch(
      () => undefined,
    );
  }
}

/** Free now; a service that loses the race for it exits and is started again on another. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: 0, host: '127.0.0.1' }, resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('bug: no port was given');
  return address.port;
}

function quietly(act: () => unknown): void {
  try {
    act();
  } catch {
    // Nobody is left.
  }
}
