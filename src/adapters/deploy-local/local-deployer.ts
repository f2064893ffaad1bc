import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { problem, type Problem } from '../../model/diagnostic.ts';
import { byCodeUnit } from '../../model/json.ts';
import { err, ok, type Result } from '../../model/result.ts';
import type { Condition, Deployer, LiveRevision } from '../../ports/deployer.ts';
import type { Kill } from '../executor/process-group.ts';
import { withLock } from './deployment-lock.ts';
import { healthProblem } from './health.ts';
import type { Launcher } from './launcher.ts';
import { tailOf } from './log-file.ts';
import {
  files,
  identify,
  isRunning,
  readDesired,
  readRevision,
  readState,
  revisionFiles,
  revisionsIn,
  writeRecord,
  type Desired,
  type SupervisorState,
} from './records.ts';
import { endService } from './service-process.ts';

export interface LocalDeployerOptions {
  /** Absolute path of `cache/v1/services`, or of a folder like it. */
  readonly directory: string;
  readonly launcher: Launcher;
  /** The Node that runs the supervisor, absolute. */
  readonly nodeProgram: string;
  /** The caller's; of it, services get `INHERITED` and what the launcher needs. */
  readonly environment: { readonly [name: string]: string | undefined };
  readonly kill: Kill;
  /** Another entry for the supervisor than the one beside this file. */
  readonly supervisorProgram?: string;
}

/**
 * A service should not depend on who deployed it from where. And it must not carry a stage's
 * AVIAN_RUN: what does is ended as that run's orphan.
 */
const INHERITED = /^(PATH|HOME|USER|LOGNAME|LANG|LC_[A-Z]+|TZ|TMPDIR|(https?|no|all)_proxy)$/i;

const PROBE_MS = 3000;
/** SIGTERM to SIGKILL in the supervisor is 10 s, and its own end takes a little. */
const STOP_MS = 15_000;
const POLL_MS = 25;

