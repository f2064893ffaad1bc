import { fromRef, toRef } from '../model/artifact.ts';
import type { Problem } from '../model/diagnostic.ts';
import type { StageFailure } from '../model/failure.ts';
import type { Graph } from '../model/graph.ts';
import { overlap, type RepoPath } from '../model/names.ts';
import type { LinkKind, Stage } from '../model/pipeline.ts';
import { err, isNonEmpty, ok, type Result } from '../model/result.ts';
import type { Judgement } from '../model/verdict.ts';
import type { Ports } from '../ports/ports.ts';
import type { Supplied, Supply } from '../ports/supply.ts';
import { describeWorkspaceProblem } from './observe.ts';
import { judge, type JudgeContext } from './rebuilder.ts';
import type { StageWork } from './request.ts';

/** What a stage is judged with for which content may be brought. */
export interface SupplyContext {
  readonly judging: JudgeContext;
  readonly supply: Supply;
  readonly graph: Graph;
  readonly ports: Pick<Ports, 'workspace'>;
  /** Does one piece of work after the other: two stages may lack the same data. */
  readonly inTurn: InTurn;
}

export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Judges a stage once what it lacks was brought: the data it reads, or with `allowMissing` only where
 * a command will read it, and the outs that it can be restored from. Those are in the cache then;
 * `remote` of a `restorable` verdict says whence they came.
 */
export async function judgeSupplied(
  work: StageWork,
  context: SupplyContext,
): Promise<Result<Judgement, StageFailure>> {
  if (context.judging.options.allowMissing === true) {
    const judged = await judgeWithOuts(work, context);
    if (!judged.ok || judged.value.verdict.kind !== 'stale') return judged;
  }
  const brought = await context.inTurn(() => bringDeps(work.stage, context));
  return brought.ok ? judgeWithOuts(work, context) : brought;
}

/** What was offered and is not there after all is offered no more, so this comes to an end. */
async function judgeWithOuts(
  work: StageWork,
  context: SupplyContext,
): Promise<Result<Judgement, StageFailure>> {
  let remote: string | undefined;
  for (;;) {
    const judgement = await judge(work, context.judging);
    const { verdict } = judgement;
    if (verdict.kind !== 'restorable') return ok(judgement);
    if (verdict.remote === undefined) {
      const named = remote === undefined ? verdict : { ...verdict, remote };
      return ok({ ...judgement, verdict: named });
    }
    const outs = work.stage.outs.flatMap(({ path, cache }): Supplied[] => {
      const ref = verdict.outs[path];
      return ref === undefined || !cache ? [] : [{ path, ref }];
    });
    const brought = await bring(outs, context);
    if (!brought.ok) return brought;
    ({ remote } = verdict);
  }
}

/** Puts into the workspace what the lock has at a stage's deps, around or below them, where nothing lies. */
async function bringDeps(
  stage: Stage,
  context: SupplyContext,
): Promise<Result<void, StageFailure>> {
  const { supply, ports } = context;
  const missing: Locked[] = [];
  for (const each of lockedAt(stage, context)) {
    const there = await ports.workspace.digest(each.path);
    if (!there.ok || there.value !== undefined) continue;
    const isHere = await ports.workspace.holds(each.ref);
    if (isHere || (await supply.offers(each.ref))) missing.push(each);
  }
  const brought = await bring(missing, context);
  if (!brought.ok) return brought;
  for (const { path, ref, link } of missing) {
    // It was lost on the way: the verdict on the stage will be that it is missing.
    if (!(await ports.workspace.holds(ref))) continue;
    const restored = await ports.workspace.restore(path, ref, link);
    if (restored.ok) continue;
    const cause = describeWorkspaceProblem(restored.error);
    return err({ kind: 'restore-failed', path, cause });
  }
  return ok(undefined);
}

interface Locked extends Supplied {
  readonly link?: LinkKind;
}

/** Sources and kept outs that a stage reads. In a conflict nobody has said yet which content it is. */
function lockedAt(
  { frozen, deps }: Stage,
  { judging: { lock }, graph }: SupplyContext,
): readonly Locked[] {
  if (frozen) return [];
  const isRead = (path: RepoPath): boolean => deps.some((dep) => overlap(dep, path));
  const sources = Object.entries(lock.sources).flatMap(([path, source]): Locked[] =>
    source.conflict !== undefined || !isRead(path as RepoPath)
      ? []
      : [{ path: path as RepoPath, ref: toRef(fromRef(source)) }],
  );
  const producers = new Set(deps.flatMap((dep) => graph.producersOf(dep)));
  const outs = [...producers].flatMap((producer) => {
    const entry = lock.stages[producer.name];
    if (entry === undefined || entry.conflict !== undefined) return [];
    return producer.outs.flatMap(({ path, cache, link }): Locked[] => {
      const ref = entry.outs[path];
      if (ref === undefined || !cache || !isRead(path)) return [];
      return [{ path, ref, ...(link !== undefined && { link }) }];
    });
  });
  return [...sources, ...outs];
}

/** Into the cache, as far as it is not there. */
async function bring(
  wanted: readonly Supplied[],
  { supply, ports }: SupplyContext,
): Promise<Result<void, StageFailure>> {
  const away: Supplied[] = [];
  for (const { path, ref } of wanted) {
    if (!(await ports.workspace.holds(ref))) away.push({ path, ref });
  }
  if (!isNonEmpty(away)) return ok(undefined);
  const brought = await supply.bring(away);
  if (brought.ok) return brought;
  const [{ path }] = away;
  const cause = describe(brought.error);
  return err(
    brought.error.kind === 'corruption'
      ? { kind: 'restore-failed', path, cause }
      : { kind: 'not-fetched', path, remote: supply.name, cause },
  );
}

const describe = ({ diagnostics }: Problem): string =>
  diagnostics
    .map(({ message, hint }) => (hint === undefined ? message : `${message} (${hint})`))
    .join('; ');
