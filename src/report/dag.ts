import type { JsonObject } from '../model/json.ts';
import type { DagStage, DagView } from '../model/views.ts';
import { oneLine } from './describe.ts';
import { padTo } from './display-width.ts';
import type { Style } from './style.ts';

/**
 * One stage a row; what a stage needs comes in from the left, and a column stays open for as long
 * as somebody below needs its stage:
 *
 *     ●         fetch
 *     ├─●       stats
 *     ├─┴─●     train
 *     ╰───┴─●   evaluate
 */
export function dagText(view: DagView, style: Style): string {
  const open: (Lane | undefined)[] = [];
  const drawings = view.stages.map((stage, index) => {
    const later = view.stages.slice(index + 1);
    const drawing = row(stage, open, later, style);
    return { stage, drawing };
  });
  const width = Math.max(0, ...drawings.map(({ drawing }) => drawing.length));
  const names = Math.max(0, ...view.stages.map(({ name }) => name.length));
  return drawings
    .map(({ stage, drawing }) => {
      const words = [stage.verdict?.replaceAll('-', ' '), stage.desc && oneLine(stage.desc)];
      const detail = words.filter((word) => word !== undefined).join(', ');
      const label =
        detail === '' ? stage.name : `${padTo(stage.name, names)}  ${style.faint(detail)}`;
      return `${padTo(drawing, width)}  ${label}\n`;
    })
    .join('');
}

interface Lane {
  readonly stage: string;
}

/** Draws one row and brings `open`, the columns in use, up to date. */
function row(
  stage: DagStage,
  open: (Lane | undefined)[],
  later: readonly DagStage[],
  { glyphs }: Style,
): string {
  const needed = open.map(
    (lane) => lane !== undefined && stage.needs.some((n) => n === lane.stage),
  );
  const ends = open.map(
    (lane) => lane !== undefined && !later.some(({ needs }) => needs.some((n) => n === lane.stage)),
  );
  const first = needed.indexOf(true);
  const at =
    first === -1 ? freeColumn(open) : Math.max(needed.lastIndexOf(true) + 1, openWidth(open));

  let text = '';
  for (let column = 0; column < at; column += 1) {
    const inRun = first !== -1 && column >= first;
    const node = mark(column);
    text += node + (inRun ? glyphs.across : ' ');
  }
  text += glyphs.node;
  for (let column = at + 1; column < open.length; column += 1) {
    text += ` ${open[column] === undefined ? ' ' : glyphs.down}`;
  }

  open.forEach((_, column) => {
    if (needed[column] && ends[column]) open[column] = undefined;
  });
  const wanted = later.some(({ needs }) => needs.some((n) => n === stage.name));
  open[at] = wanted ? { stage: stage.name } : undefined;
  while (open.length > 0 && open.at(-1) === undefined) open.pop();
  return text.trimEnd();

  function mark(column: number): string {
    const crossing = first !== -1 && column > first;
    if (needed[column]) {
      if (column === first) return ends[column] ? glyphs.corner : glyphs.tee;
      return ends[column] ? glyphs.join : glyphs.cross;
    }
    if (open[column] !== undefined) return glyphs.down;
    return crossing ? glyphs.across : ' ';
  }
}

const openWidth = (open: readonly (Lane | undefined)[]): number =>
  open.findLastIndex((lane) => lane !== undefined) + 1;

function freeColumn(open: readonly (Lane | undefined)[]): number {
  const free = open.indexOf(undefined);
  return free === -1 ? open.length : free;
}

/** For Markdown that GitHub and GitLab draw. */
export function dagMermaid(view: DagView): string {
  const id = idsOf(view);
  const text = (name: string): string => name.replace(/["<>&]/g, (c) => `#${c.charCodeAt(0)};`);
  const nodes = view.stages.map(({ name }) => `  ${id(name)}["${text(name)}"]`);
  const edges = view.stages.flatMap(({ name, needs }) =>
    needs.map((need) => `  ${id(need)} --> ${id(name)}`),
  );
  return ['flowchart TD', ...nodes, ...edges, ''].join('\n');
}

/** For Graphviz: `avian dag --dot | dot -Tsvg`. */
export function dagDot(view: DagView): string {
  const quoted = (name: string): string => `"${name.replace(/["\\]/g, '\\$&')}"`;
  const nodes = view.stages.map(({ name }) => `  ${quoted(name)};`);
  const edges = view.stages.flatMap(({ name, needs }) =>
    needs.map((need) => `  ${quoted(need)} -> ${quoted(name)};`),
  );
  return ['digraph pipeline {', '  node [shape=box];', ...nodes, ...edges, '}', ''].join('\n');
}

function idsOf(view: DagView): (name: string) => string {
  const ids = new Map(view.stages.map(({ name }, index) => [name as string, `s${index}`]));
  return (name) => ids.get(name) ?? 'unknown';
}

export const dagJson = (view: DagView): JsonObject => ({
  v: 1,
  stages: view.stages.map(({ name, needs, outs, desc, verdict }) => ({
    name,
    needs,
    outs,
    ...(desc !== undefined && { desc }),
    ...(verdict !== undefined && { verdict }),
  })),
});
