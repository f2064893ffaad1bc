import type { DrawnTable, Drawing } from '../model/plot.ts';
import { columnAt, tablesOf } from './columns.ts';
import type { Loaded, Note } from './loaded.ts';

const MOST_ROWS = 500;

/** The file as it is; with fields, those in their order. */
export function drawTables(
  loaded: readonly Loaded[],
  note: Note,
): Extract<Drawing, { kind: 'table' }> {
  const tables = tablesOf(loaded).map((each): DrawnTable => {
    const { revision, file, source, table } = each;
    const fields = [...(source.x === undefined ? [] : [source.x.field]), ...source.y];
    const wanted =
      source.y.length === 0
        ? table.columns.map((_column, at) => at)
        : fields.flatMap((field) => columnAt(table, field, each, note) ?? []);
    const rows = table.rows.slice(0, MOST_ROWS);
    return {
      ...{ revision, file },
      columns: wanted.map((at) => table.columns[at] ?? ''),
      rows: rows.map((row) => wanted.map((at) => row[at] ?? null)),
      leftOut: table.rows.length - rows.length,
    };
  });
  return { kind: 'table', tables };
}
