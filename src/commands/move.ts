import { describeWorkspaceProblem } from '../engine/observe.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import { buildGraph, type Graph } from '../model/graph.ts';
import type { MoveView } from '../model/history-views.ts';
import type { LockedStage, PipelineLock, StageEntry } from '../model/lock.ts';
import {
  contains,
  overlap,
  parseRepoPath,
  parseStageName,
  ROOT,
  type RepoPath,
  type StageName,
} from '../model/names.ts';
import type { Stage } from '../model/pipeline.ts';
import { err, isNonEmpty, ok, type Result } from '../model/result.ts';
import type { CommandContext } from './context.ts';
import { editedProject, PIPELINE_FILE } from './edit-project.ts';
import { ignoreInGit, isIgnoredByLine, unignoreInGit } from './ignore-in-git.ts';
import { holdingProject } from './hold-project.ts';
import { loadWorkload } from './load-workload.ts';

export interface MoveOptions {
  /** A stage, an out or a source. */
  readonly from: string;
  readonly to: string;
}

/**
 * `avian move <from> <to>`: another name for a stage, another path for an out or a source, in
 * pipeline.yaml, lock and workspace. Every step is done only where it is still to be done, so that a
 * move that was cut off is finished by the same command.
 */
export async function move(
  options: MoveOptions,
  context: CommandContext,
): Promise<Result<MoveView, Problem>> {
  return holdingProject(context, async () => {
    const workload = await loadWorkload([], context);
    if (!workload.ok) return workload;
    const lock = await context.ports.lock.read();
    if (!lock.ok) return lock;
    const { graph } = workload.value;
    const [name, to] = [parseStageName(options.from), parseStageName(options.to)];
    if (name !== undefined && isStage(name, to, graph, lock.value)) {
      return to === undefined
        ? err(badName(options.to))
        : renameStage(name, to, graph, lock.value, context);
    }
    const [source, target] = [parseRepoPath(options.from), parseRepoPath(options.to)];
    if (source === undefined || target === undefined || target === ROOT) {
      return err(outside(source === undefined ? options.from : options.to));
    }
    return movePath(source, target, graph, lock.value, context);
  });
}

/** A stage is declared under its old name, or under its new one by a move that was cut off. */
const isStage = (
  name: StageName,
  to: StageName | undefined,
  graph: Graph,
  lock: PipelineLock,
): boolean =>
  graph.stages.has(name) ||
  (to !== undefined && graph.stages.has(to) && lock.stages[name] !== undefined);

/** The new entry before the old one goes: in between, the lock holds both. */
async function renameStage(
  name: StageName,
  to: StageName,
  graph: Graph,
  lock: PipelineLock,
  context: CommandContext,
): Promise<Result<MoveView, Problem>> {
  const stage = graph.stages.get(name);
  if (stage !== undefined) {
    if (graph.stages.has(to)) return err(exists(to));
    const edited = await editedProject([{ kind: 'rename-stage', name, to }], context);
    if (!edited.ok) return edited;
    context.files.write(PIPELINE_FILE, edited.value.text);
  }
  const { lock: store } = context.ports;
  const entry = lock.stages[name];
  if (entry !== undefined) await store.setStage(to, entry);
  await store.setStage(name, undefined);
  await store.flush();
  // The name is no part of the fingerprint; but an effect is judged by the runs under its name.
  const effect = stage ?? graph.stages.get(to);
  return ok({
    kind: 'stage',
    from: name,
    to,
    runs: effect?.effect === true ? [to] : [],
    mentions: [],
  });
}

async function movePath(
  from: RepoPath,
  to: RepoPath,
  graph: Graph,
  lock: PipelineLock,
  context: CommandContext,
): Promise<Result<MoveView, Problem>> {
  const { workspace } = context.ports;
  const [before, after] = [await workspace.digest(from), await workspace.digest(to)];
  const isThere = before.ok && before.value !== undefined;
  const isLeft = isThere || isIgnoredByLine(from, context.files);
  const kind = kindOf(from, to, isLeft, graph, lock);
  if (kind === undefined) return err(unknown(from));
  if (isThere && !(after.ok && after.value === undefined)) return err(exists(to));
  if (overlap(from, to)) return err(inside(from, to));
  const taken = Object.keys(lock.sources).find(
    (path) => path !== from && overlap(path as RepoPath, to) && !(path === to && kind === 'source'),
  );
  if (taken !== undefined) return err(exists(taken));

  const edited = await editedProject([{ kind: 'move-path', from, to }], context);
  if (!edited.ok) return edited;
  const now = edited.value.project.pipeline.stages;
  const left = now.filter((stage) => namesPath(stage, from));
  if (isNonEmpty(left)) return err(templated(from, left[0].name));

  // Hidden from git before it is there; declared, then pinned, then moved: whatever comes to an end in
  // between, the content lies at one of the two paths and the lock names it.
  if (isIgnoredByLine(from, context.files)) ignoreInGit(to, context.files);
  if (edited.value.text !== context.files.read(PIPELINE_FILE)) {
    context.files.write(PIPELINE_FILE, edited.value.text);
  }
  await moveInLock(from, to, lock, context.ports.lock);
  if (isThere) {
    const moved = await workspace.move(from, to);
    if (!moved.ok)
      return err(problem('stage', 'move/failed', describeWorkspaceProblem(moved.error)));
  }
  unignoreInGit(from, context.files);
  const changed = now.filter(
    ({ name, frozen }) => !frozen && differs(name, graph, buildGraph(now)),
  );
  return ok({
    kind,
    from,
    to,
    runs: changed.map(({ name }) => name),
    mentions: now
      .filter(({ cmd }) => cmd.some((line) => line.includes(from)))
      .map(({ name }) => name),
  });
}

