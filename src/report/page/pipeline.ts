import type { ReportStage, ReportView } from '../../model/report-views.ts';
import { gantt, type Span } from '../charts/gantt.ts';
import { graphChart, MOST_NODES } from '../charts/graph.ts';
import { shortRun } from '../describe.ts';
import { ago, bytes, duration } from '../units.ts';
import { dataTable, folded, unbroken } from './data-table.ts';
import { html } from './html.ts';
import { section, type Section } from './section.ts';

const GLYPHS: { readonly [verdict in ReportStage['verdict']]: string } = {
  'up-to-date': '✓',
  frozen: '✓',
  restorable: '↺',
  stale: '!',
  undetermined: '⋯',
};

const wordOf = (verdict: ReportStage['verdict']): string =>
  `${GLYPHS[verdict]} ${verdict.replaceAll('-', ' ')}`;

/** The graph of stages with their state, and each with its latest run. */
export function pipelineSection({ stages }: ReportView, now: number): Section {
  const nodes = stages.map(({ name, verdict, run, desc }) => ({
    id: name,
    lines: [name, `${wordOf(verdict)}${run === undefined ? '' : `, ${duration(run.durationMs)}`}`],
    look: `stage ${verdict}`,
    about: desc === undefined ? name : `${name}: ${desc}`,
  }));
  const edges = stages.flatMap(({ name, needs }) => needs.map((from) => ({ from, to: name })));
  const about = stages
    .filter(({ needs }) => needs.length > 0)
    .map(({ name, needs }) => `${name} needs ${needs.join(', ')}`);
  const drawn = graphChart(nodes, edges, `The graph of stages: ${about.join('; ')}`);
  const table = dataTable(
    'Stages',
    [
      ...['stage', 'state', 'needs', 'last run', 'by', 'run'].map((text) => ({ text })),
      { text: 'time', isNumber: true },
      { text: 'memory', isNumber: true, about: 'the most that its command held' },
    ],
    stages.map(({ name, desc, verdict, needs, run }) => ({
      cells: [
        {
          content: html`${name}${desc === undefined ? '' : html`<small>${desc}</small>`}`,
          sort: name,
        },
        { content: wordOf(verdict) },
        { content: needs.join(', ') },
        {
          content: run === undefined ? 'not known here' : unbroken(ago(run.startedAt, now)),
          sort: run?.startedAt ?? '',
        },
        { content: run === undefined ? '' : `${run.provenance.user}@${run.provenance.host}` },
        { content: run === undefined ? '' : html`<code>${shortRun(run.id)}</code>` },
        { content: run === undefined ? '' : duration(run.durationMs), sort: run?.durationMs ?? -1 },
        {
          content: run?.peakMemoryBytes === undefined ? '' : bytes(run.peakMemoryBytes),
          sort: run?.peakMemoryBytes ?? -1,
        },
      ],
    })),
  );
  const tooMany =
    nodes.length > MOST_NODES
      ? html`<p class="note">${nodes.length} stages are too many to draw.</p>`
      : '';
  return section(
    'pipeline',
    'Pipeline',
    html`<div class="scroll wide" role="region" aria-label="Graph of stages" tabindex="0">
        ${drawn}
      </div>
      ${tooMany}${table}`,
  );
}

/** Runs further apart were not of one invocation. */
const PAUSE_MS = 60_000;

/** When each command ran, a drawing for each time that somebody let them run. */
export function timesSection({ stages }: ReportView, now: number): Section | undefined {
  const runs = stages
    .flatMap(({ name, run }) => {
      if (run === undefined || run.adopted !== undefined) return [];
      return [{ name, startMs: Date.parse(run.startedAt), durationMs: run.durationMs }];
    })
    .sort((a, b) => a.startMs - b.startMs);
  if (runs.length === 0) return undefined;
  const groups: Span[][] = [];
  let end = -Infinity;
  for (const run of runs) {
    const last = groups.at(-1);
    if (last === undefined || run.startMs > end + PAUSE_MS) groups.push([run]);
    else last.push(run);
    end = Math.max(end, run.startMs + run.durationMs);
  }
  const newest = groups.toReversed().map((group) => {
    const first = group[0]?.startMs ?? 0;
    const spans = group.map((span) => ({ ...span, startMs: span.startMs - first }));
    const started = new Date(first).toISOString();
    const told = spans.map(({ name, durationMs }) => `${name} ${duration(durationMs)}`).join(', ');
    const title = `${started.slice(0, 16).replace('T', ' ')} UTC`;
    return html`<figure>
      <figcaption>${title} <span class="faint">${ago(started, now)}</span></figcaption>
      <div class="scroll wide" role="region" aria-label="Times of ${title}" tabindex="0">
        ${gantt(spans, `Times of stages: ${told}`)}
      </div>
    </figure>`;
  });
  const [latest, ...earlier] = newest;
  return section(
    'times',
    'Times',
    html`${latest}${earlier.length === 0 ? '' : folded(`Stages that ran before (${earlier.length})`, earlier)}`,
  );
}
