/** Small pieces of SVG, with numbers cut to a hundredth so that the text is short and the same everywhere. */
import type { Colour } from './species.ts';

export type Point = readonly [x: number, y: number];

/** Light and season for one image: what every colour in it goes through. */
export interface Light {
  /** Degrees added to every hue. */
  readonly hue: number;
  /** Factor on every saturation. */
  readonly saturation: number;
  /** Percentage points added to every lightness. */
  readonly lightness: number;
}

export function number(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** A colour in that light, as `rgb(…)`: librsvg would round `hsl(…)` in its own way. */
export function paint([hue, saturation, lightness]: Colour, light: Light): string {
  const h = hue + light.hue;
  const s = clamp((saturation * light.saturation) / 100, 0, 1);
  const l = clamp((lightness + light.lightness) / 100, 0.02, 0.98);
  const channel = (offset: number): number => {
    const k = (((offset + h / 30) % 12) + 12) % 12;
    return Math.round(255 * (l - s * Math.min(l, 1 - l) * clamp(Math.min(k - 3, 9 - k), -1, 1)));
  };
  return `rgb(${channel(0)},${channel(8)},${channel(4)})`;
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/** The same colour, lighter (or, below 0, darker) by percentage points. */
export function shade([hue, saturation, lightness]: Colour, points: number): Colour {
  return [hue, saturation, lightness + points];
}

export function ellipse(centre: Point, rx: number, ry: number, fill: string, more = ''): string {
  return `<ellipse cx="${number(centre[0])}" cy="${number(centre[1])}" rx="${number(rx)}" ry="${number(ry)}" fill="${fill}" ${more}/>`;
}

export function circle(centre: Point, radius: number, fill: string, more = ''): string {
  return ellipse(centre, radius, radius, fill, more);
}

export function polygon(points: readonly Point[], fill: string, more = ''): string {
  const list = points.map(([x, y]) => `${number(x)},${number(y)}`).join(' ');
  return `<polygon points="${list}" fill="${fill}" ${more}/>`;
}

export function line(from: Point, to: Point, colour: string, width: number): string {
  return `<line x1="${number(from[0])}" y1="${number(from[1])}" x2="${number(to[0])}" y2="${number(to[1])}" stroke="${colour}" stroke-width="${number(width)}" stroke-linecap="round"/>`;
}

/** A path from its data in which every number stands for itself: `M${x} ${y} C…`. */
export function path(data: string, fill: string, more = ''): string {
  return `<path d="${data}" fill="${fill}" ${more}/>`;
}

/** A stroke without fill, such as a bar or a curved beak. */
export function stroke(data: string, colour: string, width: number, more = ''): string {
  return `<path d="${data}" fill="none" stroke="${colour}" stroke-width="${number(width)}" stroke-linecap="round" stroke-linejoin="round" ${more}/>`;
}

export function group(transform: string, content: string): string {
  return `<g transform="${transform}">${content}</g>`;
}
