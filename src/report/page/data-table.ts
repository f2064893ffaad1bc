import { html, type Content, type Markup } from './html.ts';

export interface HeadCell {
  readonly text: string;
  readonly isNumber?: boolean;
  readonly about?: string;
}

/** A cell; `sort` where it is to be ordered by something else than its text. */
export interface DataCell {
  readonly content: Content;
  readonly sort?: string | number;
}

export interface DataRow {
  readonly cells: readonly DataCell[];
  readonly isCurrent?: boolean;
  /** Marks the line of a chart that belongs to it. */
  readonly run?: string;
}

/** A table that reads and prints without a script, and sorts with one. The first column names the row. */
export function dataTable(
  caption: string,
  head: readonly HeadCell[],
  rows: readonly DataRow[],
): Markup {
  const isNumber = (at: number): boolean => head[at]?.isNumber === true;
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
    <table class="data">
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${head.map(
            ({ text, about }, at) =>
              html`<th
                scope="col"
                class="${isNumber(at) ? 'number' : 'text'}"
                title="${about ?? ''}"
              >
                ${text}
              </th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ cells, isCurrent, run }) =>
            html`<tr class="${isCurrent === true ? 'current' : ''}" data-run="${run ?? ''}">
              ${cells.map(({ content, sort }, at) =>
                at === 0
                  ? html`<th scope="row" data-sort="${sort ?? ''}">${content}</th>`
                  : html`<td class="${isNumber(at) ? 'number' : 'text'}" data-sort="${sort ?? ''}">
                      ${content}
                    </td>`,
              )}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** What stands behind a picture, for those who cannot see it or want the figures. */
export const folded = (summary: string, content: Content): Markup =>
  html`<details>
    <summary>${summary}</summary>
    ${content}
  </details>`;

/** Short texts that a narrow column would break for nothing. */
export const unbroken = (text: string): string => text.replaceAll(' ', '\u00a0');
