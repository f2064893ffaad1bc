import type { Drawing, PlotDeclaration, Point, Series } from '../model/plot.ts';
import { columnAt, tablesOf } from './columns.ts';
import type { Loaded, LoadedTable, Note } from './loaded.ts';
import { numberOf, textOf, type Table } from './table.ts';

type Lines = Extract<Drawing, { kind: 'lines' }>;

/** A series for each field of each file of each revision; without a field the last one, as in DVC. */
export function drawLines(
  { sources, xLabel, yLabel }: PlotDeclaration,
  loaded: readonly Loaded[],
  template: 'linear' | 'simple' | 'smooth' | 'scatter' | 'scatter_jitter',
  note: Note,
): Lines {
  const several = new Set(loaded.flatMap(({ tables }) => tables.map(({ file }) => file))).size > 1;
  const drawn = tablesOf(loaded).flatMap((each) => {
    const fields = each.source.y.length > 0 ? each.source.y : lastField(each);
    return fields.flatMap((field): Series[] => {
      const at = columnAt(each.table, field, each, note);
      if (at === undefined) return [];
      const name = several ? `${each.file}: ${field}` : field;
      return [{ revision: each.revision, name, points: pointsOf(each, at, note) }];
    });
  });
  const isText = drawn.some(({ points }) => points.some(({ x }) => typeof x === 'string'));
  const names = [...new Set(drawn.map(({ name }) => name))];
  return {
    kind: 'lines',
    x: { label: xLabel ?? sources[0]?.x?.field ?? 'row', scale: isText ? 'text' : 'number' },
    y: { label: yLabel ?? (names.length === 1 ? (names[0] ?? '') : '') },
    series: isText ? drawn.map(asText) : drawn,
    smooth: template === 'smooth',
    scattered: template === 'scatter' || template === 'scatter_jitter',
  };
}

const lastField = ({ source, table }: LoadedTable): readonly string[] =>
  table.columns.filter((column) => column !== source.x?.field).slice(-1);

/** Rows without a number on the vertical axis, or without anything on the horizontal one, are left out. */
function pointsOf({ source, file, table, xTable }: LoadedTable, at: number, note: Note): Point[] {
  const { x } = source;
  const xOf = x === undefined ? undefined : (xTable ?? table);
  const xAt =
    x === undefined || xOf === undefined
      ? undefined
      : columnAt(xOf, x.field, { file: x.file ?? file }, note);
  const count = Math.min(table.rows.length, xOf?.rows.length ?? Infinity);
  const points: Point[] = [];
  for (let row = 0; row < count; row++) {
    const y = numberOf(table.rows[row]?.[at]);
    if (y === undefined) continue;
    const placed = xAt === undefined ? row : placeOf(xOf, row, xAt);
    if (placed !== undefined) points.push({ x: placed, y });
  }
  return points;
}

function placeOf(table: Table | undefined, row: number, at: number): number | string | undefined {
  const cell = table?.rows[row]?.[at];
  return numberOf(cell) ?? (textOf(cell) || undefined);
}

const asText = (series: Series): Series => ({
  ...series,
  points: series.points.map(({ x, y }) => ({ x: String(x), y })),
});
