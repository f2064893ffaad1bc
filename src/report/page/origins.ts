import type { LinkedArtifact, ReportView } from '../../model/report-views.ts';
import { graphChart, MOST_NODES, type GraphEdge, type GraphNode } from '../charts/graph.ts';
import { shortDigest, shortRun } from '../describe.ts';
import { ago, bytes, count } from '../units.ts';
import { dataTable, unbroken } from './data-table.ts';
import { html } from './html.ts';
import { section, type Section } from './section.ts';

const sizeText = ({ size, files }: LinkedArtifact): string =>
  files === undefined ? bytes(size) : `${bytes(size)}, ${count(files, 'file')}`;

/** How much room each artifact takes. */
export function artifactsSection({ lineage: { artifacts } }: ReportView): Section | undefined {
  if (artifacts.length === 0) return undefined;
  const largest = Math.max(1, ...artifacts.map(({ size }) => size));
  const total = artifacts.reduce((sum, { size }) => sum + size, 0);
  const table = dataTable(
    `${count(artifacts.length, 'artifact')}, ${bytes(total)}`,
    [
      { text: 'path' },
      { text: 'made by' },
      { text: 'size', isNumber: true },
      { text: 'files', isNumber: true },
      { text: 'digest' },
    ],
    artifacts
      .toSorted((a, b) => b.size - a.size)
      .map(({ path, stage, size, files, digest }) => ({
        cells: [
          { content: path },
          { content: stage ?? 'a person' },
          {
            content: html`<span class="bar"
              ><i class="c0" style="--part:${Math.round((size / largest) * 1000) / 10}%"></i
              ><b>${bytes(size)}</b></span
            >`,
            sort: size,
          },
          { content: files ?? '', sort: files ?? 0 },
          { content: html`<code title="${digest}">${shortDigest(digest)}</code>` },
        ],
      })),
  );
  return section('artifacts', 'Artifacts', table);
}

/** From raw data to what serves: which run read and made what. */
export function lineageSection({ lineage, stages }: ReportView, now: number): Section | undefined {
  const { artifacts, links, deployments } = lineage;
  if (artifacts.length === 0) return undefined;
  const made = new Map(stages.flatMap(({ name, run }) => (run === undefined ? [] : [[name, run]])));
  const nodes: readonly GraphNode[] = [
    ...artifacts.map((each) => ({
      id: `artifact ${each.path}`,
      lines: [
        each.path.split('/').at(-1) ?? each.path,
        `${shortDigest(each.digest)}  ${bytes(each.size)}`,
      ],
      look: each.stage === undefined ? 'artifact source' : 'artifact',
      about: `${each.path}\n${each.digest}\n${sizeText(each)}`,
    })),
    ...[...made].map(([name, run]) => ({
      id: `run ${name}`,
      lines: [name, `run ${shortRun(run.id)}`],
      look: 'run',
      about: [
        `${name}, run ${run.id}`,
        `${run.startedAt} by ${run.provenance.user}@${run.provenance.host}`,
        ...(run.provenance.commit === undefined ? [] : [`commit ${run.provenance.commit}`]),
        ...run.input.deps.map(({ path, digest }) => `read ${path} ${shortDigest(digest)}`),
      ].join('\n'),
    })),
    ...deployments.map((each) => ({
      id: `deployment ${each.name}`,
      lines: [each.revision, each.url],
      look: 'deployment',
      about: `${each.name}, ${each.revision}\n${each.url}\n${each.image}`,
    })),
  ];
  const edges: readonly GraphEdge[] = [
    ...artifacts.flatMap(({ path, stage }) =>
      stage === undefined ? [] : [{ from: `run ${stage}`, to: `artifact ${path}` }],
    ),
    ...links.map(({ from, to, isOlder }) => ({
      ...{ from: `artifact ${from}`, to: `run ${to}` },
      look: isOlder ? 'older' : '',
    })),
    ...deployments.flatMap((each) => {
      const image = artifacts.find(({ digest }) => digest === each.artifact);
      if (image === undefined) return [];
      return [{ from: `artifact ${image.path}`, to: `deployment ${each.name}` }];
    }),
  ];
  const told = links.map(({ from, to }) => `${to} read ${from}`).join('; ');
  const drawn = graphChart(nodes, edges, `Where everything came from: ${told}`);
  const table = dataTable(
    'Runs',
    ['stage', 'run', 'when', 'commit', 'read', 'wrote', 'facts'].map((text) => ({ text })),
    [...made].map(([name, run]) => ({
      cells: [
        { content: name },
        { content: html`<code title="${run.id}">${shortRun(run.id)}</code>` },
        { content: unbroken(ago(run.startedAt, now)), sort: run.startedAt },
        {
          content: html`<code>${run.provenance.commit?.slice(0, 7)}</code
            >${run.provenance.dirty === true ? ' and changes' : ''}`,
        },
        { content: lines(run.input.deps.map(({ path, digest }) => [path, digest])) },
        { content: lines(Object.entries(run.outs).map(([path, { digest }]) => [path, digest])) },
        {
          content: Object.entries(run.provenance.facts ?? {})
            .map(
              ([fact, value]) =>
                `${fact} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
            )
            .join(', '),
        },
      ],
    })),
  );
  const service = deployments.map(
    ({ name, revision, url, startedAt }) =>
      html`<p>
        <strong>${name}</strong> ${revision} answers at ${address(url)}, since
        ${ago(startedAt, now)}.
      </p>`,
  );
  const tooMany =
    nodes.length > MOST_NODES
      ? html`<p class="note">${nodes.length} artifacts and runs are too many to draw.</p>`
      : '';
  return section(
    'lineage',
    'Lineage',
    html`${service}
      <div class="scroll wide" role="region" aria-label="Graph of lineage" tabindex="0">
        ${drawn}
      </div>
      ${tooMany}${table}`,
  );
}

const lines = (all: readonly (readonly [path: string, digest: string])[]) =>
  html`${all.map(([path, digest], at) => html`${at === 0 ? '' : html`<br />`}${path} <code>${shortDigest(digest)}</code>`)}`;

/** A link for a browser; anything but the web's own addresses stays text. */
const address = (url: string) =>
  /^https?:\/\//.test(url) ? html`<a href="${url}" rel="noreferrer">${url}</a>` : html`${url}`;
