import {
  valueIn,
  type Column,
  type Experiment,
  type ExperimentsView,
} from '../model/experiment.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import { oneLine, shortRun } from './describe.ts';
import type { Style } from './style.ts';
import { table, type Cell } from './table.ts';
import { ago, count, decimal } from './units.ts';

/**
 * One experiment a line, newest first; `*` is what the workspace has.
 *
 *       run     when          train.lr  accuracy  commit
 *     * 3f2a91  2 hours ago   0.003     0.9433    0a1b2c3
 *
 * @param now milliseconds since 1970, for their age
 */
export function experimentsText(view: ExperimentsView, style: Style, now: number): string {
  if (view.experiments.length === 0) return `${NONE}\n`;
  const { columns } = view;
  const { faint } = style;
  const head = [
    '',
    'run',
    'when',
    ...columns.map(({ label }) => oneLine(label)),
    'changed by',
    'commit',
  ];
  const rows = view.experiments.map((each): readonly Cell[] => [
    { text: each.isCurrent ? '*' : '', paint: style.good },
    { text: shortRun(each.id), ...(each.isCurrent && { paint: style.strong }) },
    { text: ago(each.startedAt, now), paint: faint },
    ...columns.map((column) => cellOf(column, each)),
    { text: oneLine(each.overrides.join(' ')), paint: faint },
    { text: commitsText(each), paint: faint },
  ]);
  const titles = head.map((text, at): Cell => ({
    ...{ text, paint: faint },
    ...(columns[at - 3]?.kind === 'metric' && { right: true as const }),
  }));
  return table([titles, ...rows]) + more(view);
}

const NONE = 'no experiments yet: they are runs of stages that have metrics';

const more = ({ leftOut }: ExperimentsView): string =>
  leftOut === 0 ? '' : `${count(leftOut, 'older experiment')} not shown\n`;

function cellOf(column: Column, experiment: Experiment): Cell {
  const text = valueText(valueIn(column, experiment));
  return column.kind === 'metric' ? { text: text || '-', right: true } : { text: text || '-' };
}

export const valueText = (value: JsonValue | undefined): string =>
  value === undefined
    ? ''
    : typeof value === 'number'
      ? decimal(value)
      : oneLine(typeof value === 'string' ? value : JSON.stringify(value));

export const commitsText = ({ commits }: Experiment): string =>
  commits.map(({ id }) => id.slice(0, 7)).join(' ');

/** RFC 4180, with what `experimentsText` has; times and ids are whole. */
export function experimentsCsv({ experiments, columns }: ExperimentsView): string {
  const head = ['current', 'run', 'started', ...columns.map(({ label }) => label)];
  const rows = experiments.map((each) => [
    each.isCurrent ? 'true' : 'false',
    each.id,
    each.startedAt,
    ...columns.map((column) => {
      const value = valueIn(column, each);
      if (value === undefined) return '';
      return typeof value === 'string' ? value : JSON.stringify(value);
    }),
    ...[each.overrides.join(' '), each.commits.map(({ id }) => id).join(' ')],
  ]);
  return csv([[...head, 'overrides', 'commits'], ...rows]);
}

const csv = (rows: readonly (readonly string[])[]): string =>
  rows.map((row) => `${row.map(csvField).join(',')}\n`).join('');

// A spreadsheet takes a text that begins so for a formula, and runs it.
const FORMULA = /^[=+\-@\t\r]/;

function csvField(text: string): string {
  const safe = FORMULA.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A table for a pull request. */
export function experimentsMarkdown(view: ExperimentsView, _: Style, now: number): string {
  if (view.experiments.length === 0) return `${NONE}\n`;
  const { columns } = view;
  const head = ['', 'run', 'when', ...columns.map(({ label }) => label), 'changed by', 'commit'];
  const rule = head.map((_title, at) => (columns[at - 3]?.kind === 'metric' ? '---:' : '---'));
  const rows = view.experiments.map((each) => [
    ...[each.isCurrent ? '*' : '', shortRun(each.id), ago(each.startedAt, now)],
    ...columns.map((column) => valueText(valueIn(column, each))),
    ...[each.overrides.join(' '), commitsText(each)],
  ]);
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |\n`;
  return `${line(head)}| ${rule.join(' | ')} |\n${rows.map(line).join('')}`;
}

// An underscore inside of a word is one; at its edge it would begin something.
const MARKS = /[\\|`*<>&[\]]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g;
const escaped = (text: string): string => oneLine(text).replace(MARKS, '\\$&');

/** Everything that is known, whatever is shown; `columns` are those that are. */
export const experimentsJson = (view: ExperimentsView): JsonObject => ({
  v: 1,
  columns: view.columns.map((column) =>
    column.kind === 'param'
      ? { kind: 'param', key: column.key }
      : {
          ...{ kind: 'metric', path: column.path, name: column.name },
          ...(column.direction !== undefined && { direction: column.direction }),
        },
  ),
  experiments: view.experiments.map((each) => ({
    run: each.id,
    started: each.startedAt,
    duration_ms: each.durationMs,
    current: each.isCurrent,
    runs: each.runs.map(({ stage, id }) => ({ stage, run: id })),
    commits: each.commits.map(({ id, subject }) => ({ commit: id, subject })),
    overrides: each.overrides,
    params: each.params,
    metrics: each.metrics,
  })),
  left_out: view.leftOut,
});