/** What lies, or lay before a move that was cut off, at `from`. */
function kindOf(
  from: RepoPath,
  to: RepoPath,
  isLeft: boolean,
  graph: Graph,
  lock: PipelineLock,
): 'source' | 'out' | undefined {
  const hasOut = (path: RepoPath): boolean =>
    [...graph.stages.values()].some(({ outs }) => outs.some((out) => out.path === path));
  const isLocked = Object.values(lock.stages).some(({ outs }) => outs[from] !== undefined);
  if (lock.sources[from] !== undefined) return 'source';
  if (hasOut(from)) return 'out';
  if (hasOut(to) && (isLocked || isLeft)) return 'out';
  return lock.sources[to] !== undefined && isLeft ? 'source' : undefined;
}

async function moveInLock(
  from: RepoPath,
  to: RepoPath,
  lock: PipelineLock,
  store: CommandContext['ports']['lock'],
): Promise<void> {
  const source = lock.sources[from];
  if (source !== undefined) {
    await store.setSource(to, source);
    await store.setSource(from, undefined);
  }
  for (const [name, entry] of Object.entries(lock.stages)) {
    const moved = movedEntry(entry, from, to);
    if (moved !== undefined) await store.setStage(name as StageName, moved);
  }
  await store.flush();
}

/** The fingerprint stays that of the run there was: that its outs were elsewhere is why it runs again. */
function movedEntry(entry: LockedStage, from: RepoPath, to: RepoPath): LockedStage | undefined {
  const moved = <Entry extends StageEntry>(each: Entry): Entry => ({
    ...each,
    outs: Object.fromEntries(
      Object.entries(each.outs).map(([path, ref]) => [path === from ? to : path, ref]),
    ),
  });
  if (entry.outs[from] === undefined) return undefined;
  const { conflict } = entry;
  if (conflict === undefined) return moved(entry);
  const [first, ...others] = conflict;
  return { ...moved(entry), conflict: [moved(first), ...others.map(moved)] };
}

const namesPath = ({ deps, outs }: Stage, path: RepoPath): boolean =>
  [...deps, ...outs.map((out) => out.path)].some((own) => contains(path, own));

/** Whether a stage reads or writes under other paths than before; those are in its fingerprint. */
function differs(name: StageName, before: Graph, after: Graph): boolean {
  const paths = (graph: Graph): string => {
    const stage = graph.stages.get(name);
    return JSON.stringify([stage?.deps, stage?.outs.map(({ path }) => path)]);
  };
  return paths(before) !== paths(after);
}

const unknown = (path: string): Problem =>
  problem(
    'usage',
    'move/unknown-target',
    `\`${path}\` is neither a stage nor an out nor a source`,
    'files that avian does not know are moved by `mv` or `git mv`',
  );

const exists = (name: string): Problem =>
  problem(
    'usage',
    'move/exists',
    `there is a \`${name}\` already`,
    'give another name, or remove that first',
  );

const inside = (from: string, to: string): Problem =>
  problem('usage', 'move/inside', `\`${to}\` and \`${from}\` lie inside each other`);

const outside = (text: string): Problem =>
  problem('usage', 'move/outside', `\`${text}\` is not a path inside the project`);

const badName = (name: string): Problem =>
  problem(
    'usage',
    'move/bad-name',
    `a stage cannot be called \`${name}\``,
    'names have letters, digits, `_`, `-`, `.` and `@`',
  );

const templated = (path: string, stage: StageName): Problem =>
  problem(
    'usage',
    'move/templated',
    `pipeline.yaml does not write \`${path}\` out at \`${stage}\`: it is made from a variable, a list or a matrix`,
    'change it there, and move the files by hand',
  );
