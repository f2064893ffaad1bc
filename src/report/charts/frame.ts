import type { ScaleLinear, ScalePoint } from 'd3-scale';
import { html, type Content, type Markup } from '../page/html.ts';

/** Room around a drawing, in units of its own coordinates; one is a pixel where the page is wide enough. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Width of a text at the page's size for drawings, about; fonts are not known here. */
export const textWidth = (text: string): number => text.length * 6.7;

export const fitted = (text: string, width: number): string => {
  const most = Math.max(3, Math.floor(width / 6.7 + 0.01));
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
};

/** A drawing with its description for those who cannot see it. */
export const drawing = (
  { width, height }: Pick<Frame, 'width' | 'height'>,
  label: string,
  ...content: readonly Content[]
): Markup =>
  html`<svg
    viewBox="0 0 ${round(width)} ${round(height)}"
    width="${round(width)}"
    height="${round(height)}"
    role="img"
    aria-label="${label}"
  >
    ${content}
  </svg>`;

/** Coordinates to a tenth: more is bytes that nobody sees. */
export const round = (value: number): number => Math.round(value * 10) / 10;

/** Lines across the drawing with their values at the left. */
export function verticalAxis(
  scale: ScaleLinear<number, number>,
  { left, right, width, top }: Frame,
  label: string,
): Markup {
  const ticks = scale.ticks(5);
  const format = scale.tickFormat(5);
  return html`<g class="axis"
    >${ticks.map(
      (tick) =>
        html`<line
            class="grid"
            x1="${left}"
            x2="${width - right}"
            y1="${round(scale(tick))}"
            y2="${round(scale(tick))}"
          /><text x="${left - 6}" y="${round(scale(tick) + 4)}" text-anchor="end"
            >${format(tick)}</text
          >`,
    )}<text x="${left}" y="${top - 8}" class="label">${label}</text></g
  >`;
}

export type HorizontalScale = ScaleLinear<number, number> | ScalePoint<string>;

/** @param most marks; fewer than there are whole numbers keeps to those */
export function horizontalAxis(
  scale: HorizontalScale,
  frame: Frame,
  label: string,
  most = 7,
): Markup {
  const { left, right, width, height, bottom } = frame;
  const y = height - bottom;
  return html`<g class="axis"
    ><line class="base" x1="${left}" x2="${width - right}" y1="${y}" y2="${y}" />${ticksOf(
      scale,
      frame,
      most,
    ).map(
      ({ at, text }) =>
        html`<line class="base" x1="${round(at)}" x2="${round(at)}" y1="${y}" y2="${y + 4}" /><text
            x="${round(at)}"
            y="${y + 17}"
            text-anchor="middle"
            >${text}</text
          >`,
    )}<text
      x="${round((left + width - right) / 2)}"
      y="${height - 4}"
      text-anchor="middle"
      class="label"
      >${label}</text
    ></g
  >`;
}

function ticksOf(
  scale: HorizontalScale,
  { width, left, right }: Frame,
  most: number,
): readonly { readonly at: number; readonly text: string }[] {
  if ('ticks' in scale) {
    const format = scale.tickFormat(most);
    return scale.ticks(most).map((tick) => ({ at: scale(tick), text: format(tick) }));
  }
  const names = scale.domain();
  const room = (width - left - right) / Math.max(1, names.length);
  const widest = Math.max(1, ...names.map(textWidth));
  // As many as fit without lying over each other.
  const every = Math.max(1, Math.ceil(Math.min(widest + 10, 110) / Math.max(room, 1)));
  return names.flatMap((name, index) =>
    index % every === 0 ? [{ at: scale(name) ?? 0, text: fitted(name, room * every - 6) }] : [],
  );
}
