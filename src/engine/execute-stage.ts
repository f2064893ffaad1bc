import { sameContent, toRef, type ArtifactRef } from '../model/artifact.ts';
import type { JsonObject } from '../model/json.ts';
import type { AttemptId, Fingerprint, RepoPath } from '../model/names.ts';
import type { StageFailure } from '../model/failure.ts';
import type { StageOutcome } from '../model/outcome.ts';
import { err, isNonEmpty, ok, type NonEmptyArray, type Result } from '../model/result.ts';
import type { FingerprintInput, Run, RunRecord } from '../model/run.ts';
import type { Trace } from '../model/trace.ts';
import type { StaleReason } from '../model/verdict.ts';
import type { Executed } from '../ports/executor.ts';
import type { AttemptLog } from '../ports/log-store.ts';
import type { Ports } from '../ports/ports.ts';
import { createFactReader } from './facts.ts';
import { failedGates, parseMetrics, type MetricValues } from './metrics.ts';
import { describeWorkspaceProblem } from './observe.ts';
import type { OutWatch } from './out-watch.ts';
import type { Prober } from './probe.ts';
import type { StageWork, Workload } from './request.ts';
import { surroundingsOf } from './surroundings.ts';

export interface ExecutionContext {
  readonly ports: Ports;
  readonly workload: Pick<Workload, 'config' | 'overrides' | 'graph'>;
  /** avian's own version, kept with the run. */
  readonly version: string;
  readonly probe: Prober;
  /** Asked after an effect has run, when the remembered answer is stale. */
  readonly probeAgain: Prober;
  readonly watch: OutWatch;
  readonly lockedOuts: Run['outs'] | undefined;
  /** Watch which files commands read and write, and tell what they do not declare. */
  readonly trace: boolean;
  readonly signal: AbortSignal;
}

interface Attempt {
  readonly id: AttemptId;
  readonly work: StageWork;
  readonly input: FingerprintInput;
  readonly fingerprint: Fingerprint;
  readonly startedAt: number;
  readonly log: AttemptLog;
  readonly facts: ReturnType<typeof createFactReader>;
}

/**
 * Runs a stale stage: old outs aside, command, checks, outs into the cache, record, lock. Objects
 * come first and the record last, so a record is a promise that is already kept; whatever fails
 * before it puts the old outs back.
 */
export async function executeStage(
  work: StageWork,
  judged: {
    readonly input: FingerprintInput;
    readonly fingerprint: Fingerprint;
    readonly reasons: NonEmptyArray<StaleReason>;
  },
  context: ExecutionContext,
): Promise<StageOutcome> {
  const { ports } = context;
  const { stage } = work;
  const started = ports.clock.now();
  const id = attemptId(started, ports.nonce());
  ports.emit({
    type: 'stage-started',
    stage: stage.name,
    attempt: id,
    fingerprint: judged.fingerprint,
    reasons: judged.reasons,
    cmd: stage.cmd,
  });
  const attempt: Attempt = {
    id,
    work,
    input: judged.input,
    fingerprint: judged.fingerprint,
    startedAt: started,
    log: ports.logs.open(id, stage.name),
    facts: createFactReader(),
  };
  // What a probe says of the outside is asked before the command reads it, but after an effect has changed it.
  const probedBefore =
    stage.probe !== undefined && !stage.effect ? await context.probe(work) : undefined;

  const aside = await ports.workspace.setAside(id, stage.name, stage.outs);
  if (!aside.ok) {
    const cause = describeWorkspaceProblem(aside.error);
    return fail(attempt, { kind: 'not-started', cause }, context);
  }
  try {
    return await runAndKeep(attempt, probedBefore, context);
  } catch (error) {
    // A full disk, say. What cannot be put back now is by the next invocation.
    await undo(attempt, context).catch(() => undefined);
    throw error;
  }
}

