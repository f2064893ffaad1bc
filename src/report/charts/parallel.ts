import { scaleLinear, scaleLog, scalePoint } from 'd3-scale';
import { line } from 'd3-shape';
import type { JsonValue } from '../../model/json.ts';
import { html, NOTHING, type Markup } from '../page/html.ts';
import { decimal } from '../units.ts';
import { drawing, fitted, round } from './frame.ts';

export interface Axis {
  readonly label: string;
  /** By line; undefined where a line has nothing there. */
  readonly values: readonly (JsonValue | undefined)[];
}

export interface ParallelLine {
  readonly id: string;
  readonly about: string;
  readonly isCurrent: boolean;
}

const HEIGHT = 300;
const [TOP, BOTTOM] = [34, 26];
const GAP = 150;
/** More axes are told in the table alone. */
const MOST_AXES = 10;

/** Every line through its value on each axis; the last axis gives the colour. Nothing where there is nothing to compare. */
export function parallelChart(
  axes: readonly Axis[],
  lines: readonly ParallelLine[],
  label: string,
): Markup {
  const shown = axes.filter(({ values }) => values.some((value) => value !== undefined));
  const drawn = shown.length > MOST_AXES ? shown.slice(-MOST_AXES) : shown;
  if (drawn.length < 2 || lines.length < 2) return NOTHING;
  const width = 90 + GAP * (drawn.length - 1) + 90;
  const scales = drawn.map(({ values }) => scaleOf(values));
  const x = (axis: number): number => 80 + axis * GAP;
  const path = line<readonly [number, number]>().digits(1);
  const last = drawn.at(-1);
  const shade = scaleLinear(extent(last?.values ?? []), [0, 1]);

  const strokes = lines.map(({ id, about, isCurrent }, index) => {
    const points = drawn.flatMap(({ values }, axis): (readonly [number, number])[] => {
      const value = values[index];
      const y = value === undefined ? undefined : scales[axis]?.at(value);
      return y === undefined ? [] : [[x(axis), y]];
    });
    const end = last?.values[index];
    const mix = typeof end === 'number' ? round(shade(end) * 100) : 0;
    return html`<path
      class="run${isCurrent ? ' current' : ''}"
      data-run="${id}"
      style="--mix:${mix}%"
      d="${path(points) ?? ''}"
      ><title>${about}</title></path
    >`;
  });
  return drawing(
    { width, height: HEIGHT },
    label,
    strokes,
    drawn.map(
      (axis, index) =>
        html`<g class="axis"
          ><line
            class="base"
            x1="${x(index)}"
            x2="${x(index)}"
            y1="${TOP}"
            y2="${HEIGHT - BOTTOM}"
          /><text
            class="label"
            text-anchor="middle"
            x="${x(index)}"
            y="${index % 2 === 0 ? 12 : 24}"
            >${fitted(axis.label, GAP * 1.8)}</text
          >${scales[index]?.ticks.map(
            ({ y, text }) =>
              html`<text x="${x(index) + 6}" y="${round(y + 4)}" class="over"
                >${fitted(text, GAP - 20)}</text
              >`,
          )}</g
        >`,
    ),
  );
}

interface AxisScale {
  readonly at: (value: JsonValue) => number | undefined;
  readonly ticks: readonly { readonly y: number; readonly text: string }[];
}

function scaleOf(values: readonly (JsonValue | undefined)[]): AxisScale {
  const range: [number, number] = [HEIGHT - BOTTOM, TOP];
  const known = values.filter((value) => value !== undefined);
  if (known.length > 0 && known.every((value) => typeof value === 'number')) {
    const [low, high] = extent(known);
    // Learning rates and their like lie orders of magnitude apart.
    const scale = low > 0 && high / low >= 50 ? scaleLog([low, high], range) : undefined;
    const linear = scaleLinear(low === high ? [low - 1, high + 1] : [low, high], range);
    const own = scale ?? linear;
    const ticks = scale === undefined ? linear.ticks(5) : [low, high];
    return {
      at: (value) => (typeof value === 'number' ? own(value) : undefined),
      ticks: ticks.map((tick) => ({ y: own(tick), text: decimal(tick) })),
    };
  }
  const texts = [...new Set(known.map(textOf))].sort();
  const scale = scalePoint(texts, range).padding(0.5);
  return {
    at: (value) => scale(textOf(value)),
    ticks: texts.map((text) => ({ y: scale(text) ?? 0, text })),
  };
}

const textOf = (value: JsonValue): string =>
  typeof value === 'string' ? value : JSON.stringify(value);

function extent(values: readonly (JsonValue | undefined)[]): [number, number] {
  const numbers = values.filter((value) => typeof value === 'number');
  return numbers.length === 0 ? [0, 1] : [Math.min(...numbers), Math.max(...numbers)];
}
