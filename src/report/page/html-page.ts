import type { PlotsView } from '../../model/plot.ts';
import type { ReportView } from '../../model/report-views.ts';
import { count } from '../units.ts';
import { BEHAVIOUR } from './behaviour.ts';
import { html, Markup, type Content } from './html.ts';
import { artifactsSection, lineageSection } from './origins.ts';
import { pipelineSection, timesSection } from './pipeline.ts';
import { plotFigure } from './plots.ts';
import { experimentsSection, metricsSection } from './results.ts';
import { section, type Section } from './section.ts';
import { STYLE } from './style.ts';

export interface PageOptions {
  /** What the project is called. */
  readonly project: string;
  /** Milliseconds since 1970, for how long ago things were. */
  readonly now: number;
  /** SHA-256 in base64, so that the page can name the one script that it lets run. */
  readonly sha256: (text: string) => string;
}

/** `avian report`: one file that needs no other, no network, and for reading no script. */
export function reportPage(view: ReportView, options: PageOptions): string {
  const { now } = options;
  const { plots } = view.plots;
  const sections = [
    metricsSection(view),
    pipelineSection(view, now),
    timesSection(view, now),
    plots.length === 0 ? undefined : plotsSection(view.plots),
    experimentsSection(view, now),
    artifactsSection(view),
    lineageSection(view, now),
  ].filter((each) => each !== undefined);
  const stale = view.stages.filter(
    ({ verdict }) => verdict !== 'up-to-date' && verdict !== 'frozen',
  );
  const state =
    stale.length === 0
      ? `${count(view.stages.length, 'stage')}, everything up to date.`
      : `Not up to date: ${stale.map(({ name }) => name).join(', ')}.`;
  const commit =
    view.commit === undefined ? '' : html`, commit <code>${view.commit.slice(0, 10)}</code>`;
  return page(
    options,
    'report',
    html`<p>${view.madeAt.slice(0, 16).replace('T', ' ')} UTC${commit}, avian ${view.avian}</p>
      <p>${state}</p>`,
    sections,
  );
}

/** `avian plots`: the declared charts alone, of one revision or of several over each other. */
export const plotsPage = (view: PlotsView, options: PageOptions): string =>
  page(options, 'plots', html`<p>${view.revisions.join(' and ')}</p>`, [plotsSection(view)]);

const plotsSection = ({ plots }: PlotsView): Section =>
  section('plots', 'Plots', html`<div class="plots">${plots.map(plotFigure)}</div>`);

function page(
  { project, sha256 }: PageOptions,
  what: string,
  about: Content,
  sections: readonly Section[],
): string {
  const policy = [
    "default-src 'none'",
    'img-src data:',
    "style-src 'unsafe-inline'",
    `script-src 'sha256-${sha256(BEHAVIOUR)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const title = `${project}: ${what}`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="generator" content="avian" />
        <title>${title}</title>
        ${new Markup(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        <svg width="0" height="0" aria-hidden="true" style="position:absolute">
          <defs>
            <marker
              id="arrow"
              viewBox="0 0 8 8"
              refX="7"
              refY="4"
              markerWidth="7"
              markerHeight="7"
              orient="auto-start-reverse"
            >
              <path d="M0 0 8 4 0 8z" />
            </marker>
          </defs>
        </svg>
        <header>
          <h1>${title}</h1>
          ${about}
        </header>
        <nav aria-label="Sections">
          ${sections.map(({ id, title: name }) => html`<a href="#${id}">${name}</a>`)}
        </nav>
        <main id="content">${sections.map(({ markup }) => html`${markup} `)}</main>
        ${new Markup(`<script>${BEHAVIOUR}</script>`)}
      </body>
    </html> `.text;
}
