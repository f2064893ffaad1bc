import { scaleLinear } from 'd3-scale';
import { html, type Markup } from '../page/html.ts';
import { duration } from '../units.ts';
import { drawing, fitted, round, textWidth } from './frame.ts';

export interface Span {
  readonly name: string;
  /** Milliseconds since the first one began. */
  readonly startMs: number;
  readonly durationMs: number;
}

const ROW = 26;
const WIDTH = 760;
const AXIS = 26;

/** A row a span, in the order given, over one axis of time. */
export function gantt(spans: readonly Span[], label: string): Markup {
  const left = Math.min(220, Math.max(...spans.map(({ name }) => textWidth(name))) + 14);
  const end = Math.max(1, ...spans.map((span) => span.startMs + span.durationMs));
  const x = scaleLinear([0, end], [left, WIDTH - 70]);
  const height = spans.length * ROW + AXIS;
  return drawing(
    { width: WIDTH, height },
    label,
    html`<g class="axis"
      >${stepsOf(end).map(
        (tick) =>
          html`<line
              class="grid"
              x1="${round(x(tick))}"
              x2="${round(x(tick))}"
              y1="0"
              y2="${height - AXIS}"
            /><text x="${round(x(tick))}" y="${height - 8}" text-anchor="middle"
              >${tick === 0 ? '0' : duration(tick)}</text
            >`,
      )}</g
    >`,
    spans.map(({ name, startMs, durationMs }, row) => {
      const y = row * ROW;
      const width = Math.max(2, x(startMs + durationMs) - x(startMs));
      return html`<g class="span"
        ><title>${name}: ${duration(durationMs)}, from ${duration(startMs)} on</title
        ><text x="${round(left - 8)}" y="${y + 17}" text-anchor="end"
          >${fitted(name, left - 14)}</text
        ><rect
          class="c0"
          x="${round(x(startMs))}"
          y="${y + 5}"
          width="${round(width)}"
          height="${ROW - 10}"
          rx="3"
        /><text x="${round(x(startMs) + width + 6)}" y="${y + 17}">${duration(durationMs)}</text></g
      >`;
    }),
  );
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200];

/** Marks at round times: seconds, minutes, hours. */
function stepsOf(end: number): readonly number[] {
  const seconds = end / 1000;
  const step =
    STEPS.find((each) => seconds / each <= 8) ?? Math.ceil(seconds / 8 / 86_400) * 86_400;
  const count = Math.floor(seconds / step);
  return Array.from({ length: count + 1 }, (_, index) => index * step * 1000);
}
