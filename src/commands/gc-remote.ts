import type { RemoteGcView, RootView } from '../model/care-views.ts';
import type { Problem } from '../model/diagnostic.ts';
import type { Digest } from '../model/names.ts';
import type { Pipeline } from '../model/pipeline.ts';
import { ok, type Result } from '../model/result.ts';
import type { NamedRoot } from '../transfer/census.ts';
import { collectRemote } from '../transfer/gc.ts';
import { GRACE, ROOTS } from '../transfer/layout.ts';
import { digestsBehind } from './gc-roots.ts';
import { holdingProject } from './hold-project.ts';
import { readRemoteProject, transferPorts, type RemoteContext } from './remote-context.ts';

export interface GcRemoteOptions {
  /** Beginnings of commits or of roots' ids that the remote need not keep any longer. */
  readonly drop: readonly string[];
  /** Milliseconds; what was pushed longer ago is given up too, but the newest. */
  readonly dropOlderThanMs: number | undefined;
  readonly dry: boolean;
  readonly remote: string | undefined;
  readonly jobs: number;
}

/** `avian gc --remote`: condemns what nothing needs, and deletes what was condemned a day ago. */
export async function gcRemote(
  options: GcRemoteOptions,
  context: RemoteContext,
): Promise<Result<RemoteGcView, Problem>> {
  if (options.dry) return collect(options, context);
  return holdingProject(context, () => collect(options, context));
}

async function collect(
  { drop, dropOlderThanMs, dry, remote, jobs }: GcRemoteOptions,
  context: RemoteContext,
): Promise<Result<RemoteGcView, Problem>> {
  const project = await readRemoteProject(remote, context);
  if (!project.ok) return project;
  const { environment } = context.ports;
  const done = await collectRemote(
    {
      ...(dropOlderThanMs !== undefined && { dropOlderThan: dropOlderThanMs }),
      ...{ drop, dry, by: `${environment.user()}@${environment.host()}` },
      keep: () => deployed(project.value.pipeline, context),
    },
    await context.connect(project.value.remote),
    transferPorts(context),
    { jobs, signal: context.signal },
  );
  if (!done.ok) return done;
  const { kept, dropped, ...facts } = done.value;
  return ok({
    ...{ remote: project.value.remote, dry, graceMs: GRACE, ...facts },
    roots: [
      ...kept.map((root) => viewOf(root, false)),
      ...dropped.map((root) => viewOf(root, true)),
    ].sort((a, b) => Date.parse(a.at) - Date.parse(b.at)),
  });
}

/** All that is behind what serves: what was deployed from here, and what stages with an effect were given anywhere. */
async function deployed(
  { stages }: Pipeline,
  { ports }: RemoteContext,
): Promise<readonly Digest[]> {
  const traces = await ports.runs.traces();
  const effects = new Set(stages.filter(({ effect }) => effect).map(({ name }) => name));
  const given = traces.filter(({ stage }) => effects.has(stage)).flatMap(({ deps }) => deps);
  const artifacts = (await ports.runs.deployments()).flatMap(({ artifact }) => artifact ?? []);
  return [...digestsBehind([...artifacts, ...given.map(({ digest }) => digest)], traces)];
}

const viewOf = ({ name, commit, by, at, refs, runs }: NamedRoot, isDropped: boolean): RootView => ({
  id: name.slice(ROOTS.length).replace(/\..*$/, ''),
  ...(commit !== undefined && { commit }),
  ...{ by, at, paths: refs.length, runs: runs.length, isDropped },
});
