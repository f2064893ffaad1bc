import { problem, type Problem } from '../model/diagnostic.ts';
import { pinnedIn, type PipelineLock } from '../model/lock.ts';
import { contains, parseRepoPath, type RepoPath } from '../model/names.ts';
import type { Remote } from '../model/remote.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Tracked } from '../transfer/choose.ts';
import type { Want } from '../transfer/closure.ts';
import { fetch } from '../transfer/fetch.ts';
import type { OpenRemote } from '../transfer/tools.ts';
import type { CommandContext } from './context.ts';
import { holdingProject } from './hold-project.ts';
import { readProject } from './load-workload.ts';
import { chooseRemote, transferPorts, type RemoteContext } from './remote-context.ts';

/** What `ls`, `cat` and `export` have in common. */
export interface ReadOptions {
  /** A git revision; the workspace's pipeline.lock when absent. */
  readonly rev: string | undefined;
  readonly remote: string | undefined;
  readonly jobs: number;
}

/** Content by the names that people gave it. */
export interface NamedData {
  readonly tracked: readonly Tracked[];
  /** Where to look for what the cache lacks; absent when no remote is declared or meant. */
  readonly remote: Remote | undefined;
}

/** What pipeline.lock names, now or at a revision, in the order of its paths. */
export async function readNamedData(
  { rev, remote }: Pick<ReadOptions, 'rev' | 'remote'>,
  context: CommandContext,
): Promise<Result<NamedData, Problem>> {
  const project = await readProject([], context);
  if (!project.ok) return project;
  const { pipeline } = project.value;
  const chosen = chooseRemote(pipeline.remotes, remote);
  if (!chosen.ok && remote !== undefined) return chosen;
  const lock = await lockAt(rev, context);
  if (!lock.ok) return lock;
  const inGit = new Set(
    pipeline.stages.flatMap(({ outs }) => outs.flatMap(({ path, cache }) => (cache ? [] : [path]))),
  );
  const tracked = pinnedIn(lock.value).filter(({ path }) => !inGit.has(path));
  tracked.sort((a, b) => (a.path < b.path ? -1 : 1));
  return ok({ tracked, remote: chosen.ok ? chosen.value : undefined });
}

async function lockAt(
  rev: string | undefined,
  { ports, revisions }: Pick<CommandContext, 'ports' | 'revisions'>,
): Promise<Result<PipelineLock, Problem>> {
  if (rev === undefined) return ports.lock.read();
  const text = await revisions.fileAt(rev, 'pipeline.lock');
  if (text !== undefined) return ports.lock.parse(text);
  const message = `git knows no pipeline.lock at \`${rev}\``;
  return err(problem('usage', 'usage/unknown-revision', message, 'git log -- pipeline.lock'));
}

/** Opens the remote of named data, where there is one. */
export const connector = (
  { remote }: Pick<NamedData, 'remote'>,
  { connect }: Pick<RemoteContext, 'connect'>,
): (() => Promise<OpenRemote>) | undefined =>
  remote === undefined ? undefined : () => connect(remote);

/** Brings into the cache what it lacks of these. */
export async function bringToCache(
  wants: readonly Want[],
  { remote }: Pick<NamedData, 'remote'>,
  jobs: number,
  context: RemoteContext,
): Promise<Result<void, Problem>> {
  const away: Want[] = [];
  for (const want of wants) if (!(await context.ports.workspace.holds(want.ref))) away.push(want);
  if (away.length === 0) return ok(undefined);
  if (remote === undefined) {
    const hint = 'avian remote add NAME gs://BUCKET/PREFIX --default, where somebody pushes it to';
    return err(problem('stage', 'cache/not-there', `the cache does not have ${named(away)}`, hint));
  }
  return holdingProject(context, async () => {
    const done = await fetch(
      () => Promise.resolve(ok(away)),
      await context.connect(remote),
      transferPorts(context),
      { jobs, signal: context.signal },
    );
    if (!done.ok) return done;
    const missing = away.filter(({ path }) => done.value.missing.includes(path));
    if (missing.length === 0) return ok(undefined);
    const message = `neither the cache nor ${remote.url} has ${named(missing)}`;
    return err(problem('remote', 'remote/not-there', message, 'whoever has it: `avian push`'));
  });
}

const named = (wants: readonly Want[]): string =>
  wants
    .slice(0, 5)
    .map(({ path }) => path)
    .join(', ') + (wants.length > 5 ? ` and ${wants.length - 5} more` : '');

/** A path of the project as typed. */
export function pathOf(text: string): Result<RepoPath, Problem> {
  const path = parseRepoPath(text);
  if (path !== undefined) return ok(path);
  return err(problem('usage', 'usage/bad-path', `\`${text}\` is not a path inside the project`));
}

/** The tracked file or directory that a path is, or lies in. */
export const ownerOf = (at: RepoPath, tracked: readonly Tracked[]): Tracked | undefined =>
  tracked.find(({ path, ref }) => at === path || (ref.files !== undefined && contains(path, at)));

export const notTracked = (at: string): Problem =>
  problem(
    'usage',
    'usage/not-tracked',
    `pipeline.lock names nothing at \`${at}\``,
    '`avian ls` lists what it names; what git keeps is git’s: git ls-files, git show REV:PATH',
  );

/** Directories that neither side has. */
export const unreadable = (path: string, remote: Remote | undefined): Problem =>
  problem(
    remote === undefined ? 'stage' : 'remote',
    remote === undefined ? 'cache/not-there' : 'remote/not-there',
    `${remote === undefined ? 'the cache does not have' : `neither the cache nor ${remote.url} has`} the directory ${path}`,
    'whoever has it: `avian push`',
  );
