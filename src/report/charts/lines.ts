import { scaleLinear, scalePoint } from 'd3-scale';
import { line } from 'd3-shape';
import type { Drawing, Point, Series } from '../../model/plot.ts';
import { html, NOTHING, type Markup } from '../page/html.ts';
import { decimal } from '../units.ts';
import { drawing, horizontalAxis, round, verticalAxis, type Frame } from './frame.ts';

type Lines = Extract<Drawing, { kind: 'lines' }>;

const FRAME: Frame = { width: 640, height: 300, left: 56, right: 14, top: 26, bottom: 42 };

/** More cannot be told apart at this width. */
const MOST_POINTS = 700;
/** Places at which the values can be read. */
const MOST_MARKS = 100;

/** Curves or points over a common axis, and which is which. */
export function lineChart(chart: Lines, label: string): Markup {
  const { series } = chart;
  const points = series.flatMap((each) => each.points);
  const y = scaleLinear(spread(points.map((point) => point.y)), [
    FRAME.height - FRAME.bottom,
    FRAME.top,
  ]).nice(5);
  const across: [number, number] = [FRAME.left + 4, FRAME.width - FRAME.right - 4];
  const x =
    chart.x.scale === 'number'
      ? scaleLinear(spread(points.map((point) => Number(point.x))), across)
      : scalePoint([...new Set(points.map((point) => String(point.x)))], across);
  const xOf = ({ x: at }: Point): number =>
    ('ticks' in x ? x(Number(at)) : x(String(at))) ?? FRAME.left;
  const looks = looksOf(series);
  const path = line<Point>(xOf, (point) => y(point.y)).digits(1);

  const drawn = series.map((each, index) => {
    const look = looks[index] ?? '';
    if (chart.scattered) return dots(each, look, xOf, y);
    const single = each.points.length === 1 ? dots(each, look, xOf, y) : NOTHING;
    const raw = path(thinned(each.points)) ?? '';
    if (!chart.smooth || each.points.length < 8) {
      return html`<path class="curve ${look}" d="${raw}" />${single}`;
    }
    const mean = path(thinned(movingMean(each.points))) ?? '';
    return html`<path class="curve faint ${look}" d="${raw}" /><path
        class="curve ${look}"
        d="${mean}"
      />`;
  });
  return html`${drawing(
    FRAME,
    label,
    verticalAxis(y, FRAME, chart.y.label),
    horizontalAxis(x, FRAME, chart.x.label, marksOf(points)),
    drawn,
    chart.scattered ? NOTHING : marks(chart, xOf),
  )}${legend(series, looks)}`;
}

/** Epochs and steps are counted: no mark between two of them. */
function marksOf(points: readonly Point[]): number {
  const values = points.map((point) => point.x);
  if (!values.every((value) => Number.isInteger(value))) return 7;
  const [low, high] = spread(values.map(Number));
  return Math.max(1, Math.min(7, high - low));
}

/** The values that an axis has to hold; of one value, some room around it. */
function spread(values: readonly number[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  return low === high
    ? [low - Math.abs(low || 1) / 2, high + Math.abs(high || 1) / 2]
    : [low, high];
}

const dots = (
  { points }: Series,
  look: string,
  xOf: (point: Point) => number,
  y: (value: number) => number,
): Markup =>
  html`<g class="dots ${look}"
    >${points
      .slice(0, 2000)
      .map(
        (point) =>
          html`<circle cx="${round(xOf(point))}" cy="${round(y(point.y))}" r="3"
            ><title>${point.x}: ${decimal(point.y)}</title></circle
          >`,
      )}</g
  >`;

/** Colour by what is drawn, dashes by revision; where only revisions differ, colour by them. */
function looksOf(series: readonly Series[]): readonly string[] {
  const names = [...new Set(series.map(({ name }) => name))];
  const revisions = [...new Set(series.map(({ revision }) => revision))];
  return series.map(({ name, revision }) => {
    const [byName, byRevision] = [names.indexOf(name), revisions.indexOf(revision)];
    return names.length === 1
      ? `c${byRevision % 8}`
      : `c${byName % 8}${revisions.length > 1 ? ` d${byRevision % 4}` : ''}`;
  });
}

export function nameOf({ name, revision }: Series, series: readonly Series[]): string {
  const several = series.some((each) => each.revision !== revision);
  return several ? `${name} (${revision})` : name;
}

const legend = (series: readonly Series[], looks: readonly string[]): Markup =>
  series.length < 2
    ? NOTHING
    : html`<ul class="legend">
        ${series.map(
          (each, index) =>
            html`<li>
              <svg width="26" height="10" aria-hidden="true">
                <line class="curve ${looks[index]}" x1="1" x2="25" y1="5" y2="5" /></svg
              >${nameOf(each, series)}
            </li>`,
        )}
      </ul>`;

/** Strips to point at: each shows a line and, as its tooltip, what every curve has there. */
function marks({ series }: Lines, xOf: (point: Point) => number): Markup {
  const places = new Map<number | string, { readonly at: number; readonly values: string[] }>();
  for (const each of series) {
    for (const point of each.points) {
      const place = places.get(point.x) ?? { at: xOf(point), values: [] };
      place.values.push(`${nameOf(each, series)}: ${decimal(point.y)}`);
      places.set(point.x, place);
    }
  }
  const sorted = [...places].sort(([, a], [, b]) => a.at - b.at);
  const every = Math.ceil(sorted.length / MOST_MARKS);
  const kept = sorted.filter((_, index) => index % every === 0);
  const { top, height, bottom } = FRAME;
  return html`<g class="marks"
    >${kept.map(([x, { at, values }], index) => {
      const told = html`<title>${[x, ...values].join('\n')}</title>`;
      const from = index === 0 ? at - 4 : (at + (kept[index - 1]?.[1].at ?? at)) / 2;
      const to = index === kept.length - 1 ? at + 4 : (at + (kept[index + 1]?.[1].at ?? at)) / 2;
      return html`<g
        ><rect
          x="${round(from)}"
          y="${top}"
          width="${round(Math.max(1, to - from))}"
          height="${height - top - bottom}"
        /><line x1="${round(at)}" x2="${round(at)}" y1="${top}" y2="${height - bottom}" />${told}</g
      >`;
    })}</g
  >`;
}

/** The lowest and the highest point of each stretch: spikes stay, and no more points than can be seen. */
export function thinned(points: readonly Point[]): readonly Point[] {
  if (points.length <= MOST_POINTS) return points;
  const stretch = Math.ceil((points.length * 2) / MOST_POINTS);
  const kept: Point[] = [];
  for (let start = 0; start < points.length; start += stretch) {
    let [low, high] = [start, start];
    for (let at = start; at < Math.min(points.length, start + stretch); at++) {
      if ((points[at]?.y ?? 0) < (points[low]?.y ?? 0)) low = at;
      if ((points[at]?.y ?? 0) > (points[high]?.y ?? 0)) high = at;
    }
    for (const at of new Set([Math.min(low, high), Math.max(low, high)])) {
      const point = points[at];
      if (point !== undefined) kept.push(point);
    }
  }
  return kept;
}

/** Over a twentieth of the points, half of it to each side. */
export function movingMean(points: readonly Point[]): readonly Point[] {
  const half = Math.max(1, Math.round(points.length / 40));
  const sums = [0];
  for (const { y } of points) sums.push((sums.at(-1) ?? 0) + y);
  return points.map(({ x }, at) => {
    const [from, to] = [Math.max(0, at - half), Math.min(points.length, at + half + 1)];
    return { x, y: ((sums[to] ?? 0) - (sums[from] ?? 0)) / (to - from) };
  });
}
