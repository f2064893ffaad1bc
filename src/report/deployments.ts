import type { JsonObject } from '../model/json.ts';
import type { DeploymentsView } from '../model/views.ts';
import { oneLine } from './describe.ts';
import type { Style } from './style.ts';
import { table, type Cell } from './table.ts';
import { ago } from './units.ts';

/** @param now milliseconds since 1970 */
export function deploymentsText(view: DeploymentsView, style: Style, now: number): string {
  const { glyphs } = style;
  const looks = {
    serving: { glyph: glyphs.executed, paint: style.good },
    starting: { glyph: glyphs.waiting, paint: style.info },
    stopped: { glyph: glyphs.cancelled, paint: style.faint },
    dead: { glyph: glyphs.failed, paint: style.bad },
  };
  const rows = view.deployments.map(({ deployment, state }): readonly Cell[] => [
    { text: `${looks[state].glyph} ${state}`, paint: looks[state].paint },
    { text: oneLine(deployment.revision) },
    { text: oneLine(deployment.url) },
    { text: `since ${ago(deployment.startedAt, now)}`, paint: style.faint },
  ]);
  return rows.length === 0 ? 'no deployments\n' : table(rows);
}

export const deploymentsJson = (view: DeploymentsView): JsonObject => ({
  v: 1,
  deployments: view.deployments.map(({ deployment, state }) => ({
    name: deployment.name,
    target: deployment.target,
    revision: deployment.revision,
    url: deployment.url,
    ...(deployment.pid !== undefined && { pid: deployment.pid }),
    startedAt: deployment.startedAt,
    image: deployment.image,
    host: deployment.host,
    state,
  })),
});
