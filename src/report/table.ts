import { displayWidth, padTo } from './display-width.ts';

/** A cell; `paint` colours it after its width is known. */
export interface Cell {
  readonly text: string;
  readonly paint?: (text: string) => string;
  readonly right?: true;
  /** Nothing stands behind it, so a long one need not push the columns of other rows aside. */
  readonly loose?: true;
}

/** Rows with aligned columns, two spaces between them, no space at the end of a line. */
export function table(rows: readonly (readonly Cell[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, at) => {
      if (cell.loose) return;
      widths[at] = Math.max(widths[at] ?? 0, displayWidth(cell.text));
    });
  }
  return rows.map((row) => `${line(row, widths)}\n`).join('');
}

function line(row: readonly Cell[], widths: readonly number[]): string {
  const last = row.findLastIndex((cell) => cell.text !== '');
  return row
    .slice(0, last + 1)
    .map((cell, at) => {
      const width = widths[at] ?? 0;
      const missing = ' '.repeat(Math.max(0, width - displayWidth(cell.text)));
      const text = cell.paint?.(cell.text) ?? cell.text;
      if (cell.right) return missing + text;
      return at === last ? text : text + missing;
    })
    .join('  ');
}

/** `name` in a column of its own, further lines under `text` indented to it. */
export const hanging = (name: string, width: number, lines: readonly string[]): string =>
  lines.map((text, at) => `${padTo(at === 0 ? name : '', width)}  ${text}\n`).join('');
