import { byCodeUnit } from '../model/json.ts';
import type { Drawing, PlotDeclaration } from '../model/plot.ts';
import { columnAt, tablesOf } from './columns.ts';
import type { Loaded, Note } from './loaded.ts';
import { numberOf, textOf } from './table.ts';

/** More cannot be read, and a matrix grows with their square. */
const MOST_CLASSES = 40;

/** Counts rows by the classes in `x` (what is so) and `y` (what was said), as DVC's template does. */
export function drawConfusion(
  { xLabel, yLabel, sources }: PlotDeclaration,
  loaded: readonly Loaded[],
  normalized: boolean,
  note: Note,
): Extract<Drawing, { kind: 'confusion' }> {
  const [source] = sources;
  const actual = source?.x?.field ?? 'actual';
  const predicted = source?.y[0] ?? 'predicted';
  const pairs = new Map<string, (readonly [actual: string, predicted: string])[]>();
  for (const each of tablesOf(loaded)) {
    const from = columnAt(each.table, actual, each, note);
    const to = columnAt(each.table, each.source.y[0] ?? predicted, each, note);
    if (from === undefined || to === undefined) continue;
    const rows = each.table.rows.map((row) => [textOf(row[from]), textOf(row[to])] as const);
    pairs.set(each.revision, [...(pairs.get(each.revision) ?? []), ...rows]);
  }
  const classes = shownClasses([...pairs.values()].flat(), note);
  const at = new Map(classes.map((name, index) => [name, index]));
  const matrices = [...pairs].map(([revision, rows]) => {
    const counts = classes.map(() => new Array<number>(classes.length).fill(0));
    for (const [is, said] of rows) {
      const [row, column] = [counts[at.get(is) ?? -1], at.get(said)];
      if (row !== undefined && column !== undefined) row[column] = (row[column] ?? 0) + 1;
    }
    return { revision, counts };
  });
  return {
    kind: 'confusion',
    actual: xLabel ?? actual,
    predicted: yLabel ?? predicted,
    ...{ classes, normalized, matrices },
  };
}

/** All in order, or those that are mistaken most often. */
function shownClasses(rows: readonly (readonly [string, string])[], note: Note): readonly string[] {
  const all = [...new Set(rows.flat())].sort(inOrder);
  if (all.length <= MOST_CLASSES) return all;
  const mistakes = new Map<string, number>();
  for (const [is, said] of rows) {
    if (is === said) continue;
    for (const name of [is, said]) mistakes.set(name, (mistakes.get(name) ?? 0) + 1);
  }
  note(`the ${MOST_CLASSES} of ${all.length} classes that are mistaken most often are drawn`);
  return all
    .toSorted((a, b) => (mistakes.get(b) ?? 0) - (mistakes.get(a) ?? 0) || inOrder(a, b))
    .slice(0, MOST_CLASSES)
    .sort(inOrder);
}

function inOrder(a: string, b: string): number {
  const [first, second] = [numberOf(a), numberOf(b)];
  return first !== undefined && second !== undefined ? first - second : byCodeUnit(a, b);
}
