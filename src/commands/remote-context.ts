import { problem, type Problem } from '../model/diagnostic.ts';
import { pinnedIn, type PipelineLock } from '../model/lock.ts';
import type { StageName } from '../model/names.ts';
import type { Pipeline } from '../model/pipeline.ts';
import type { Remote, Remotes } from '../model/remote.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { TransferObjects } from '../ports/transfer-objects.ts';
import type { Tracked } from '../transfer/choose.ts';
import type { OpenRemote, TransferPorts } from '../transfer/tools.ts';
import type { CommandContext } from './context.ts';
import { readProject } from './load-workload.ts';

/** What commands that talk to a remote are given beside the rest. */
export interface RemoteContext extends CommandContext {
  readonly objects: TransferObjects;
  /** Opens a remote; asks it nothing yet. */
  readonly connect: (remote: Remote) => Promise<OpenRemote>;
}

/** The project as transfers see it. */
export interface RemoteProject {
  readonly remote: Remote;
  readonly pipeline: Pipeline;
  readonly lock: PipelineLock;
}

/** Reads the project and chooses its remote. */
export async function readRemoteProject(
  name: string | undefined,
  context: CommandContext,
): Promise<Result<RemoteProject, Problem>> {
  const project = await readProject([], context);
  if (!project.ok) return project;
  const { pipeline } = project.value;
  const remote = chooseRemote(pipeline.remotes, name);
  if (!remote.ok) return remote;
  const lock = await context.ports.lock.read();
  return lock.ok ? ok({ remote: remote.value, pipeline, lock: lock.value }) : lock;
}

/** The remote named, the default one, or the only one. */
export function chooseRemote(
  remotes: Remotes | undefined,
  name: string | undefined,
): Result<Remote, Problem> {
  const known = remotes?.known ?? [];
  const wanted = name ?? remotes?.default;
  const found =
    wanted === undefined && known.length === 1
      ? known[0]
      : known.find((each) => each.name === wanted);
  if (found !== undefined) return ok(found);
  const names = known.map((each) => each.name).join(', ');
  if (known.length === 0) {
    const message = 'pipeline.yaml has no remote to push to or pull from';
    const hint = 'avian remote add NAME gs://BUCKET/PREFIX --default (or file:///DIRECTORY)';
    return err(problem('usage', 'remote/none', message, hint));
  }
  return err(
    wanted === undefined
      ? problem(
          'usage',
          'remote/no-default',
          `pipeline.yaml has several remotes and no default: ${names}`,
          'avian remote default NAME, or -r NAME',
        )
      : problem('usage', 'remote/unknown', `there is no remote \`${wanted}\``, `it has: ${names}`),
  );
}

/** What the lock names and the cache keeps: sources, and the outs of stages that are declared. */
export function trackedIn(
  { lock, pipeline }: RemoteProject,
  purpose: 'push' | 'pull',
): readonly Tracked[] {
  const sources = pinnedIn(lock).filter(({ stage }) => stage === undefined);
  const outs = pipeline.stages.flatMap(({ name, outs: declared }) => {
    const locked = lock.stages[name]?.outs ?? {};
    return declared.flatMap(({ path, cache, push }): Tracked[] => {
      const ref = locked[path];
      return ref === undefined || !cache || (purpose === 'push' && !push)
        ? []
        : [{ path, ref, stage: name satisfies StageName }];
    });
  });
  return [...sources, ...outs];
}

export const transferPorts = ({ ports, objects }: RemoteContext): TransferPorts => ({
  ...ports,
  objects,
});
