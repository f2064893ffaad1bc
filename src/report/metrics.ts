import type { JsonObject } from '../model/json.ts';
import type { Direction, MetricsDiffView, MetricsView } from '../model/views.ts';
import { oneLine } from './describe.ts';
import type { Style } from './style.ts';
import { table, type Cell } from './table.ts';
import { decimal } from './units.ts';

/** File, name, value: one metric a line. */
export function metricsText(view: MetricsView, style: Style): string {
  const rows = view.files.flatMap(({ path, values }) =>
    Object.entries(values).map(([name, held]): readonly Cell[] => [
      { text: oneLine(path), paint: style.faint },
      { text: oneLine(name) },
      { text: decimal(held), right: true, paint: style.strong },
    ]),
  );
  return rows.length === 0 ? 'no metrics\n' : table(rows);
}

/** `metrics show --json`: path -> dotted name -> number. */
export const metricsJson = (view: MetricsView): JsonObject =>
  Object.fromEntries(view.files.map(({ path, values }) => [path, values]));

/** File, name, before, after, difference, and whether that is better where the pipeline says which way is. */
export function metricsDiffText(view: MetricsDiffView, style: Style): string {
  if (view.rows.length === 0) {
    return `no metric differs between ${oneLine(view.before)} and ${oneLine(view.after)}\n`;
  }
  const { faint } = style;
  const head = ['file', 'metric', view.before, view.after, 'change'].map((text, at): Cell => ({
    text: oneLine(text),
    paint: faint,
    ...(at > 1 && { right: true }),
  }));
  const rows = view.rows.map(({ path, name, before, after, direction }): readonly Cell[] => {
    const judged = judgedChange(before, after, direction);
    const paint = { better: style.good, worse: style.bad, '': style.info }[judged.word];
    return [
      { text: oneLine(path), paint: faint },
      { text: oneLine(name) },
      { text: before === undefined ? '-' : decimal(before), right: true },
      { text: after === undefined ? '-' : decimal(after), right: true },
      { text: judged.difference, right: true, paint },
      { text: judged.word, paint },
    ];
  });
  return table([head, ...rows]);
}

interface Judged {
  readonly difference: string;
  readonly word: 'better' | 'worse' | '';
}

function judgedChange(
  before: number | undefined,
  after: number | undefined,
  direction: Direction | undefined,
): Judged {
  if (before === undefined) return { difference: 'new', word: '' };
  if (after === undefined) return { difference: 'gone', word: '' };
  const by = after - before;
  const difference = `${by > 0 ? '+' : ''}${decimal(by)}`;
  if (by === 0 || direction === undefined) return { difference, word: '' };
  return { difference, word: by > 0 === (direction === 'maximize') ? 'better' : 'worse' };
}

/** `metrics diff --json`; `before` and `after` of a row are null where the metric is not there. */
export const metricsDiffJson = (view: MetricsDiffView): JsonObject => ({
  v: 1,
  before: view.before,
  after: view.after,
  metrics: view.rows.map(({ path, name, before, after, direction }) => ({
    path,
    name,
    before: before ?? null,
    after: after ?? null,
    ...(direction !== undefined && { direction }),
  })),
});
