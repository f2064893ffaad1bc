import type { Problem } from '../model/diagnostic.ts';
import { problem } from '../model/diagnostic.ts';
import { byCodeUnit, canonicalJson } from '../model/json.ts';
import type { RepoPath } from '../model/names.ts';
import type { Out } from '../model/pipeline.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Direction, MetricsDiffView, MetricsView } from '../model/views.ts';
import { parseMetrics } from '../engine/metrics.ts';
import type { CommandContext } from './context.ts';
import { loadWorkload } from './load-workload.ts';
import { snapshotPair, type Snapshot } from './snapshots.ts';

/** `avian metrics show`: the numbers in the workspace's metrics files; files that are not there are left out. */
export async function metricsShow(context: CommandContext): Promise<Result<MetricsView, Problem>> {
  const workload = await loadWorkload([], context);
  if (!workload.ok) return workload;
  const files: MetricsView['files'][number][] = [];
  for (const [name, { stage }] of workload.value.work) {
    for (const out of stage.outs) {
      if (out.role !== 'metrics') continue;
      const text = await context.ports.workspace.readText(out.path);
      if (text === undefined) continue;
      const values = parseMetrics(text);
      if (values === undefined) return err(notJson(out.path));
      const direction = directionsOf(out, Object.keys(values));
      files.push({ path: out.path, stage: name, values, ...(direction && { direction }) });
    }
  }
  return ok({ files: files.sort((a, b) => byCodeUnit(a.path, b.path)) });
}

export interface DiffOptions {
  /** Up to two git revisions or run ids: HEAD and the workspace when absent. */
  readonly revisions: readonly string[];
  /** Also what did not change. */
  readonly all: boolean;
}

/** `avian metrics diff [before] [after]`. */
export async function metricsDiff(
  options: DiffOptions,
  context: CommandContext,
): Promise<Result<MetricsDiffView, Problem>> {
  const workload = await loadWorkload([], context);
  if (!workload.ok) return workload;
  const pair = await snapshotPair(options.revisions, context);
  if (!pair.ok) return pair;
  const [before, after] = pair.value;
  const outs = [...workload.value.work.values()].flatMap(({ stage }) => stage.outs);
  const rows = keysOf(before, after).flatMap(({ path, name }) => {
    const [old, current] = [valueOf(before, path, name), valueOf(after, path, name)];
    if (!options.all && canonicalJson(old ?? null) === canonicalJson(current ?? null)) return [];
    const out = outs.find((candidate) => candidate.path === path);
    const direction = out && directionsOf(out, [name])?.[name];
    return [{ path, name, before: old, after: current, ...(direction && { direction }) }];
  });
  return ok({ before: before.label, after: after.label, rows });
}

function keysOf(...snapshots: readonly Snapshot[]): { path: RepoPath; name: string }[] {
  const keys = new Map<string, { path: RepoPath; name: string }>();
  for (const { runs } of snapshots) {
    for (const { metrics } of runs.values()) {
      for (const [path, values] of Object.entries(metrics)) {
        for (const name of Object.keys(values)) {
          keys.set(`${path}\0${name}`, { path: path as RepoPath, name });
        }
      }
    }
  }
  return [...keys].sort(([a], [b]) => byCodeUnit(a, b)).map(([, key]) => key);
}

function valueOf({ runs }: Snapshot, path: RepoPath, name: string): number | undefined {
  for (const { metrics } of runs.values()) {
    const value = metrics[path]?.[name];
    if (value !== undefined) return value;
  }
  return undefined;
}

/** Which way is better: as declared, else as the gates imply. */
export function directionsOf(
  out: Out,
  names: readonly string[],
): { readonly [name: string]: Direction } | undefined {
  const directions = names.flatMap((name): [string, Direction][] => {
    const declared = out.direction?.[name] ?? out.direction?.['*'];
    if (declared !== undefined) return [[name, declared]];
    const gate = out.gates?.find(({ metric }) => metric === name);
    if (gate === undefined || gate.comparison === '==') return [];
    return [[name, gate.comparison.startsWith('>') ? 'maximize' : 'minimize']];
  });
  return directions.length === 0 ? undefined : Object.fromEntries(directions);
}

const notJson = (path: RepoPath): Problem =>
  problem('stage', 'metrics/not-json', `${path} is not JSON`, 'metrics are JSON files of numbers');
