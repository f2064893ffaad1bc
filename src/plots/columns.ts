import { closest } from '../model/did-you-mean.ts';
import type { Loaded, LoadedTable, Note } from './loaded.ts';
import type { Table } from './table.ts';

/** The position of a column; a note, and nothing, where the table does not have it. */
export function columnAt(
  { columns }: Table,
  field: string,
  { file }: { readonly file: string },
  note: Note,
): number | undefined {
  const at = columns.indexOf(field);
  if (at >= 0) return at;
  const near = closest(field, columns);
  const hint = near === undefined ? `it has: ${columns.join(', ')}` : `did you mean \`${near}\`?`;
  note(`${file} has no field \`${field}\`; ${hint}`);
  return undefined;
}

/** Every table of every revision, in order. */
export const tablesOf = (
  loaded: readonly Loaded[],
): readonly (LoadedTable & { readonly revision: string })[] =>
  loaded.flatMap(({ revision, tables }) => tables.map((each) => ({ revision, ...each })));
