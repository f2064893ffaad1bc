import { describeWorkspaceProblem } from '../engine/observe.ts';
import type { Workload } from '../engine/request.ts';
import { toRef } from '../model/artifact.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import { closest } from '../model/did-you-mean.ts';
import type { RemoveView } from '../model/history-views.ts';
import type { PipelineLock } from '../model/lock.ts';
import { groupOf, overlap, parseRepoPath, type RepoPath, type StageName } from '../model/names.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { CommandContext } from './context.ts';
import { editedProject, PIPELINE_FILE } from './edit-project.ts';
import { unignoreInGit } from './ignore-in-git.ts';
import { holdingProject } from './hold-project.ts';
import { loadWorkload } from './load-workload.ts';

export interface RemoveOptions {
  /** A stage, a group of them, or the path of a source. */
  readonly target: string;
  /** Delete its files from the workspace too, as far as the cache holds them. */
  readonly outs: boolean;
}

/** `avian remove <stage | source>`: it is declared and pinned no more. The cache keeps its content. */
export async function remove(
  options: RemoveOptions,
  context: CommandContext,
): Promise<Result<RemoveView, Problem>> {
  return holdingProject(context, async () => {
    const workload = await loadWorkload([], context);
    if (!workload.ok) return workload;
    const lock = await context.ports.lock.read();
    if (!lock.ok) return lock;
    const { graph } = workload.value;
    // In the lock alone: declared no more since a removal that was cut off.
    const known = [...graph.order, ...(Object.keys(lock.value.stages) as StageName[])];
    const members = known.filter((name) => [name, groupOf(name)].includes(options.target));
    if (members.length > 0) {
      return removeStages(new Set(members), options, workload.value, lock.value, context);
    }
    const path = parseRepoPath(options.target);
    if (path !== undefined && lock.value.sources[path] !== undefined) {
      return removeSource(path, options, workload.value, context);
    }
    return err(unknown(options.target, [...graph.order, ...Object.keys(lock.value.sources)]));
  });
}

/**
 * What a person declared goes first, the lock's entry last: cut off in between, the entry still
 * says which files belong to the stage, and the same command goes on.
 */
async function removeStages(
  names: ReadonlySet<StageName>,
  { target, outs }: RemoveOptions,
  workload: Workload,
  lock: PipelineLock,
  context: CommandContext,
): Promise<Result<RemoveView, Problem>> {
  const declared = [...names].flatMap((name) => workload.graph.stages.get(name) ?? []);
  const locked = [...names].flatMap((name) => Object.keys(lock.stages[name]?.outs ?? {}));
  const paths = new Set([
    ...declared.flatMap((stage) => stage.outs.map(({ path }) => path)),
    ...locked.map((path) => path as RepoPath),
  ]);
  if (declared.length > 0) {
    const edit = { kind: 'remove-stage', name: target as StageName } as const;
    const edited = await editedProject([edit], context);
    if (!edited.ok) return edited;
    context.files.write(PIPELINE_FILE, edited.value.text);
  }
  const files = await deleteFiles([...paths], outs, context);
  if (!files.ok) return files;
  for (const path of paths) unignoreInGit(path, context.files);
  for (const name of names) await context.ports.lock.setStage(name, undefined);
  await context.ports.lock.flush();
  const readers = readersOf([...paths], workload).filter((reader) => !names.has(reader));
  return ok({ kind: 'stage', name: target, files: files.value, readers });
}

/** As for a stage: while the lock names it, the same command goes on where it was cut off. */
async function removeSource(
  path: RepoPath,
  { outs }: RemoveOptions,
  workload: Workload,
  context: CommandContext,
): Promise<Result<RemoveView, Problem>> {
  const files = await deleteFiles([path], outs, context);
  if (!files.ok) return files;
  unignoreInGit(path, context.files);
  await context.ports.lock.setSource(path, undefined);
  await context.ports.lock.flush();
  return ok({
    kind: 'source',
    name: path,
    files: files.value,
    readers: readersOf([path], workload),
  });
}

async function deleteFiles(
  paths: readonly RepoPath[],
  wanted: boolean,
  { ports: { workspace } }: CommandContext,
): Promise<Result<RemoveView['files'], Problem>> {
  const files: RemoveView['files'][number][] = [];
  for (const path of paths) {
    const there = await workspace.digest(path);
    if (there.ok && there.value === undefined) continue;
    if (!wanted || !there.ok || there.value === undefined) {
      files.push({ path, done: wanted ? 'not-in-cache' : 'kept' });
      continue;
    }
    const gone = await workspace.discard(path, toRef(there.value));
    if (!gone.ok) {
      return err(problem('stage', 'remove/failed', describeWorkspaceProblem(gone.error)));
    }
    files.push({ path, done: gone.value ? 'deleted' : 'not-in-cache' });
  }
  return ok(files);
}

const readersOf = (paths: readonly RepoPath[], { graph }: Workload): readonly StageName[] =>
  graph.order.filter((name) =>
    graph.stages.get(name)?.deps.some((dep) => paths.some((path) => overlap(path, dep))),
  );

function unknown(target: string, known: readonly string[]): Problem {
  const near = closest(target, known);
  return problem(
    'usage',
    'remove/unknown-target',
    `\`${target}\` is neither a stage nor a source`,
    near === undefined
      ? 'give a stage of pipeline.yaml, or a path that was added'
      : `did you mean "${near}"?`,
  );
}
