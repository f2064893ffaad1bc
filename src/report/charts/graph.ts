import layouts from '@dagrejs/dagre';
import { curveBasis, line } from 'd3-shape';
import { html, NOTHING, type Markup } from '../page/html.ts';
import { drawing, fitted, round, textWidth } from './frame.ts';

export interface GraphNode {
  readonly id: string;
  /** The first one is its name. */
  readonly lines: readonly string[];
  /** How it looks: `stage fresh`, `artifact`, … */
  readonly look: string;
  /** All that there is to say, for whoever points at it. */
  readonly about: string;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly look?: string;
}

/** The part of dagre that is used here: its own types name each other without endings, where Node's rules find nothing. */
interface Layouts {
  readonly graphlib: { readonly Graph: new (kind: { readonly multigraph: true }) => Layout };
  readonly layout: (graph: Layout) => void;
}

interface Layout {
  setGraph(options: { readonly [name: string]: string | number }): void;
  setNode(id: string, size: { readonly width: number; readonly height: number }): void;
  setEdge(from: string, to: string, label: object, name: string): void;
  graph(): { readonly width?: number; readonly height?: number };
  node(id: string): Placed;
  edge(from: string, to: string, name: string): { readonly points: { x: number; y: number }[] };
}

const dagre = layouts as unknown as Layouts;

const LINE = 16;
const WIDEST = 240;
/** A layout of more takes seconds, and nobody finds anything in it. */
export const MOST_NODES = 200;

/** Boxes and arrows from left to right; nothing where there are none, or more than can be read. */
export function graphChart(
  nodes: readonly GraphNode[],
  edges: readonly GraphEdge[],
  label: string,
): Markup {
  if (nodes.length === 0 || nodes.length > MOST_NODES) return NOTHING;
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'LR', nodesep: 14, ranksep: 44, marginx: 4, marginy: 4 });
  for (const { id, lines } of nodes) {
    const width = Math.min(WIDEST, Math.max(...lines.map(textWidth)) + 22);
    graph.setNode(id, { width, height: lines.length * LINE + 14 });
  }
  const known = new Set(nodes.map(({ id }) => id));
  const shown = edges.filter(({ from, to }) => known.has(from) && known.has(to));
  shown.forEach(({ from, to }, index) => graph.setEdge(from, to, {}, String(index)));
  dagre.layout(graph);
  const path = line<{ x: number; y: number }>(
    ({ x }) => x,
    ({ y }) => y,
  )
    .curve(curveBasis)
    .digits(1);
  const size = graph.graph();
  return drawing(
    { width: size.width ?? 0, height: size.height ?? 0 },
    label,
    shown.map(({ from, to, look = '' }, index) => {
      const edge = graph.edge(from, to, String(index));
      return html`<path
        class="edge ${look}"
        d="${path(edge.points) ?? ''}"
        marker-end="url(#arrow)"
      />`;
    }),
    nodes.map(({ id, lines, look, about }) => {
      const { x, y, width, height } = graph.node(id);
      const [left, top] = [x - width / 2, y - height / 2];
      return html`<g class="node ${look}"
        ><title>${about}</title
        ><rect
          x="${round(left)}"
          y="${round(top)}"
          width="${round(width)}"
          height="${round(height)}"
          rx="6"
        />${lines.map(
          (text, row) =>
            html`<text
              x="${round(left + 11)}"
              y="${round(top + 18 + row * LINE)}"
              class="${row === 0 ? 'name' : 'more'}"
              >${fitted(text, width - 20)}</text
            >`,
        )}</g
      >`;
    }),
  );
}

interface Placed {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
