import { csvParseRows, tsvParseRows } from 'd3-dsv';
import { dotted, isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts';
import type { Cell } from '../model/plot.ts';
import { err, ok, type Result } from '../model/result.ts';

/** Rows of a data file; every row has a cell for every column. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

const READERS: { readonly [ending: string]: (text: string, header: boolean) => unknown } = {
  csv: (text, header) => rowsOf(csvParseRows(text), header),
  tsv: (text, header) => rowsOf(tsvParseRows(text), header),
  json: (text) => tableOf(JSON.parse(text) as JsonValue),
  jsonl: (text) => tableOf(linesOf(text)),
  ndjson: (text) => tableOf(linesOf(text)),
};

/** Whether a file of this name holds rows, as far as its name tells. */
export const isDataFile = (name: string): boolean =>
  Object.hasOwn(READERS, endingOf(name)) || isYaml(name);

/** The rows of CSV, TSV, JSON, JSON lines or YAML; or why there are none, as the end of a sentence. */
export async function readTable(
  name: string,
  text: string,
  header: boolean,
): Promise<Result<Table, string>> {
  const whole = text.replace(/^\uFEFF/, '');
  try {
    const table = isYaml(name)
      ? tableOf((await import('yaml')).parse(whole, { maxAliasCount: 100 }) as JsonValue)
      : READERS[endingOf(name)]?.(whole, header);
    if (table === undefined) return err('is no CSV, TSV, JSON, JSON lines or YAML file');
    return (table as Table).columns.length === 0 ? err('holds no rows') : ok(table as Table);
  } catch (error) {
    const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    return err(`cannot be read: ${first}`);
  }
}

const endingOf = (name: string): string => /\.([a-z]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
const isYaml = (name: string): boolean => ['yaml', 'yml'].includes(endingOf(name));

function rowsOf(lines: readonly (readonly string[])[], header: boolean): Table {
  const filled = lines.filter((line) => line.length > 1 || (line[0] ?? '') !== '');
  const [first = []] = filled;
  // As DVC numbers them.
  const columns = header ? first : first.map((_, at) => String(at));
  const rows = (header ? filled.slice(1) : filled).map((line) =>
    columns.map((_, at): Cell => (line[at] ?? '') || null),
  );
  return { columns, rows };
}

const linesOf = (text: string): JsonValue =>
  text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [JSON.parse(line) as JsonValue]));

/**
 * A list of objects is its rows, wherever in the value it is met first, as in DVC; numbers alone are
 * rows of one column, and an object without any list is one row.
 */
function tableOf(value: JsonValue): Table {
  const list = firstList(value);
  if (list !== undefined) return fromObjects(list);
  if (Array.isArray(value) && value.length > 0) {
    return { columns: ['value'], rows: value.map((each: JsonValue) => [cellOf(each)]) };
  }
  return isJsonObject(value) ? fromObjects([value]) : { columns: [], rows: [] };
}

function firstList(value: JsonValue): readonly JsonObject[] | undefined {
  if (Array.isArray(value)) {
    return value.length > 0 && value.every(isJsonObject) ? value : undefined;
  }
  if (!isJsonObject(value)) return undefined;
  for (const member of Object.values(value)) {
    const found = firstList(member);
    if (found !== undefined) return found;
  }
  return undefined;
}

function fromObjects(objects: readonly JsonObject[]): Table {
  const flat = objects.map((object) => new Map(Object.entries(dotted(object))));
  const columns = [...new Set(flat.flatMap((row) => [...row.keys()]))];
  const rows = flat.map((row) => columns.map((column) => cellOf(row.get(column) ?? null)));
  return { columns, rows };
}

const cellOf = (value: JsonValue): Cell =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : value;

/** A cell as a number, where it is one or is written as one. */
export function numberOf(cell: Cell | undefined): number | undefined {
  if (typeof cell === 'string' && cell.trim() === '') return undefined;
  const value = typeof cell === 'string' ? Number(cell) : cell;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** A cell as people read it; empty for nothing there. */
export const textOf = (cell: Cell | undefined): string => String(cell ?? '');
