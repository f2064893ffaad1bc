import { problem, type Problem } from '../model/diagnostic.ts';
import type { PipelineLock } from '../model/lock.ts';
import type { StageName } from '../model/names.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Run } from '../model/run.ts';
import type { CommandContext } from './context.ts';

/** The runs that a state of the project stands on, by stage: what its lock names. */
export interface Snapshot {
  readonly label: string;
  readonly runs: ReadonlyMap<StageName, Run>;
}

type SnapshotContext = Pick<CommandContext, 'ports' | 'revisions'>;

/** The runs behind the workspace's lock. */
async function workspaceSnapshot(context: SnapshotContext): Promise<Result<Snapshot, Problem>> {
  const lock = await context.ports.lock.read();
  if (!lock.ok) return lock;
  return ok({ label: 'workspace', runs: await runsOf(lock.value, context) });
}

/** The runs behind a git revision's lock, or a single run named by the start of its id. */
export async function snapshotOf(
  name: string,
  context: SnapshotContext,
): Promise<Result<Snapshot, Problem>> {
  if (name === 'workspace') return workspaceSnapshot(context);
  const text = await context.revisions.fileAt(name, 'pipeline.lock');
  if (text !== undefined) {
    const lock = context.ports.lock.parse(text);
    return lock.ok ? ok({ label: name, runs: await runsOf(lock.value, context) }) : lock;
  }
  const [run] = /^[0-9a-f]{4,}/.test(name) ? await context.ports.runs.lookUp(name) : [];
  if (run !== undefined) return ok({ label: name, runs: new Map([[run.stage, run]]) });
  return err(unknownRevision(name));
}

export const unknownRevision = (name: string): Problem =>
  problem(
    'usage',
    'usage/unknown-revision',
    `\`${name}\` is neither a git revision with a pipeline.lock nor a run`,
    'avian logs STAGE and avian lineage PATH show run ids; git log shows revisions',
  );

/** `before` and `after` of a diff as people mean them: HEAD against the workspace, unless they say. */
export async function snapshotPair(
  revisions: readonly string[],
  context: SnapshotContext,
): Promise<Result<readonly [Snapshot, Snapshot], Problem>> {
  const before = await snapshotOf(revisions[0] ?? 'HEAD', context);
  if (!before.ok) return before;
  const after = await snapshotOf(revisions[1] ?? 'workspace', context);
  return after.ok ? ok([before.value, after.value]) : after;
}

async function runsOf(
  lock: PipelineLock,
  { ports }: SnapshotContext,
): Promise<ReadonlyMap<StageName, Run>> {
  const runs = new Map<StageName, Run>();
  for (const [stage, { fingerprint, outs }] of Object.entries(lock.stages)) {
    const found = await ports.runs.find(fingerprint);
    const same = (run: Run): boolean =>
      Object.entries(outs).every(([path, out]) => run.outs[path]?.digest === out.digest);
    const run = found.find(same);
    if (run !== undefined) runs.set(stage as StageName, run);
  }
  return runs;
}
