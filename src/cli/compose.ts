import { randomBytes } from 'node:crypto';
import { delimiter, join } from 'node:path';
import { createEnvironment } from '../adapters/environment/system-environment.ts';
import { openRevisions } from '../adapters/git/revisions.ts';
import { hashText, startHash } from '../adapters/hash/blake3.ts';
import { createInvocationLock } from '../adapters/invocation-lock/invocation-lock.ts';
import { openLockStore } from '../adapters/lock-store/lock-store.ts';
import { openLogStore } from '../adapters/log-store/log-store.ts';
import { openProjectCache } from '../adapters/project-files/project-cache.ts';
import { openProjectFiles } from '../adapters/project-files/project-files.ts';
import type { StoredRunLog } from '../adapters/run-log/run-log.ts';
import { openScratch } from '../adapters/scratch/scratch.ts';
import { openWorkspace } from '../adapters/workspace/open-workspace.ts';
import type { CommandContext } from '../commands/context.ts';
import { problem, type Diagnostic } from '../model/diagnostic.ts';
import type { Emit } from '../model/event.ts';
import { ProblemError } from '../model/problem-error.ts';
import type { Executor } from '../ports/executor.ts';
import type { TransferObjects } from '../ports/transfer-objects.ts';
import type { ExitStatus } from './exit-status.ts';
import { systemClock } from './clock.ts';
import { findRoot } from './find-root.ts';
import type { Io } from './io.ts';
import { LAUNCHER_FOLDER } from './launcher.ts';
import { lazyPort } from './lazy-port.ts';
import { delayOptimisers } from './optimisers.ts';
import { tellProblem } from './tell-problem.ts';
import { VERSION } from './version.ts';

/** A project on disk: what every command is given, and its cache as transfers see it. */
export interface ProjectContext extends CommandContext {
  readonly objects: TransferObjects;
}

/** Finds the project, makes its ports, does the work and lets go of everything. */
export async function withProject(
  io: Io,
  emit: Emit,
  work: (context: ProjectContext) => Promise<ExitStatus>,
): Promise<ExitStatus> {
  const root = findRoot(io.cwd);
  if (root === undefined) return tellProblem(noProject(io.cwd), io);
  return withProjectAt(root, io, emit, work);
}

/** As `withProject`, in a folder that need not have a pipeline.yaml yet. */
export async function withProjectAt(
  root: string,
  io: Io,
  emit: Emit,
  work: (context: ProjectContext) => Promise<ExitStatus>,
): Promise<ExitStatus> {
  const { context, close } = openProject(io, root, emit);
  try {
    return await work(context);
  } catch (error) {
    if (error instanceof ProblemError) return tellProblem(error.problem, io);
    throw error;
  } finally {
    await close();
  }
}

/** Ports open nothing until they are used, so this costs no file and no native module. */
function openProject(
  io: Io,
  root: string,
  emit: Emit,
): { readonly context: ProjectContext; readonly close: () => Promise<void> } {
  const cache = join(root, 'cache/v1');
  const env = commandEnvironment(io, root);
  const files = openProjectFiles(root);
  const running = { runningFolder: join(cache, 'tmp/running'), pid: process.pid, kill };
  const environment = createEnvironment({ root, env, node: process });
  const workspace = openWorkspace({ root, cache, emit });
  const runs = lazyPort<StoredRunLog>(
    async () => {
      const { openRunLog } = await import('../adapters/run-log/run-log.ts');
      const report = (diagnostic: Diagnostic): void => emit({ type: 'diagnostic', diagnostic });
      return openRunLog({ cache, hash: hashText, report });
    },
    {
      ...{ record: true, receive: true, recordDeployment: true, rebuild: true, close: true },
      ...{ find: true, latest: true, lookUp: true, history: true, get: true, deployments: true },
      ...{ producersOf: true, consumersOf: true, producersAt: true, traces: true },
    },
  );
  const executor = lazyPort<Executor>(
    async () => {
      const { createLocalExecutor } = await import('../adapters/executor/local-executor.ts');
      return createLocalExecutor({ env, ...running, hurry: io.hurry });
    },
    { execute: true, query: true },
  );
  const rememberedProject = join(cache, 'project.json');
  delayOptimisers(rememberedProject);
  const context: ProjectContext = {
    objects: workspace.objects,
    ports: {
      workspace,
      runs: runs.port,
      lock: openLockStore({ root, cache, hash: hashText }),
      logs: openLogStore({ cache, startHash }),
      scratch: openScratch(join(cache, 'tmp/scratch'), hashText),
      executor: executor.port,
      environment,
      clock: systemClock,
      hash: hashText,
      nonce: () => randomBytes(3).toString('hex'),
      emit,
    },
    files,
    projectCache: openProjectCache(rememberedProject, files, hashText),
    revisions: openRevisions({ root, env: io.env }),
    invocationLock: createInvocationLock({ cache, pid: process.pid, host: environment.host() }),
    reapOrphans: async () => {
      const { reapOrphans } = await import('../adapters/executor/orphans.ts');
      return (await reapOrphans(running)).map(({ stage }) => stage);
    },
    version: VERSION,
    commandLine: ['avian', ...io.argv].join(' '),
    signal: io.signal,
  };
  const close = async (): Promise<void> => {
    await workspace.close();
    await (await runs.loaded())?.close();
  };
  return { context, close };
}

/**
 * What commands inherit. As npm does for scripts, the project's own programs come first on PATH, so
 * that `node` is the pinned one; `avian` is this avian, under the Node that runs it.
 */
export function commandEnvironment(io: Io, root: string): NodeJS.ProcessEnv {
  const path = [
    join(root, 'node_modules/.bin'),
    LAUNCHER_FOLDER,
    ...(io.env['PATH'] === undefined ? [] : [io.env['PATH']]),
  ];
  return { ...io.env, PATH: path.join(delimiter), AVIAN_NODE: process.execPath };
}

const kill = (pid: number, signal: NodeJS.Signals | 0): boolean => process.kill(pid, signal);

const noProject = (cwd: string) =>
  problem(
    'pipeline',
    'pipeline/no-file',
    `there is no pipeline.yaml in ${cwd} or above`,
    '`avian init` starts a project here',
  );
