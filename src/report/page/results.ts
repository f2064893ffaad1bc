import { valueIn } from '../../model/experiment.ts';
import type { ReportMetric, ReportView } from '../../model/report-views.ts';
import { parallelChart } from '../charts/parallel.ts';
import { shortRun } from '../describe.ts';
import { commitsText, valueText } from '../experiments.ts';
import { ago, count, decimal, duration } from '../units.ts';
import { dataTable, folded, unbroken } from './data-table.ts';
import { html } from './html.ts';
import { section, type Section } from './section.ts';

const ARROWS = { maximize: '↑ more is better', minimize: '↓ less is better' } as const;

/** The numbers of the metrics files: those that somebody cares for large, all of them in a table. */
export function metricsSection({ metrics }: ReportView): Section | undefined {
  if (metrics.length === 0) return undefined;
  const judged = metrics.filter(({ direction }) => direction !== undefined);
  const tiles = judged.map(
    (metric) =>
      html`<div>
        <dt>${metric.name} <span class="faint">${metric.stage}</span></dt>
        <dd>${decimal(metric.value)}</dd>
        ${change(metric)}
      </div>`,
  );
  const table = dataTable(
    'Metrics',
    [
      { text: 'metric' },
      { text: 'file' },
      { text: 'value', isNumber: true },
      { text: 'at HEAD', isNumber: true, about: 'where it was another one' },
      { text: 'direction' },
      { text: 'gate' },
    ],
    metrics.map(({ name, path, value, before, direction, gate }) => ({
      cells: [
        { content: name },
        { content: path },
        { content: decimal(value), sort: value },
        { content: before === undefined ? '' : decimal(before), sort: before ?? '' },
        { content: direction === undefined ? '' : ARROWS[direction] },
        { content: gate === undefined ? '' : `${gate.comparison} ${decimal(gate.bound)}` },
      ],
    })),
  );
  return section(
    'metrics',
    'Metrics',
    html`<dl class="tiles">${tiles}</dl>
      ${judged.length === 0 ? table : folded(count(metrics.length, 'metric'), table)}`,
  );
}

function change({ value, before, direction }: ReportMetric) {
  if (before === undefined || direction === undefined) return undefined;
  const isBetter = value > before === (direction === 'maximize');
  const by = value - before;
  return html`<dd class="${isBetter ? 'better' : 'worse'}">
    ${by > 0 ? '+' : ''}${decimal(by)} ${isBetter ? 'better' : 'worse'} than HEAD
  </dd>`;
}

/** What was tried, as lines over an axis for each thing that differs, and as a table. */
export function experimentsSection(
  { experiments: view }: ReportView,
  now: number,
): Section | undefined {
  const { experiments, columns, leftOut } = view;
  if (experiments.length === 0) return undefined;
  // The axis that is asked about most comes last and gives the colour.
  const axes = columns.map((column) => ({
    label: column.label,
    values: experiments.map((each) => valueIn(column, each)),
  }));
  const lines = experiments.map((each) => ({
    id: shortRun(each.id),
    isCurrent: each.isCurrent,
    about: [
      `run ${shortRun(each.id)}`,
      ...columns.map((column) => `${column.label} ${valueText(valueIn(column, each))}`),
    ].join('\n'),
  }));
  const table = dataTable(
    'Experiments',
    [
      ...['run', 'when'].map((text) => ({ text })),
      ...columns.map((column) => ({
        text: column.label,
        isNumber: axes.some(
          ({ label, values }) =>
            label === column.label &&
            values.every((value) => value === undefined || typeof value === 'number'),
        ),
        ...(column.kind === 'metric' && { about: column.path }),
      })),
      ...['changed by', 'commit'].map((text) => ({ text })),
      { text: 'time', isNumber: true },
    ],
    experiments.map((each) => ({
      isCurrent: each.isCurrent,
      run: shortRun(each.id),
      cells: [
        {
          content: html`<code>${shortRun(each.id)}</code>${each.isCurrent ? ' current' : ''}`,
          sort: each.id,
        },
        { content: unbroken(ago(each.startedAt, now)), sort: each.startedAt },
        ...columns.map((column) => {
          const value = valueIn(column, each);
          return {
            content: valueText(value),
            ...(typeof value === 'number' && { sort: value }),
          };
        }),
        { content: each.overrides.join(' ') },
        {
          content: html`<span title="${each.commits.map(({ subject }) => subject).join('\n')}"
            >${commitsText(each)}</span
          >`,
        },
        { content: duration(each.durationMs), sort: each.durationMs },
      ],
    })),
  );
  const chart = parallelChart(
    axes,
    lines,
    `${count(lines.length, 'experiment')} compared by ${columns.map(({ label }) => label).join(', ')}`,
  );
  return section(
    'experiments',
    'Experiments',
    html`<div class="scroll wide" role="region" aria-label="Experiments compared" tabindex="0">
        ${chart}
      </div>
      ${table}${leftOut === 0 ? '' : html`<p class="note">${count(leftOut, 'older experiment')} left out.</p>`}`,
  );
}
