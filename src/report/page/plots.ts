import type { Cell, DrawnTable, Drawing, Picture, Plot, Series } from '../../model/plot.ts';
import { lineChart, nameOf } from '../charts/lines.ts';
import { count, decimal } from '../units.ts';
import { dataTable, folded } from './data-table.ts';
import { html, NOTHING, type Markup } from './html.ts';

/** A declared chart with its title, what could not be done, and its figures as a table. */
export const plotFigure = ({ title, stage, drawing, notes }: Plot): Markup =>
  html`<figure class="plot ${drawing.kind}">
    <figcaption>
      ${title}${stage === undefined ? NOTHING : html` <span class="faint">${stage}</span>`}
    </figcaption>
    ${drawn(drawing, title)}${notes.map((note) => html`<p class="note">${note}</p>`)}
  </figure>`;

function drawn(drawing: Drawing, title: string): Markup {
  switch (drawing.kind) {
    case 'lines':
      return html`${lineChart(drawing, describeLines(drawing, title))}${folded('Figures', figures(drawing, title))}`;
    case 'bars':
      return bars(drawing, title);
    case 'confusion':
      return html`${drawing.matrices.map((_, at) => confusion(drawing, at, title))}`;
    case 'table':
      return html`${drawing.tables.map((table) => rows(table, drawing.tables, title))}`;
    case 'pictures':
      return pictures(drawing);
    case 'nothing':
      return html`<p class="nothing">Nothing to draw.</p>`;
  }
}

type Lines = Extract<Drawing, { kind: 'lines' }>;

/** What a person who sees it would say: each curve with where it begins, ends and is lowest and highest. */
function describeLines({ series, x }: Lines, title: string): string {
  const curves = series.flatMap((each) => {
    const values = each.points.map(({ y }) => y);
    const [first, last] = [values[0], values.at(-1)];
    if (first === undefined || last === undefined) return [];
    const [low, high] = [values.reduce(lower), values.reduce(higher)];
    return `${nameOf(each, series)} from ${decimal(first)} to ${decimal(last)}, between ${decimal(low)} and ${decimal(high)}`;
  });
  return `${title}, by ${x.label}: ${curves.join('; ')}`;
}

const lower = (a: number, b: number): number => Math.min(a, b);
const higher = (a: number, b: number): number => Math.max(a, b);

const MOST_FIGURES = 60;

/** By the horizontal axis, a column a curve; of a long one every so many rows, with the last. */
function figures({ x, series }: Lines, title: string): Markup {
  const values = new Map<number | string, Map<Series, number>>();
  for (const each of series) {
    for (const point of each.points) {
      const row = values.get(point.x) ?? new Map<Series, number>();
      values.set(point.x, row.set(each, point.y));
    }
  }
  const all = [...values];
  const every = Math.ceil(all.length / MOST_FIGURES);
  const kept = all.filter((_, at) => at % every === 0 || at === all.length - 1);
  const head = [
    { text: x.label },
    ...series.map((each) => ({ text: nameOf(each, series), isNumber: true })),
  ];
  const about = kept.length < all.length ? ` (${kept.length} of ${all.length} rows)` : '';
  return dataTable(
    `${title}${about}`,
    head,
    kept.map(([at, row]) => ({
      cells: [
        { content: at },
        ...series.map((each) => {
          const value = row.get(each);
          return value === undefined ? { content: '' } : { content: decimal(value), sort: value };
        }),
      ],
    })),
  );
}

/** A table whose figures are also lengths: it says the same without colour or style. */
function bars({ bars: all, of, label }: Extract<Drawing, { kind: 'bars' }>, title: string): Markup {
  const flat = all.flatMap(({ values }) => values);
  const most = Math.max(...flat.map(({ value }) => Math.abs(value)), Number.MIN_VALUE);
  const several = new Set(flat.map(({ revision }) => revision)).size > 1;
  return dataTable(
    title,
    [{ text: of || 'name' }, { text: label, isNumber: true }],
    all.map(({ name, values }) => ({
      cells: [
        { content: name },
        {
          content: html`${values.map(
            ({ value, revision }, at) =>
              html`<span class="bar"
                ><i
                  class="c${at % 8}"
                  style="--part:${Math.round((Math.abs(value) / most) * 1000) / 10}%"
                ></i
                ><b>${decimal(value)}${several ? ` ${revision}` : ''}</b></span
              >`,
          )}`,
          sort: values[0]?.value ?? 0,
        },
      ],
    })),
  );
}