/** Between aside and back: the command, and everything that makes its outs count. */
async function runAndKeep(
  attempt: Attempt,
  probedBefore: Awaited<ReturnType<Prober>> | undefined,
  context: ExecutionContext,
): Promise<StageOutcome> {
  const { ports } = context;
  const { work } = attempt;
  const { stage } = work;
  const executed = await runCommand(attempt, context);
  if (!executed.ok && executed.error.kind === 'cancelled') {
    await undo(attempt, context);
    await attempt.log.close();
    return { kind: 'cancelled' };
  }
  if (!executed.ok) return fail(attempt, executed.error as StageFailure, context);

  const harvest = await gather(attempt, context);
  if (!harvest.ok) return fail(attempt, harvest.error, context, executed.value);

  const probed =
    stage.effect && stage.probe !== undefined ? await context.probeAgain(work) : probedBefore;
  if (stage.effect && probed?.kind === 'failed') {
    return fail(
      attempt,
      { kind: 'probe-failed', message: probed.message },
      context,
      executed.value,
    );
  }

  await ports.workspace.sync();
  const run = await record(attempt, context, executed.value, {
    ending: { kind: 'succeeded' },
    ...harvest.value,
    ...(probed?.kind === 'ok' && { probe: probed.digest }),
  });
  // What an effect wrote (a URL, a pid) is true of this machine alone: the run has it, the lock,
  // which is committed, does not.
  await ports.lock.setStage(stage.name, {
    fingerprint: run.fingerprint,
    outs: stage.effect ? {} : run.outs,
  });
  await ports.workspace.discardAside(attempt.id);
  if (stage.checkpoint) await ports.workspace.clearCheckpoint(stage.name);
  const { lockedOuts } = context;
  return {
    kind: 'executed',
    run,
    unchangedOuts: lockedOuts !== undefined && sameRefs(lockedOuts, run.outs),
  };
}

async function runCommand(
  attempt: Attempt,
  context: ExecutionContext,
): Promise<Result<Executed, StageFailure | { readonly kind: 'cancelled' }>> {
  const { ports, signal } = context;
  const { stage } = attempt.work;
  const surroundings = await surroundingsOf(attempt.work, ports);
  const checkpoint = stage.checkpoint
    ? {
        AVIAN_CHECKPOINT: await ports.workspace.checkpointDirectory(
          stage.name,
          attempt.fingerprint,
        ),
      }
    : {};
  const { root } = ports.environment;
  let traced: Trace | undefined;
  for (let failures = 0; ; failures += 1) {
    const executed = await ports.executor.execute({
      cmd: stage.cmd,
      cwd: surroundings.cwd,
      env: { ...surroundings.env, ...checkpoint, AVIAN_RUN: attempt.id },
      ...(stage.timeoutMs !== undefined && { timeoutMs: stage.timeoutMs }),
      signal,
      onOutput: (stream, chunk) => {
        attempt.log.append(stream, chunk);
        attempt.facts.read(chunk);
        ports.emit({ type: 'stage-output', stage: stage.name, stream, chunk });
      },
      onWarning: (message) => warn(attempt, 'stage/survivors', message, context),
      ...(context.trace && { trace: { root, onTraced: (trace) => (traced = trace) } }),
    });
    if (executed.ok || executed.error.kind === 'cancelled' || failures === stage.retry.times) {
      if (traced !== undefined) await tell(traced, attempt, executed.ok, context);
      return executed;
    }
    warn(attempt, 'stage/retry', `attempt ${failures + 1} failed; trying again`, context);
    await ports.clock.sleep(stage.retry.delayMs, signal);
    if (signal.aborted) return err({ kind: 'cancelled' });
  }
}

async function tell(
  trace: Trace,
  { id, work }: Attempt,
  succeeded: boolean,
  { ports, workload }: ExecutionContext,
): Promise<void> {
  const { tellTrace } = await import('./trace-stage.ts');
  const about = { stage: work.stage, attempt: id, graph: workload.graph, succeeded };
  await tellTrace(trace, about, ports);
}

/** After the command: its inputs are still what was digested, it wrote what it promised and nothing of others. */
async function gather(
  attempt: Attempt,
  context: ExecutionContext,
): Promise<Result<Pick<RunRecord, 'outs' | 'metrics'>, StageFailure>> {
  const { workspace } = context.ports;
  const { stage } = attempt.work;
  // A command that edits its own input would otherwise be recorded against bytes it did not read.
  for (const dep of attempt.input.deps) {
    const now = await workspace.digest(dep.path);
    if (!now.ok || now.value?.digest !== dep.digest) {
      return err({ kind: 'dep-changed-during-run', path: dep.path });
    }
  }
  const trespass = await context.watch.changedBy(stage.name);
  if (trespass !== undefined) return err({ kind: 'wrote-others-out', ...trespass });

  const outs: Record<string, ArtifactRef> = {};
  for (const out of stage.outs) {
    const kept = out.cache ? await workspace.commit(out.path) : await workspace.digest(out.path);
    if (!kept.ok) {
      const cause = describeWorkspaceProblem(kept.error);
      return err({ kind: 'out-refused', path: out.path, cause });
    }
    if (kept.value === undefined) return err({ kind: 'out-missing', path: out.path });
    outs[out.path] = toRef(kept.value);
  }
  const metrics = await readMetrics(attempt.work, context.ports);
  return metrics.ok ? ok({ outs, metrics: metrics.value }) : metrics;
}

