import { covers } from '../model/artifact.ts';
import type { JsonObject } from '../model/json.ts';
import { attemptId, type AttemptId, type Fingerprint } from '../model/names.ts';
import type { StageFailure } from '../model/failure.ts';
import type { StageOutcome } from '../model/outcome.ts';
import { err, ok, type NonEmptyArray, type Result } from '../model/result.ts';
import { openRedactor, redactedJson, secretsIn } from '../model/redacted.ts';
import type { FingerprintInput, Run, RunRecord } from '../model/run.ts';
import type { Trace } from '../model/trace.ts';
import type { StaleReason } from '../model/verdict.ts';
import type { Executed } from '../ports/executor.ts';
import type { AttemptLog, LogChunk } from '../ports/log-store.ts';
import type { Ports } from '../ports/ports.ts';
import type { Barrier } from './barrier.ts';
import { createFactReader } from './facts.ts';
import { changedDep, keepOuts, readMetrics } from './harvest.ts';
import { describeWorkspaceProblem } from './observe.ts';
import type { OutWatch } from './out-watch.ts';
import type { Prober } from './probe.ts';
import { provenanceOf } from './provenance.ts';
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
  readonly barrier: Barrier;
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

  await context.barrier.passed(executed.value.durationMs);
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
    unchangedOuts: lockedOuts !== undefined && covers(lockedOuts, run.outs),
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
  const secrets = secretsOf(attempt.work, ports);
  let traced: Trace | undefined;
  for (let failures = 0; ; failures += 1) {
    const tell = (stream: LogChunk['stream'], chunk: string): void => {
      if (chunk === '') return;
      attempt.log.append(stream, chunk);
      attempt.facts.read(chunk);
      ports.emit({ type: 'stage-output', stage: stage.name, stream, chunk });
    };
    const redactors = { stdout: openRedactor(secrets), stderr: openRedactor(secrets) };
    const executed = await ports.executor.execute({
      cmd: stage.cmd,
      cwd: surroundings.cwd,
      env: { ...surroundings.env, ...checkpoint, AVIAN_RUN: attempt.id },
      ...(stage.timeoutMs !== undefined && { timeoutMs: stage.timeoutMs }),
      signal,
      onOutput: (stream, chunk) => tell(stream, redactors[stream].read(chunk)),
      onWarning: (message) => warn(attempt, 'stage/survivors', message, context),
      ...(context.trace && { trace: { root, onTraced: (trace) => (traced = trace) } }),
    });
    tell('stdout', redactors.stdout.end());
    tell('stderr', redactors.stderr.end());
    if (executed.ok || executed.error.kind === 'cancelled' || failures === stage.retry.times) {
      if (traced !== undefined) await tellAccesses(traced, attempt, executed.ok, context);
      return executed;
    }
    warn(attempt, 'stage/retry', `attempt ${failures + 1} failed; trying again`, context);
    await ports.clock.sleep(stage.retry.delayMs, signal);
    if (signal.aborted) return err({ kind: 'cancelled' });
  }
}

/** What the command is given and nothing that is kept may hold. */
const secretsOf = (
  { stage }: StageWork,
  { environment }: Pick<Ports, 'environment'>,
): readonly string[] => [
  ...environment.secrets(),
  ...secretsIn(Object.fromEntries(stage.env.map(({ name, value }) => [name, value]))),
];

async function tellAccesses(
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
  const changed = await changedDep(attempt.input, workspace);
  if (changed !== undefined) return err(changed);
  const trespass = await context.watch.changedBy(stage.name);
  if (trespass !== undefined) return err({ kind: 'wrote-others-out', ...trespass });

  const outs = await keepOuts(stage, workspace);
  if (!outs.ok) return outs;
  const metrics = await readMetrics(attempt.work, context.ports);
  return metrics.ok ? ok({ outs: outs.value, metrics: metrics.value }) : metrics;
}

async function fail(
  attempt: Attempt,
  failure: StageFailure,
  context: ExecutionContext,
  executed?: Executed,
): Promise<StageOutcome> {
  await undo(attempt, context);
  const told = redactedJson(failure, secretsOf(attempt.work, context.ports));
  const run = await record(attempt, context, executed, {
    ending: { kind: 'failed', failure: told },
    outs: {},
    metrics: {},
  });
  return { kind: 'failed', failure: told, run };
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
  const log = await attempt.log.close();
  const facts: JsonObject = attempt.facts.all();
  const secrets = secretsOf(attempt.work, ports);
  return ports.runs.record({
    v: 1,
    stage: attempt.work.stage.name,
    attempt: attempt.id,
    fingerprint: attempt.fingerprint,
    input: attempt.input,
    ...result,
    config: redactedJson(workload.config, secrets),
    overrides: redactedJson(workload.overrides, secrets),
    startedAt: new Date(attempt.startedAt).toISOString(),
    durationMs: executed?.durationMs ?? ports.clock.now() - attempt.startedAt,
    log: { digest: log.digest, size: log.size },
    ...(executed?.peakMemoryBytes !== undefined && { peakMemoryBytes: executed.peakMemoryBytes }),
    provenance: {
      ...(await provenanceOf(attempt.work.stage, version, ports.environment)),
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
