import type { Column, Experiment } from '../model/experiment.ts';
import { valueIn } from '../model/experiment.ts';
import { byCodeUnit, canonicalJson } from '../model/json.ts';
import type { RepoPath } from '../model/names.ts';
import type { Out } from '../model/pipeline.ts';
import { directionsOf } from './metrics.ts';

/** All parameters by key, then all metrics by file and name. */
export function everyColumn(
  experiments: readonly Experiment[],
  outs: readonly Out[],
): readonly Column[] {
  const keys = new Set(experiments.flatMap(({ params }) => Object.keys(params)));
  const metrics = new Map<string, { readonly path: RepoPath; readonly name: string }>();
  const files = new Map<string, Set<string>>();
  for (const experiment of experiments) {
    for (const [path, values] of Object.entries(experiment.metrics)) {
      for (const name of Object.keys(values)) {
        metrics.set(`${path}\0${name}`, { path: path as RepoPath, name });
        files.set(name, (files.get(name) ?? new Set()).add(path));
      }
    }
  }
  return [
    ...[...keys].sort(byCodeUnit).map((key): Column => ({ kind: 'param', key, label: key })),
    ...[...metrics]
      .sort(([a], [b]) => byCodeUnit(a, b))
      .map(([, { path, name }]): Column => {
        const out = outs.find((each) => each.path === path && each.role === 'metrics');
        const direction = out && directionsOf(out, [name])?.[name];
        const file = shortest(path, files.get(name));
        const isAlone = files.get(name)?.size === 1 && !keys.has(name);
        // A file that is one bare number has no name inside.
        const label = name === '' ? file : isAlone ? name : `${file}:${name}`;
        return { kind: 'metric', path, name, label, ...(direction && { direction }) };
      }),
  ];
}

/** The file's name without its folders, where that tells it from the others. */
function shortest(path: RepoPath, others: ReadonlySet<string> = new Set()): string {
  const last = (each: string): string => each.slice(each.lastIndexOf('/') + 1);
  const same = [...others].filter((each) => last(each) === last(path));
  return same.length > 1 ? path : last(path);
}

/**
 * What tells experiments apart: parameters that differ, and metrics that somebody cares for, which
 * are those with a direction or gate; where none has one, those that differ. Of a single experiment
 * nothing differs, so that its metrics are shown.
 */
export function chooseColumns(
  experiments: readonly Experiment[],
  columns: readonly Column[],
): readonly Column[] {
  const differs = (column: Column): boolean =>
    new Set(experiments.map((each) => canonicalJson(valueIn(column, each) ?? null))).size > 1;
  const metrics = columns.filter((column) => column.kind === 'metric');
  const judged = metrics.filter(({ direction }) => direction !== undefined);
  const differing = metrics.filter(differs);
  const telling = judged.length > 0 ? judged : differing.length > 0 ? differing : metrics;
  return [...columns.filter((column) => column.kind === 'param' && differs(column)), ...telling];
}