/** Reads declared metrics and holds them against their gates; all failed gates are told together. */
export async function readMetrics(
  { stage }: StageWork,
  { workspace }: Pick<Ports, 'workspace'>,
): Promise<Result<{ readonly [path: string]: MetricValues }, StageFailure>> {
  const metrics: Record<string, MetricValues> = {};
  const failed: {
    path: RepoPath;
    gate: ReturnType<typeof failedGates>[number]['gate'];
    actual: number | undefined;
  }[] = [];
  for (const out of stage.outs) {
    if (out.role !== 'metrics') continue;
    const text = await workspace.readText(out.path);
    const values = parseMetrics(text);
    if (values === undefined) {
      return err({ kind: 'metrics-unreadable', path: out.path, cause: 'it is not JSON' });
    }
    metrics[out.path] = values;
    failed.push(...failedGates(out, values).map((gate) => ({ path: out.path, ...gate })));
  }
  return isNonEmpty(failed) ? err({ kind: 'gate-failed', failed }) : ok(metrics);
}

async function fail(
  attempt: Attempt,
  failure: StageFailure,
  context: ExecutionContext,
  executed?: Executed,
): Promise<StageOutcome> {
  await undo(attempt, context);
  const run = await record(attempt, context, executed, {
    ending: { kind: 'failed', failure },
    outs: {},
    metrics: {},
  });
  return { kind: 'failed', failure, run };
}

async function undo(attempt: Attempt, context: ExecutionContext): Promise<void> {
  const kept = await context.ports.workspace.putBack(attempt.id);
  if (kept === undefined) return;
  warn(
    attempt,
    'stage/partial-outs',
    `what ${attempt.work.stage.name} wrote was kept in ${kept}`,
    context,
  );
}

async function record(
  attempt: Attempt,
  { ports, workload, version }: ExecutionContext,
  executed: Executed | undefined,
  result: Pick<RunRecord, 'ending' | 'outs' | 'metrics' | 'probe'>,
): Promise<Run> {
  const { environment } = ports;
  const log = await attempt.log.close();
  const git = await environment.git();
  const facts: JsonObject = attempt.facts.all();
  return ports.runs.record({
    v: 1,
    stage: attempt.work.stage.name,
    attempt: attempt.id,
    fingerprint: attempt.fingerprint,
    input: attempt.input,
    ...result,
    config: workload.config,
    overrides: workload.overrides,
    startedAt: new Date(attempt.startedAt).toISOString(),
    durationMs: executed?.durationMs ?? ports.clock.now() - attempt.startedAt,
    log: { digest: log.digest, size: log.size },
    ...(executed?.peakMemoryBytes !== undefined && { peakMemoryBytes: executed.peakMemoryBytes }),
    provenance: {
      avian: version,
      ...(git !== undefined && { commit: git.commit, dirty: git.dirty }),
      host: environment.host(),
      user: environment.user(),
      platform: environment.platform(),
      executor: attempt.work.stage.executor,
      ...(Object.keys(facts).length > 0 && { facts }),
    },
  });
}

function warn(attempt: Attempt, code: string, message: string, { ports }: ExecutionContext): void {
  ports.emit({
    type: 'diagnostic',
    stage: attempt.work.stage.name,
    diagnostic: { severity: 'warning', code, message },
  });
}

const sameRefs = (a: Run['outs'], b: Run['outs']): boolean =>
  Object.entries(b).every(([path, ref]) => {
    const other = a[path];
    return other !== undefined && sameContent(other, ref);
  });

/** `20261123T101500Z-7f3a9c`: sorts by time, unique by the nonce. */
export const attemptId = (now: number, nonce: string): AttemptId =>
  `${new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z-${nonce}` as AttemptId;
