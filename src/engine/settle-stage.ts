import { fromRef } from '../model/artifact.ts';
import type { RepoPath } from '../model/names.ts';
import type { StageFailure } from '../model/failure.ts';
import type { StageOutcome } from '../model/outcome.ts';
import { assertNever, ok, type Result } from '../model/result.ts';
import type { Run } from '../model/run.ts';
import type { Judgement, Verdict } from '../model/verdict.ts';
import type { Ports } from '../ports/ports.ts';
import { executeStage, type ExecutionContext } from './execute-stage.ts';
import { describeWorkspaceProblem } from './observe.ts';
import { judge, type JudgeContext } from './rebuilder.ts';
import type { StageWork } from './request.ts';
import type { InTurn } from './supplied.ts';

export interface SettleContext {
  readonly judging: JudgeContext;
  readonly execution: Omit<ExecutionContext, 'lockedOuts'>;
  /** Waits for room to run a command; judging and restoring need none. */
  readonly takeSlot: (work: StageWork) => Promise<{ release(): void }>;
  readonly inTurn: InTurn;
}

/** One stage, read top to bottom: judge, then skip, restore or execute. Its producers have settled. */
export async function settleStage(work: StageWork, context: SettleContext): Promise<StageOutcome> {
  const { watch, ports, signal } = context.execution;
  const { stage } = work;
  const locked = context.judging.lock.stages[stage.name];
  const judged = await judgeOrSupply(work, context);
  if (!judged.ok) return { kind: 'failed', failure: judged.error };
  const judgement = judged.value;
  const { verdict } = judgement;
  switch (verdict.kind) {
    case 'frozen':
      return { kind: 'skipped', frozen: true };
    case 'up-to-date': {
      const outs = stage.effect ? verdict.run?.outs : locked?.outs;
      if (outs !== undefined) {
        const { allowMissing } = context.judging.options;
        watch.settled(stage.name, allowMissing === true ? await present(outs, ports) : outs);
      }
      return { kind: 'skipped', ...(verdict.run !== undefined && { run: verdict.run }) };
    }
    case 'undetermined':
      throw new Error(`bug: ${stage.name} was settled before ${verdict.waitingOn.join(', ')}`);
    case 'restorable': {
      const outcome = await restoreStage(work, judgement, verdict, ports);
      if (outcome.kind === 'restored') watch.settled(stage.name, verdict.outs);
      return outcome;
    }
    case 'stale': {
      const { input, fingerprint } = judgement;
      if (input === undefined || fingerprint === undefined) return missingDep(verdict);
      const slot = await context.takeSlot(work);
      try {
        if (signal.aborted) return { kind: 'cancelled' };
        watch.unsettled(stage.name);
        const outcome = await executeStage(
          work,
          { input, fingerprint, reasons: verdict.reasons },
          { ...context.execution, lockedOuts: locked?.outs },
        );
        if (outcome.kind === 'executed') watch.settled(stage.name, outcome.run.outs);
        return outcome;
      } finally {
        slot.release();
      }
    }
    default:
      return assertNever(verdict);
  }
}

/** Outs that may be missing, and are, are nobody's to write over. */
async function present(outs: Run['outs'], { workspace }: Ports): Promise<Run['outs']> {
  const there: { [path: string]: Run['outs'][string] } = {};
  for (const [path, ref] of Object.entries(outs)) {
    const found = await workspace.digest(path as RepoPath);
    if (found.ok && found.value !== undefined) there[path] = ref;
  }
  return there;
}

/** With a remote at hand, what the stage lacks is brought before. */
async function judgeOrSupply(
  work: StageWork,
  { judging, execution, inTurn }: SettleContext,
): Promise<Result<Judgement, StageFailure>> {
  const { supply } = judging;
  if (supply === undefined) return ok(await judge(work, judging));
  const { judgeSupplied } = await import('./supplied.ts');
  const { ports, workload } = execution;
  return judgeSupplied(work, { judging, supply, ports, inTurn, graph: workload.graph });
}

/** Puts a run's outs back, shows its log again, and lets the lock say so. */
async function restoreStage(
  { stage }: StageWork,
  { fingerprint }: Judgement,
  { outs, run, remote }: Extract<Verdict, { kind: 'restorable' }>,
  ports: Ports,
): Promise<StageOutcome> {
  let bytes = 0;
  for (const out of stage.outs) {
    const ref = outs[out.path];
    if (!out.cache || ref === undefined) continue;
    const restored = await ports.workspace.restore(out.path, ref, out.link);
    if (!restored.ok) {
      const cause = describeWorkspaceProblem(restored.error);
      return { kind: 'failed', failure: { kind: 'restore-failed', path: out.path, cause } };
    }
    bytes += restored.value.bytes;
    if (restored.value.kept !== undefined) tellKept(out.path, restored.value.kept, ports);
  }
  if (fingerprint !== undefined) await ports.lock.setStage(stage.name, { fingerprint, outs });
  if (run !== undefined) await replayLog(run, ports);
  return {
    ...{ kind: 'restored', bytes },
    ...(run !== undefined && { run }),
    ...(remote !== undefined && { remote }),
  };
}

async function replayLog(run: Run, ports: Ports): Promise<void> {
  for (const { stream, chunk } of (await ports.logs.read(run.attempt)) ?? []) {
    ports.emit({ type: 'stage-output', stage: run.stage, stream, chunk, replayed: true });
  }
}

function tellKept(path: RepoPath, kept: string, ports: Ports): void {
  ports.emit({
    type: 'diagnostic',
    diagnostic: {
      severity: 'warning',
      code: 'workspace/replaced',
      message: `${path} had content that was in no cache; it was kept in ${kept}`,
    },
  });
}

/** A stage whose deps cannot be had fails before anything is moved; what cannot be read comes before what is missing. */
function missingDep(verdict: Extract<Verdict, { kind: 'stale' }>): StageOutcome {
  const reason =
    verdict.reasons.find(({ kind }) => kind === 'dep-unreadable') ??
    verdict.reasons.find(({ kind }) => kind === 'dep-missing');
  if (reason?.kind !== 'dep-unreadable' && reason?.kind !== 'dep-missing') {
    throw new Error('bug: a stage without inputs gave no reason');
  }
  return { kind: 'failed', failure: reason };
}

/** The content a restorable stage will have, for judging what comes behind it without touching files. */
export const promisedArtifact = (verdict: Verdict, path: RepoPath) => {
  const ref = verdict.kind === 'restorable' ? verdict.outs[path] : undefined;
  return ref === undefined ? undefined : fromRef(ref);
};
