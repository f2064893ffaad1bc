import type { JsonObject } from '../model/json.ts';
import type { MonitoringAction, MonitoringView } from '../model/monitoring.ts';
import type { Style } from './style.ts';
import { table, type Cell } from './table.ts';
import { count } from './units.ts';

/** One line an action, what stays left out, and a last line that adds up. */
export function monitoringText(view: MonitoringView, style: Style): string {
  const changes = view.actions.filter(({ kind }) => kind !== 'keep');
  const kept = view.actions.length - changes.length;
  const of = `${view.service} in ${view.region}, project ${view.project}`;
  if (changes.length === 0) return `nothing to change: ${of} has ${count(kept, 'resource')}\n`;
  const rows = changes.map((action): readonly Cell[] => {
    const { verb, kind, key, rest } = lineOf(action);
    const paint =
      action.kind === 'delete' ? style.bad : action.kind === 'create' ? style.good : style.warn;
    return [
      { text: verb, paint },
      { text: kind },
      { text: key, paint: style.strong },
      { text: rest },
    ];
  });
  const sum = (['create', 'update', 'delete'] as const)
    .map((kind) => ({ kind, number: changes.filter((action) => action.kind === kind).length }))
    .filter(({ number }) => number > 0)
    .map(({ kind, number }) => `${number} to ${kind}`)
    .join(', ');
  const end = view.applied
    ? `applied to ${of}: ${sum.replaceAll(' to ', ' ').replaceAll(/(create|update|delete)/g, '$1d')}, ${kept} kept\n`
    : `${of}: ${sum}, ${kept} to keep; \`avian monitoring apply\` does it\n`;
  return table(rows) + end;
}

export const monitoringJson = (view: MonitoringView): JsonObject => ({
  v: 1,
  project: view.project,
  region: view.region,
  service: view.service,
  applied: view.applied,
  changes: view.actions.filter(({ kind }) => kind !== 'keep').length,
  actions: view.actions.map((action) => ({
    action: action.kind,
    kind: lineOf(action).kind,
    key: lineOf(action).key,
    ...(action.kind !== 'delete' && { title: action.wanted.title }),
    ...(action.kind !== 'create' && { name: action.found.name }),
    ...(action.kind === 'update' && { changed: action.changed }),
  })),
});

function lineOf(action: MonitoringAction): {
  readonly verb: string;
  readonly kind: string;
  readonly key: string;
  readonly rest: string;
} {
  if (action.kind === 'delete') {
    const { kind, key } = action.found;
    return { verb: action.kind, kind, key, rest: 'monitoring.yaml no longer says it' };
  }
  const { kind, key, title } = action.wanted;
  const rest = action.kind === 'update' ? `${title} (${action.changed.join(', ')})` : title;
  return { verb: action.kind, kind, key, rest };
}
