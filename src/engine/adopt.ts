import { sameContent, toRef } from '../model/artifact.ts';
import type { StageFailure } from '../model/failure.ts';
import type { LockedStage } from '../model/lock.ts';
import { attemptId, type Fingerprint } from '../model/names.ts';
import { err, isNonEmpty, ok, type NonEmptyArray, type Result } from '../model/result.ts';
import { redactedJson } from '../model/redacted.ts';
import type { FingerprintInput, Run, RunRecord } from '../model/run.ts';
import type { StaleReason } from '../model/verdict.ts';
import type { Ports } from '../ports/ports.ts';
import { fingerprintInput, fingerprintOf, withoutSecrets } from './fingerprint.ts';
import { changedDep, keepOuts, readMetrics } from './harvest.ts';
import { describeWorkspaceProblem, digestInWorkspace, observe } from './observe.ts';
import type { Prober } from './probe.ts';
import { provenanceOf } from './provenance.ts';
import { differences } from './reasons.ts';
import type { StageWork, Workload } from './request.ts';

/** What adopting a stage's outs would mean; read only. */
export type AdoptionPlan =
  /** The lock says so already. */
  | { readonly kind: 'unchanged' }
  /** Not everything is there that a run would have read or written. */
  | { readonly kind: 'incomplete'; readonly missing: NonEmptyArray<string> }
  | {
      readonly kind: 'adoptable';
      readonly input: FingerprintInput;
      readonly fingerprint: Fingerprint;
      /** What its inputs changed in since its last run: outs made before that would be a lie. */
      readonly changed: readonly StaleReason[];
    };

export async function planAdoption(
  work: StageWork,
  locked: LockedStage | undefined,
  ports: Pick<Ports, 'workspace' | 'runs' | 'environment' | 'hash'>,
): Promise<AdoptionPlan> {
  const { stage } = work;
  const observed = await observe(work, digestInWorkspace(ports), ports);
  const missing: string[] = [];
  if (!observed.ok) {
    for (const problem of observed.error) {
      if (problem.kind === 'unreadable') missing.push(describeWorkspaceProblem(problem.problem));
      if (problem.kind === 'missing') missing.push(`dep ${problem.path} does not exist`);
    }
  }
  let isLocked = locked !== undefined && locked.conflict === undefined;
  for (const { path } of stage.outs) {
    const there = await ports.workspace.digest(path);
    if (!there.ok) missing.push(describeWorkspaceProblem(there.error));
    else if (there.value === undefined) missing.push(`out ${path} does not exist`);
    else {
      const ref = locked?.outs[path];
      isLocked &&= ref !== undefined && sameContent(ref, toRef(there.value));
    }
  }
  if (isNonEmpty(missing)) return { kind: 'incomplete', missing };
  if (!observed.ok) throw new Error(`bug: ${stage.name} cannot be observed`);
  const whole = fingerprintInput(stage, observed.value);
  const fingerprint = fingerprintOf(whole, ports.hash);
  const input = withoutSecrets(whole, ports.hash);
  if (isLocked && locked?.fingerprint === fingerprint) return { kind: 'unchanged' };
  const changed = await changedSince(locked, input, fingerprint, ports);
  return { kind: 'adoptable', input, fingerprint, changed };
}

/** A stage that the lock does not know contradicts nothing. */
async function changedSince(
  locked: LockedStage | undefined,
  input: FingerprintInput,
  fingerprint: Fingerprint,
  { runs }: Pick<Ports, 'runs'>,
): Promise<readonly StaleReason[]> {
  if (locked === undefined || locked.fingerprint === fingerprint) return [];
  const [run] = await runs.find(locked.fingerprint);
  const reasons = run === undefined ? [] : differences(run.input, input);
  return reasons.length === 0 ? [{ kind: 'locked-run-unknown' }] : reasons;
}

/**
 * Takes the outs that lie in the workspace for the result of a run on today's inputs: into the
 * cache, then a record marked as adopted, then the lock, as for a command that ran. A stage whose
 * metrics cannot be read, or whose gates or probe do not hold, would have failed and is not adopted.
 */
export async function adoptStage(
  work: StageWork,
  { input, fingerprint }: Extract<AdoptionPlan, { kind: 'adoptable' }>,
  context: {
    readonly ports: Ports;
    readonly workload: Pick<Workload, 'config' | 'overrides'>;
    readonly version: string;
    readonly probe: Prober;
  },
): Promise<Result<Run, StageFailure>> {
  const { ports } = context;
  const { stage } = work;
  const outs = await keepOuts(stage, ports.workspace);
  if (!outs.ok) return outs;
  const metrics = await readMetrics(work, ports);
  if (!metrics.ok) return metrics;
  const probed = stage.probe === undefined ? undefined : await context.probe(work);
  if (probed?.kind === 'failed') return err({ kind: 'probe-failed', message: probed.message });
  // Whatever made the outs may still be at it.
  const changed = await changedDep(input, ports.workspace);
  if (changed !== undefined) return err(changed);
  await ports.workspace.sync();
  const at = ports.clock.now();
  const attempt = attemptId(at, ports.nonce());
  const secrets = ports.environment.secrets();
  const record: RunRecord = {
    v: 1,
    stage: stage.name,
    attempt,
    fingerprint,
    input,
    outs: outs.value,
    ending: { kind: 'succeeded' },
    metrics: metrics.value,
    config: redactedJson(context.workload.config, secrets),
    overrides: redactedJson(context.workload.overrides, secrets),
    startedAt: new Date(at).toISOString(),
    durationMs: 0,
    ...(probed !== undefined && { probe: probed.digest }),
    adopted: 'commit',
    provenance: await provenanceOf(stage, context.version, ports.environment),
  };
  const run = await ports.runs.record(record);
  await ports.lock.setStage(stage.name, { fingerprint, outs: outs.value });
  return ok(run);
}
