import { toRef, type ArtifactRef } from '../model/artifact.ts';
import type { StageFailure } from '../model/failure.ts';
import type { RepoPath } from '../model/names.ts';
import type { Stage } from '../model/pipeline.ts';
import { err, isNonEmpty, ok, type Result } from '../model/result.ts';
import type { FingerprintInput, RunRecord } from '../model/run.ts';
import type { Ports } from '../ports/ports.ts';
import { failedGates, parseMetrics, type MetricValues } from './metrics.ts';
import { describeWorkspaceProblem } from './observe.ts';
import type { StageWork } from './request.ts';

/*
 * What makes outs count, whoever made them: a command that ran, or a person whose outs are adopted.
 */

/** A dep that is no longer what was digested: outs would be recorded against bytes nobody read. */
export async function changedDep(
  { deps }: FingerprintInput,
  workspace: Ports['workspace'],
): Promise<Extract<StageFailure, { kind: 'dep-changed-during-run' }> | undefined> {
  for (const { path, digest } of deps) {
    const now = await workspace.digest(path);
    if (!now.ok || now.value?.digest !== digest) return { kind: 'dep-changed-during-run', path };
  }
  return undefined;
}

/** Puts a stage's outs into the cache, or digests those that are kept out of it. */
export async function keepOuts(
  stage: Stage,
  workspace: Ports['workspace'],
): Promise<Result<RunRecord['outs'], StageFailure>> {
  const outs: Record<string, ArtifactRef> = {};
  for (const { path, cache } of stage.outs) {
    const kept = cache ? await workspace.commit(path) : await workspace.digest(path);
    if (!kept.ok) {
      return err({ kind: 'out-refused', path, cause: describeWorkspaceProblem(kept.error) });
    }
    if (kept.value === undefined) return err({ kind: 'out-missing', path });
    outs[path] = toRef(kept.value);
  }
  return ok(outs);
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
