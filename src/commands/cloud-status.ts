import type { Problem } from '../model/diagnostic.ts';
import { ok, type Result } from '../model/result.ts';
import type { CloudView } from '../model/transfer-views.ts';
import { chooseTracked } from '../transfer/choose.ts';
import { survey } from '../transfer/survey.ts';
import {
  readRemoteProject,
  trackedIn,
  transferPorts,
  type RemoteContext,
} from './remote-context.ts';

export interface CloudStatusOptions {
  readonly targets: readonly string[];
  readonly remote: string | undefined;
  readonly jobs: number;
}

/** `avian status --cloud`: what has to be pushed and what can be pulled. */
export async function cloudStatus(
  { targets, remote, jobs }: CloudStatusOptions,
  context: RemoteContext,
): Promise<Result<CloudView, Problem>> {
  const project = await readRemoteProject(remote, context);
  if (!project.ok) return project;
  const wants = chooseTracked(trackedIn(project.value, 'push'), targets);
  if (!wants.ok) return wants;
  const found = await survey(
    wants.value,
    await context.connect(project.value.remote),
    transferPorts(context),
    { jobs, signal: context.signal },
  );
  if (!found.ok) return found;
  return ok({
    remote: project.value.remote,
    paths: found.value.map(({ want: { path, ref }, here, there }) => ({
      path,
      where: here ? (there ? 'both' : 'cache') : there ? 'remote' : 'neither',
      size: ref.size,
    })),
  });
}

/** True when there is something to push or to pull. */
export const differs = ({ paths }: CloudView): boolean =>
  paths.some(({ where }) => where !== 'both');
