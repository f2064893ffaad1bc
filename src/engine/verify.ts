import {
  covers,
  fromRef,
  sameContent,
  toRef,
  type Artifact,
  type ArtifactRef,
} from '../model/artifact.ts';
import type { LockedStage, PipelineLock } from '../model/lock.ts';
import { contains, type RepoPath } from '../model/names.ts';
import type { Out } from '../model/pipeline.ts';
import { err, isNonEmpty, ok } from '../model/result.ts';
import type { Run } from '../model/run.ts';
import type { StaleReason } from '../model/verdict.ts';
import type { GateCheck, LockCheck } from '../model/views.ts';
import type { Ports } from '../ports/ports.ts';
import { fingerprintInput, fingerprintOf, withoutSecrets } from './fingerprint.ts';
import { failedGates, parseMetrics, type MetricValues } from './metrics.ts';
import { describeWorkspaceProblem, digestInWorkspace, observe, type DigestDep } from './observe.ts';
import { differences } from './reasons.ts';
import type { StageWork, Workload } from './request.ts';

export type VerifyPorts = Pick<Ports, 'workspace' | 'runs' | 'environment' | 'hash'>;

/**
 * Whether the lock is what its stage's declaration, parameters and code would give, by the
 * lock's own word on data: outs and sources count with the digests it holds, so that no data has to
 * be there. The outside (probes, age) is not asked.
 */
export async function checkStage(
  work: StageWork,
  lock: PipelineLock,
  workload: Pick<Workload, 'graph'>,
  ports: VerifyPorts,
): Promise<LockCheck> {
  const { stage } = work;
  const locked = lock.stages[stage.name];
  if (locked?.conflict !== undefined) {
    const branches = 1 + locked.conflict.length;
    return { kind: 'stale', reasons: [{ kind: 'merge-conflict', branches }] };
  }
  if (stage.frozen) return { kind: 'frozen' };
  if (locked === undefined) return { kind: 'stale', reasons: [{ kind: 'never-ran' }] };

  const beyond: RepoPath[] = [];
  const observed = await observe(work, digestByLock(lock, workload, ports, beyond), ports);
  if (isNonEmpty(beyond)) return { kind: 'unchecked', beyond };
  if (!observed.ok) {
    const reasons = observed.error.map((problem): StaleReason => {
      const { path } = problem as { readonly path: RepoPath };
      return problem.kind === 'unreadable'
        ? { kind: 'dep-unreadable', path, cause: describeWorkspaceProblem(problem.problem) }
        : { kind: 'dep-missing', path };
    });
    if (!isNonEmpty(reasons)) throw new Error(`bug: ${stage.name} cannot be observed`);
    return { kind: 'stale', reasons };
  }
  const input = fingerprintInput(stage, observed.value);
  if (fingerprintOf(input, ports.hash) !== locked.fingerprint) {
    const run = await runOf(locked, ports);
    const reasons =
      run === undefined ? [] : differences(run.input, withoutSecrets(input, ports.hash));
    return {
      kind: 'stale',
      reasons: isNonEmpty(reasons) ? reasons : [{ kind: 'locked-run-unknown' }],
    };
  }
  const missing = stage.effect ? [] : stage.outs.filter(({ path }) => !(path in locked.outs));
  const reasons = missing.map(({ path }): StaleReason => ({ kind: 'out-missing', path }));
  return isNonEmpty(reasons) ? { kind: 'stale', reasons } : { kind: 'verified' };
}

/** Deps that the lock speaks for by its digests, others as they lie in the workspace. */
function digestByLock(
  lock: PipelineLock,
  { graph }: Pick<Workload, 'graph'>,
  ports: VerifyPorts,
  beyond: RepoPath[],
): DigestDep {
  const known = new Map<RepoPath, ArtifactRef>([
    ...entries(lock.sources),
    ...[...graph.stages.values()].flatMap(({ name }) => entries(lock.stages[name]?.outs ?? {})),
  ]);
  const inWorkspace = digestInWorkspace(ports);
  return async (path) => {
    for (const [outer, ref] of known) {
      if (outer === path) return ok(fromRef(ref));
      if (!contains(outer, path)) continue;
      const found = await inside(outer, ref, path, ports);
      if (found !== undefined) return ok(found);
      beyond.push(path);
      return err({ kind: 'missing', path });
    }
    // A directory around data, or an out that the lock does not hold: only its bytes could tell.
    const holdsData = [...known.keys()].some((inner) => contains(path, inner));
    if (holdsData || graph.producerOf(path) !== undefined) {
      beyond.push(path);
      return err({ kind: 'missing', path });
    }
    return inWorkspace(path);
  };
}

const entries = (refs: { readonly [path: string]: ArtifactRef }): [RepoPath, ArtifactRef][] =>
  Object.entries(refs).map(([path, ref]) => [path as RepoPath, ref]);

/** A part of an out: from its tree in the cache, or from the workspace where that holds the locked content. */
async function inside(
  outer: RepoPath,
  ref: ArtifactRef,
  path: RepoPath,
  { workspace }: VerifyPorts,
): Promise<Artifact | undefined> {
  const found = await workspace.entryOf(ref, path.slice(outer.length + 1));
  if (found !== undefined || !(await lies(outer, ref, workspace))) return found;
  const digested = await workspace.digest(path);
  return digested.ok ? digested.value : undefined;
}

async function lies(
  path: RepoPath,
  ref: ArtifactRef,
  workspace: VerifyPorts['workspace'],
): Promise<boolean> {
  const there = await workspace.digest(path);
  return there.ok && there.value !== undefined && sameContent(toRef(there.value), ref);
}

/** Gates of the metrics as recorded for what the lock holds; `unknown` where no record is at hand. */
export async function checkGates(
  { stage }: StageWork,
  locked: LockedStage | undefined,
  ports: VerifyPorts,
): Promise<readonly GateCheck[]> {
  const checks: GateCheck[] = [];
  for (const out of stage.outs) {
    if (out.gates === undefined) continue;
    const values = locked && (await recordedMetrics(out, locked, ports));
    const failed = values === undefined ? [] : failedGates(out, values);
    for (const gate of out.gates) {
      const failure = failed.find((each) => each.gate === gate);
      const actual = values?.[gate.metric];
      const state = values === undefined ? 'unknown' : failure === undefined ? 'held' : 'failed';
      checks.push({ path: out.path, gate, state, ...(actual !== undefined && { actual }) });
    }
  }
  return checks;
}

async function recordedMetrics(
  out: Out,
  locked: LockedStage,
  ports: VerifyPorts,
): Promise<MetricValues | undefined> {
  const ref = locked.outs[out.path];
  if (ref === undefined) return undefined;
  if (await lies(out.path, ref, ports.workspace)) {
    return parseMetrics(await ports.workspace.readText(out.path));
  }
  const run = await runOf(locked, ports);
  return run?.metrics[out.path];
}

async function runOf(
  locked: LockedStage,
  { runs }: Pick<VerifyPorts, 'runs'>,
): Promise<Run | undefined> {
  const found = await runs.find(locked.fingerprint);
  return found.find(({ outs }) => covers(outs, locked.outs));
}
