import { problem, type Problem } from '../model/diagnostic.ts';
import type { RepoPath } from '../model/names.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { PullView } from '../model/transfer-views.ts';
import { chooseInside } from '../transfer/choose.ts';
import { fetch as transfer } from '../transfer/fetch.ts';
import { linksIn, restoreAll } from './checkout.ts';
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
  const done = await transfer(
    (nodes, url) => chooseInside(tracked, { targets, allowMissing }, nodes, url),
    await context.connect(remote),
    transferPorts(context),
    { jobs, signal: context.signal, dry },
  );
  if (!done.ok) return done;
  const { wants, missing, objects, bytes, runs } = done.value;
  const view = { remote, dry, paths: wants.length, objects, bytes, runs, missing };
  const links = linksIn(project.value.pipeline.stages);
  const there = wants.filter(({ path }) => !missing.includes(path));
  const restored = checkout
    ? await restoreAll(
        there.map(({ path, ref }) => {
          const link = links.get(path);
          return { path: path as RepoPath, ref, ...(link !== undefined && { link }) };
        }),
        context.ports,
      )
    : undefined;
  if (restored !== undefined && !restored.ok) return restored;
  if (missing.length > 0 && !allowMissing && !dry) return err(notThere(missing, remote.url));
  return ok({ ...view, ...(restored !== undefined && { restored: restored.value.paths }) });
}

const notThere = (missing: readonly string[], url: string): Problem =>
  problem(
    'remote',
    'remote/not-there',
    `${url} does not have ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ` and ${missing.length - 5} more` : ''}; the rest was fetched`,
    'whoever has it: `avian push`; or go on without: --allow-missing',
  );
