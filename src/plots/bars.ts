import type { Bar, Drawing, PlotDeclaration } from '../model/plot.ts';
import { columnAt, tablesOf } from './columns.ts';
import type { Loaded, LoadedTable, Note } from './loaded.ts';
import { numberOf, textOf } from './table.ts';

const MOST_BARS = 60;

/** As DVC has it: `x` is the field of the lengths, `y` of the names. */
export function drawBars(
  { xLabel, yLabel, sources }: PlotDeclaration,
  loaded: readonly Loaded[],
  sorted: boolean,
  note: Note,
): Extract<Drawing, { kind: 'bars' }> {
  const bars = new Map<string, Bar[]>();
  const fields = new Set<string>();
  for (const each of tablesOf(loaded)) {
    const { table, revision } = each;
    const [nameAt, valueAt] = axesOf(each, note);
    if (nameAt === undefined || valueAt === undefined) continue;
    fields.add(table.columns[valueAt] ?? '');
    for (const row of table.rows) {
      const value = numberOf(row[valueAt]);
      if (value === undefined) continue;
      const name = textOf(row[nameAt]);
      bars.set(name, [...(bars.get(name) ?? []), { revision, value }]);
    }
  }
  const all = [...bars].map(([name, values]) => ({ name, values }));
  if (sorted) all.sort((a, b) => longest(b) - longest(a));
  if (all.length > MOST_BARS) note(`the first ${MOST_BARS} of ${all.length} bars are drawn`);
  return {
    kind: 'bars',
    label: xLabel ?? [...fields].join(', '),
    of: yLabel ?? sources[0]?.y[0] ?? '',
    bars: all.slice(0, MOST_BARS),
  };
}

/** Without fields the first column names the bars and the last one that holds numbers is their length. */
function axesOf(
  each: LoadedTable,
  note: Note,
): readonly [name: number | undefined, value: number | undefined] {
  const { source, table } = each;
  const [field] = source.y;
  const name = field === undefined ? 0 : columnAt(table, field, each, note);
  if (source.x !== undefined) return [name, columnAt(table, source.x.field, each, note)];
  const value = table.columns.findLastIndex(
    (_, at) => at !== name && table.rows.some((row) => numberOf(row[at]) !== undefined),
  );
  if (value >= 0) return [name, value];
  note(`${each.file} has no numbers to draw`);
  return [name, undefined];
}

const longest = ({ values }: { readonly values: readonly Bar[] }): number =>
  Math.max(...values.map(({ value }) => value));
