import { sameContent } from '../model/artifact.ts';
import type { Problem } from '../model/diagnostic.ts';
import type { RunId } from '../model/names.ts';
import { ok, type Result } from '../model/result.ts';
import type { Run } from '../model/run.ts';
import type { PushView } from '../model/transfer-views.ts';
import { chooseTracked, type Tracked } from '../transfer/choose.ts';
import { push as transfer } from '../transfer/push.ts';
import type { CommandContext } from './context.ts';
import {
  readRemoteProject,
  trackedIn,
  transferPorts,
  type RemoteContext,
  type RemoteProject,
} from './remote-context.ts';

export interface PushOptions {
  readonly targets: readonly string[];
  readonly remote: string | undefined;
  readonly jobs: number;
  readonly dry: boolean;
}

/** `avian push`: what pipeline.lock names, with the runs behind it, into the remote. */
export async function push(
  { targets, remote, jobs, dry }: PushOptions,
  context: RemoteContext,
): Promise<Result<PushView, Problem>> {
  const { ports, signal, version } = context;
  // A process of its own, which takes its time beside the rest.
  const asked = ports.environment.git();
  const project = await readRemoteProject(remote, context);
  if (!project.ok) return project;
  const wants = chooseTracked(trackedIn(project.value, 'push'), targets);
  if (!wants.ok) return wants;
  const runs = await runsBehind(project.value, wants.value, targets.length === 0, ports);
  const there = await context.connect(project.value.remote);
  const git = await asked;
  const done = await transfer(
    {
      wants: wants.value.map(({ path, ref }) => ({ path, ref })),
      runs,
      ...(git !== undefined && { commit: git.commit }),
      by: `${ports.environment.user()}@${ports.environment.host()}`,
      avian: version,
      dry,
    },
    there,
    transferPorts(context),
    { jobs, signal },
  );
  if (!done.ok) return done;
  const { objects, bytes, holders, kept } = done.value;
  return ok({
    ...{ remote: project.value.remote, dry, kept, objects, bytes },
    ...{ paths: wants.value.length, uploads: holders, runs: runs.length },
  });
}

/**
 * The runs that made what is pushed, and those that made what they read, up to the first. Stages without outs of
 * their own, such as those with an effect, come along when nothing was left out.
 */
async function runsBehind(
  { lock }: RemoteProject,
  wants: readonly Tracked[],
  isAll: boolean,
  { runs }: CommandContext['ports'],
): Promise<readonly Run[]> {
  const stages = new Set<string | undefined>(wants.map(({ stage }) => stage));
  const found = new Map<RunId, Run>();
  const waiting: Run[] = [];
  for (const [stage, { fingerprint, outs }] of Object.entries(lock.stages)) {
    if (!isAll && !stages.has(stage)) continue;
    const isLocked = (run: Run): boolean =>
      Object.entries(outs).every(([path, ref]) => {
        const made = run.outs[path];
        return made !== undefined && sameContent(made, ref);
      });
    const run = (await runs.find(fingerprint)).find(isLocked);
    if (run !== undefined) waiting.push(run);
  }
  for (let run = waiting.pop(); run !== undefined; run = waiting.pop()) {
    if (found.has(run.id)) continue;
    found.set(run.id, run);
    for (const { digest } of run.input.deps) {
      const [producer] = await runs.producersOf(digest);
      if (producer !== undefined) waiting.push(producer);
    }
  }
  return [...found.values()];
}