type Confusion = Extract<Drawing, { kind: 'confusion' }>;

/** Right answers on the diagonal in one colour, mistakes in another, by their share of the row. */
function confusion(
  { classes, matrices, actual, predicted, normalized }: Confusion,
  at: number,
  title: string,
): Markup {
  const { counts = [], revision = '' } = matrices[at] ?? {};
  const caption = matrices.length > 1 ? `${title} (${revision})` : title;
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
    <table class="confusion">
      <caption>
        Rows: ${actual}. Columns: ${predicted}.${matrices.length > 1 ? ` ${revision}` : ''}
      </caption>
      <thead>
        <tr>
          <td></td>
          ${classes.map((name) => html`<th scope="col"><span>${name}</span></th>`)}
        </tr>
      </thead>
      <tbody>
        ${classes.map((name, row) => {
          const line = counts[row] ?? [];
          const sum = line.reduce((total, value) => total + value, 0);
          return html`<tr>
            <th scope="row">${name}</th>
            ${line.map((value, column) => {
              const share = sum === 0 ? 0 : value / sum;
              const text =
                value === 0 ? '' : normalized ? `${Math.round(share * 100)}%` : String(value);
              return html`<td
                class="${row === column ? 'right' : 'wrong'}"
                style="--share:${Math.round(share * 100)}%"
                title="${name} taken for ${classes[column] ?? ''}: ${value} of ${sum}"
              >
                ${text}
              </td>`;
            })}
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}

function rows(table: DrawnTable, all: readonly DrawnTable[], title: string): Markup {
  const isNumber = table.columns.map((_, at) =>
    table.rows.every((row) => row[at] === null || numeric(row[at])),
  );
  const several = all.length > 1;
  const caption = several ? `${title}: ${table.file}, ${table.revision}` : title;
  const shown = dataTable(
    caption,
    table.columns.map((text, at) => ({ text, isNumber: isNumber[at] ?? false })),
    table.rows.map((row) => ({
      cells: row.map((cell, at) =>
        isNumber[at] === true && cell !== null
          ? { content: decimal(Number(cell)), sort: Number(cell) }
          : { content: String(cell ?? '') },
      ),
    })),
  );
  const more =
    table.leftOut === 0
      ? NOTHING
      : html`<p class="note">${count(table.leftOut, 'further row')} left out.</p>`;
  return html`${shown}${more}`;
}

const numeric = (cell: Cell | undefined): boolean =>
  typeof cell === 'number' ||
  (typeof cell === 'string' && cell.trim() !== '' && Number.isFinite(Number(cell)));

function pictures({ pictures: all, leftOut }: Extract<Drawing, { kind: 'pictures' }>): Markup {
  const several = new Set(all.map(({ revision }) => revision)).size > 1;
  const about = (picture: Picture): string =>
    [
      ...picture.facts.map(({ name, value }) => `${name}: ${value}`),
      ...(several ? [picture.revision] : []),
    ].join(', ') || picture.name;
  return html`<ul class="pictures">
      ${all.map(
        (picture) =>
          html`<li>
            <img
              src="data:${picture.type};base64,${picture.base64}"
              alt="${about(picture)}"
              loading="lazy"
            />
            <dl>
              ${picture.facts.map(
                ({ name, value }) =>
                  html`<div>
                    <dt>${name}</dt>
                    <dd>${short(value)}</dd>
                  </div>`,
              )}${
                picture.facts.length === 0
                  ? html`<div>
                      <dt>file</dt>
                      <dd>${picture.name}</dd>
                    </div>`
                  : NOTHING
              }${
                several
                  ? html`<div>
                      <dt>of</dt>
                      <dd>${picture.revision}</dd>
                    </div>`
                  : NOTHING
              }
            </dl>
          </li>`,
      )}
    </ul>
    ${leftOut === 0 ? NOTHING : html`<p class="note">${count(leftOut, 'further picture')} left out.</p>`}`;
}

const short = (value: string): string =>
  numeric(value) && value.length > 7 ? decimal(Number(value)) : value;