/** Services as processes of this machine, each under a supervisor that outlives the command. */
export function createLocalDeployer(options: LocalDeployerOptions): Deployer {
  const { directory, launcher, kill } = options;
  const inherited = Object.fromEntries(
    Object.entries(options.environment).filter(
      ([name]) => INHERITED.test(name) || launcher.inherits?.test(name) === true,
    ),
  );
  const folderOf = (name: string): string => join(directory, name);

  return {
    target: launcher.target,

    exclusively: (name, lock, work) => withLock(files(folderOf(name)).lock, lock, work),

    async names() {
      try {
        return readdirSync(directory, { withFileTypes: true })
          .filter((entry) => entry.isDirectory() && existsSync(files(folderOf(entry.name)).desired))
          .map((entry) => entry.name)
          .sort(byCodeUnit);
      } catch {
        return [];
      }
    },

    async inspect(name) {
      const folder = folderOf(name);
      const desired = readDesired(folder);
      const state = readState(folder);
      const revisions = revisionsIn(folder)
        .toSorted(byCodeUnit)
        .flatMap((revision) => {
          const record = readRevision(folder, revision);
          if (record === undefined) return [];
          const restorable = existsSync(revisionFiles(folder, revision).root);
          return [{ revision, settings: record.settings, restorable }];
        });
      if (desired === undefined && revisions.length === 0) return undefined;
      return {
        name,
        condition: await conditionOf(name, desired, state),
        ...(state?.live && { live: liveOf(state.live) }),
        revisions,
      };
    },

    async prepare(name, revision, image, settings) {
      const { folder, record, root } = revisionFiles(folderOf(name), revision);
      // Left by a killed command; a complete one has its record, which is written last.
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true, mode: 0o755 });
      const planned = await launcher.plan(revision, root, image, settings);
      if (!planned.ok) {
        rmSync(folder, { recursive: true, force: true });
        return planned;
      }
      // Node asks the nearest package.json how to read a .js file. In a container it would not find
      // the one of the project that this folder lies in.
      writeRecord(join(folder, 'package.json'), {});
      writeRecord(record, planned.value);
      return ok(undefined);
    },

    async activate(name, revision, { port, timeoutMs, signal }) {
      const folder = folderOf(name);
      const generation = nextGeneration(folder);
      const desired: Desired = {
        v: 1,
        generation,
        wanted: { kind: 'serve', revision, timeoutMs, ...(port !== undefined && { port }) },
      };
      writeRecord(files(folder).desired, desired);
      const before = readState(folder)?.supervisor;
      if (before !== undefined && isRunning(before)) {
        kill(before.pid, 'SIGHUP');
        const result = await settled(folder, generation, before.pid, signal);
        if (result !== 'supervisor-gone') return result;
        // It was on its way out: a failed first deployment ends its supervisor.
      }
      const result = await settled(folder, generation, launch(folder), signal);
      if (result !== 'supervisor-gone') return result;
      const tail = tailOf(files(folder).log);
      return err(
        problem('stage', 'deploy/supervisor-ended', `the supervisor ended\n${tail}`.trimEnd()),
      );
    },

    async stop(name) {
      const folder = folderOf(name);
      const state = readState(folder);
      const desired: Desired = {
        v: 1,
        generation: nextGeneration(folder),
        wanted: { kind: 'stop' },
      };
      writeRecord(files(folder).desired, desired);
      if (state === undefined) return ok(false);
      const leftovers = state.services.filter(isRunning);
      const { supervisor } = state;
      const wasUp = isRunning(supervisor) || leftovers.length > 0;
      if (isRunning(supervisor)) {
        kill(supervisor.pid, 'SIGTERM');
        const deadline = performance.now() + STOP_MS;
        while (isRunning(supervisor) && performance.now() < deadline) await sleep(POLL_MS);
        if (isRunning(supervisor)) kill(supervisor.pid, 'SIGKILL');
      }
      // Of a supervisor that was killed, now or before.
      const last = readState(folder) ?? state;
      await Promise.all(
        [...leftovers, ...last.services]
          .filter(isRunning)
          .map((service) => endService(service, 5000, kill)),
      );
      return ok(wasUp);
    },

    async prune(name, keep) {
      const folder = folderOf(name);
      for (const revision of revisionsIn(folder)) {
        const paths = revisionFiles(folder, revision);
        if (!keep.records.includes(revision)) {
          rmSync(paths.folder, { recursive: true, force: true });
        } else if (!keep.content.includes(revision)) {
          rmSync(paths.root, { recursive: true, force: true });
        }
      }
    },
  };

  /** In a session of its own, with files for its output: the command may end, its pipes may close. */
  function launch(folder: string): number | undefined {
    const program =
      options.supervisorProgram ??
      fileURLToPath(new URL('./supervisor-program.ts', import.meta.url));
    const log = openSync(files(folder).log, 'a', 0o600);
    try {
      const child = spawn(options.nodeProgram, [program, folder], {
        cwd: '/',
        env: inherited,
        detached: true,
        stdio: ['ignore', log, log],
      });
      child.on('error', () => undefined);
      child.unref();
      return child.pid;
    } finally {
      closeSync(log);
    }
  }

  /** Waits until the supervisor has settled `generation`; it bounds the wait for health itself. */
  async function settled(
    folder: string,
    generation: number,
    pid: number | undefined,
    signal: AbortSignal,
  ): Promise<Result<LiveRevision, Problem> | 'supervisor-gone'> {
    for (;;) {
      signal.throwIfAborted();
      // Asked before the state is read: it may settle and end in between.
      const gone = pid === undefined || identify(pid) === undefined;
      const state = readState(folder);
      if (state !== undefined && state.generation >= generation) return outcome(state);
      if (gone) return 'supervisor-gone';
      await sleep(POLL_MS);
    }
  }

  async function conditionOf(
    name: string,
    desired: Desired | undefined,
    state: SupervisorState | undefined,
  ): Promise<Condition> {
    if (desired === undefined || desired.wanted.kind === 'stop') return { kind: 'stopped' };
    const unhealthy = (reason: string): Condition => ({ kind: 'unhealthy', reason });
    if (state === undefined) return unhealthy(`${name} was never started`);
    if (!isRunning(state.supervisor)) {
      return unhealthy(
        state.status === 'failed'
          ? `${name} never became healthy: ${state.failure?.message ?? 'unknown'}`
          : `the supervisor of ${name} (process ${state.supervisor.pid}) is not running`,
      );
    }
    if (state.live === undefined) return unhealthy(`${name} is starting`);
    const { live } = state;
    const health = await healthProblem(`${live.url}${live.health}`, PROBE_MS);
    if (health !== undefined) return unhealthy(`${live.url}${live.health} ${health}`);
    return { kind: 'healthy' };
  }
}

const nextGeneration = (folder: string): number =>
  1 + Math.max(readDesired(folder)?.generation ?? 0, readState(folder)?.generation ?? 0);

function outcome(state: SupervisorState): Result<LiveRevision, Problem> {
  const { failure, live } = state;
  if (failure === undefined && live !== undefined) return ok(liveOf(live));
  const { code, message, tail } = failure ?? { code: 'deploy/unhealthy', message: '', tail: '' };
  return err(
    problem(
      code === 'deploy/port-taken' ? 'usage' : 'stage',
      code,
      tail === '' ? message : `${message}; its last output:\n${tail}`,
      HINTS[code],
    ),
  );
}

const HINTS: { readonly [code: string]: string } = {
  'deploy/port-taken': 'take another --port, or 0 for a free one',
  'deploy/unhealthy':
    'what was in service before still is; --health and --timeout set what is waited for',
};

const liveOf = (live: NonNullable<SupervisorState['live']>): LiveRevision => ({
  revision: live.revision,
  url: live.url,
  image: live.image,
  pid: live.pid,
  startTicks: live.startTicks,
  startedAt: live.startedAt,
  restarts: live.restarts,
});
