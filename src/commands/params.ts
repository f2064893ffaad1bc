import type { Problem } from '../model/diagnostic.ts';
import { byCodeUnit, canonicalJson, dotted, type JsonObject } from '../model/json.ts';
import { ok, type Result } from '../model/result.ts';
import type { ParamsDiffView } from '../model/views.ts';
import type { CommandContext } from './context.ts';
import { loadWorkload } from './load-workload.ts';
import type { DiffOptions } from './metrics.ts';
import { snapshotOf, type Snapshot } from './snapshots.ts';

/** `avian params diff [before] [after]`: declared parameters of the runs; the workspace counts as configured now. */
export async function paramsDiff(
  options: DiffOptions,
  context: CommandContext,
): Promise<Result<ParamsDiffView, Problem>> {
  const before = await paramsAt(options.revisions[0] ?? 'HEAD', context);
  if (!before.ok) return before;
  const after = await paramsAt(options.revisions[1] ?? 'workspace', context);
  if (!after.ok) return after;
  const [old, current] = [before.value.params, after.value.params];
  const keys = [...new Set([...Object.keys(old), ...Object.keys(current)])].sort(byCodeUnit);
  const rows = keys
    .filter(
      (key) =>
        options.all || canonicalJson(old[key] ?? null) !== canonicalJson(current[key] ?? null),
    )
    .map((key) => ({ key, before: old[key], after: current[key] }));
  return ok({ before: before.value.label, after: after.value.label, rows });
}

async function paramsAt(
  name: string,
  context: CommandContext,
): Promise<Result<{ readonly label: string; readonly params: JsonObject }, Problem>> {
  if (name === 'workspace') {
    const workload = await loadWorkload([], context);
    if (!workload.ok) return workload;
    const all = [...workload.value.work.values()].map(({ params }) => dotted(params));
    return ok({ label: name, params: Object.assign({}, ...all) as JsonObject });
  }
  const snapshot = await snapshotOf(name, context);
  return snapshot.ok ? ok({ label: name, params: paramsOfRuns(snapshot.value) }) : snapshot;
}

const paramsOfRuns = ({ runs }: Snapshot): JsonObject =>
  Object.assign({}, ...[...runs.values()].map(({ input }) => dotted(input.params))) as JsonObject;
