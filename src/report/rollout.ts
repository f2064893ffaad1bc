import type { JsonObject } from '../model/json.ts';
import type { RolloutView } from '../model/rollout-view.ts';
import { oneLine } from './describe.ts';
import type { Style } from './style.ts';
import { table, type Cell } from './table.ts';
import { ago } from './units.ts';

/** @param now milliseconds since 1970 */
export function rolloutText(view: RolloutView, style: Style, now: number): string {
  const { glyphs } = style;
  const head = [
    `${style.strong(view.name)} on ${view.target}: ${oneLine(view.condition)}`,
    ...(view.url === undefined ? [] : [`url ${oneLine(view.url)}`]),
    ...(view.resource === undefined ? [] : [style.faint(oneLine(view.resource))]),
  ];
  const rows = view.revisions.map((each): readonly Cell[] => {
    const { revision, percent, ready, image, tags, deployment } = each;
    const glyph = percent > 0 ? glyphs.executed : ready ? glyphs.waiting : glyphs.failed;
    const digest = /sha256:([0-9a-f]{12})/.exec(image)?.[1] ?? image;
    return [
      {
        text: `${glyph} ${percent} %`,
        paint: percent > 0 ? style.good : ready ? style.faint : style.bad,
      },
      { text: oneLine(revision) },
      { text: ready ? '' : 'not ready', paint: style.bad },
      { text: `image ${oneLine(digest)}`, paint: style.faint },
      { text: tags.map(({ tag, url }) => `${tag} ${url ?? ''}`.trim()).join(', ') },
      {
        text: deployment === undefined ? '' : `recorded ${ago(deployment.startedAt, now)}`,
        paint: style.faint,
      },
    ];
  });
  const pending =
    view.pending === undefined
      ? []
      : [`under way since ${view.pending.startedAt}: \`avian deploy\` goes on with it`];
  const notes = view.notes.map((note) => `note: ${oneLine(note)}`);
  return `${head.join('\n')}\n${rows.length === 0 ? '' : table(rows)}${[...pending, ...notes]
    .map((line) => `${line}\n`)
    .join('')}`;
}

export const rolloutJson = (view: RolloutView): JsonObject => ({
  v: 1,
  name: view.name,
  target: view.target,
  url: view.url ?? null,
  resource: view.resource ?? null,
  condition: view.condition,
  revisions: view.revisions.map(({ revision, percent, ready, image, tags, deployment }) => ({
    revision,
    percent,
    ready,
    image,
    tags: tags.map(({ tag, url }) => ({ tag, url: url ?? null })),
    artifact: deployment?.artifact ?? null,
  })),
  pending: view.pending ?? null,
  notes: view.notes,
});
