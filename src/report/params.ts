import type { JsonObject } from '../model/json.ts';
import type { ParamsDiffView } from '../model/views.ts';
import { change, oneLine, value } from './describe.ts';
import type { Style } from './style.ts';
import { table, type Cell } from './table.ts';

/** `train.lr  0.001 -> 0.0003`, one param a line. */
export function paramsDiffText(view: ParamsDiffView, style: Style): string {
  if (view.rows.length === 0) {
    return `no param differs between ${oneLine(view.before)} and ${oneLine(view.after)}\n`;
  }
  const head = style.faint(`${oneLine(view.before)} -> ${oneLine(view.after)}`);
  const rows = view.rows.map(({ key, before, after }): readonly Cell[] => [
    { text: oneLine(key) },
    { text: change(value(before), value(after)) },
  ]);
  return `${head}\n${table(rows)}`;
}

/** `params diff --json`; a side on which the param is not there is absent. */
export const paramsDiffJson = (view: ParamsDiffView): JsonObject => ({
  v: 1,
  before: view.before,
  after: view.after,
  params: view.rows.map(({ key, before, after }) => ({
    key,
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
  })),
});
