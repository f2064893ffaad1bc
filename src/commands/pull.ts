import type { Artifact } from '../model/artifact.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import type { RepoPath } from '../model/names.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { PullView } from '../model/transfer-views.ts';
import type { PathsView } from '../model/views.ts';
import { chooseInside, type Tracked } from '../transfer/choose.ts';
import type { Want } from '../transfer/closure.ts';
import { fetch as transfer } from '../transfer/fetch.ts';
import { contentAt, linksIn, restoreAll } from './checkout.ts';
import { holdingProject } from './hold-project.ts';
import {
  readRemoteProject,
  trackedIn,
  transferPorts,
  type RemoteContext,
} from './remote-context.ts';

export interface PullOptions {
  readonly targets: readonly string[];
  readonly remote: string | undefined;
  readonly jobs: number;
  readonly allowMissing: boolean;
  /** Puts what came into the workspace; `fetch` stops at the cache. */
  readonly checkout: boolean;
  /** Says what would come, and changes nothing. */
  readonly dry: boolean;
}

/** `avian fetch` and `avian pull`: what pipeline.lock names out of the remote, and every run it knows. */
export async function pull(
  options: PullOptions,
  context: RemoteContext,
): Promise<Result<PullView, Problem>> {
  return options.dry
    ? bring(options, context)
    : holdingProject(context, () => bring(options, context));
}

async function bring(
  options: PullOptions,
  context: RemoteContext,
): Promise<Result<PullView, Problem>> {
  const { targets, jobs, allowMissing, dry } = options;
  const checkout = options.checkout && !dry;
  const project = await readRemoteProject(options.remote, context);
  if (!project.ok) return project;
  const { remote } = project.value;
  const tracked = trackedIn(project.value, 'pull');
  const links = linksIn(project.value.pipeline.stages);
  const restored: PathsView['paths'][number][] = [];
  let stopped: Problem | undefined;
  const restore = async (there: readonly Want[]): Promise<void> => {
    const done = await restoreAll(
      there.map(({ path, ref }) => {
        const link = links.get(path);
        return { path: path as RepoPath, ref, ...(link !== undefined && { link }) };
      }),
      context.ports,
      false,
      await seen,
    );
    stopped = done.ok ? undefined : done.error;
    if (done.ok) restored.push(...done.value.paths);
  };
  const remoteThere = await context.connect(remote);
  // The workspace is looked through while the remote answers.
  const seen = checkout && targets.length === 0 ? contentsAt(tracked, context) : undefined;
  const done = await transfer(
    (nodes, url) => chooseInside(tracked, { targets, allowMissing }, nodes, url),
    remoteThere,
    transferPorts(context),
    { jobs, signal: context.signal, dry, ...(checkout && { whenStored: restore }) },
  );
  await seen;
  if (!done.ok) return done;
  if (stopped !== undefined) return err(stopped);
  const { wants, missing, objects, bytes, runs } = done.value;
  const view = { remote, dry, paths: wants.length, objects, bytes, runs, missing };
  if (missing.length > 0 && !allowMissing && !dry) return err(notThere(missing, remote.url));
  return ok({ ...view, ...(checkout && { restored }) });
}

async function contentsAt(
  tracked: readonly Tracked[],
  { ports }: RemoteContext,
): Promise<ReadonlyMap<string, Artifact>> {
  const found = new Map<string, Artifact>();
  for (const { path } of tracked) {
    const there = await contentAt(path, ports);
    if (there !== undefined) found.set(path, there);
  }
  return found;
}

const notThere = (missing: readonly string[], url: string): Problem =>
  problem(
    'remote',
    'remote/not-there',
    `${url} does not have ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ` and ${missing.length - 5} more` : ''}; the rest was fetched`,
    'whoever has it: `avian push`; or go on without: --allow-missing',
  );
