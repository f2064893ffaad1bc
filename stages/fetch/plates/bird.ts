/** One bird, drawn from its genes: it looks to the right, the middle of its body is the origin, its body is 60 long. */
import { circle, group, line, number, paint, path, polygon, shade, stroke } from './paint.ts';
import type { Light, Point } from './paint.ts';
import type { Species } from './species.ts';

/** How this bird holds itself; every field at 0 is a bird that perches at rest. */
export interface Pose {
  /** Degrees that the body is tipped, beak up below 0. */
  readonly tilt: number;
  /** Degrees that the head is bent, beak up below 0. */
  readonly nod: number;
  /** Degrees that the tail is lifted. */
  readonly tailLift: number;
  /** 0 for a folded wing, 1 for one raised as high as it goes. */
  readonly wingLift: number;
  /** Part of the stride, -1 to 1: how far the legs are apart. */
  readonly stride: number;
}

const BODY = 'M-31 5 C-24 -14 2 -23 19 -14 C31 -6 31 13 13 20 C-4 26 -22 17 -31 5 Z';

/** SVG of the bird. The body keeps its place whatever the pose, so that scenes can perch it by its feet. */
export function drawBird(species: Species, pose: Pose, light: Light): string {
  const { palette, girth, reach } = species;
  const upper = paint(palette.upper, light);
  const lower = paint(palette.lower, light);
  const mark = paint(palette.mark, light);
  const head: Point = [22 + 3 * (reach - 1), -19 - 17 * (reach - 1)];

  const body = [
    group(`scale(1 ${number(girth)})`, path(BODY, upper)),
    '<clipPath id="body">',
    path(BODY, '#000', `transform="scale(1 ${number(girth)})"`),
    '</clipPath>',
    `<g clip-path="url(#body)">`,
    path('M-34 10 C-14 8 6 2 17 -16 L44 -8 L34 34 L-24 36 Z', lower),
    breast(species, mark, girth),
    '</g>',
  ];
  return [
    legs(species, pose, light),
    group(
      `rotate(${number(pose.tilt)})`,
      [
        group(`translate(-27 3) rotate(${number(pose.tailLift)})`, tail(species, light)),
        neck(species, head, light),
        ...body,
        group(
          `translate(${number(head[0])} ${number(head[1])}) rotate(${number(pose.nod)})`,
          headOf(species, light),
        ),
        wing(species, pose, light),
      ].join(''),
    ),
  ].join('');
}

/** Where the feet stand, below the origin. */
export function footHeight(species: Species): number {
  return 21 * species.girth + 12 * species.reach * species.reach;
}

function legs(species: Species, pose: Pose, light: Light): string {
  const colour = paint(shade(species.palette.beak, -8), light);
  const ground = footHeight(species);
  const spread = 4 + 4 * pose.stride;
  return [-1, 1]
    .map((side) => {
      const foot: Point = [2 + side * spread, ground];
      return line([side * 3, 12], foot, colour, 2.2) + line(foot, [foot[0] + 5, ground], colour, 2);
    })
    .join('');
}

function tail({ tail: kind, palette }: Species, light: Light): string {
  const colour = paint(shade(palette.upper, -6), light);
  const tip = paint(palette.mark, light);
  switch (kind) {
    case 'short':
      return polygon(
        [
          [4, -6],
          [-12, -5],
          [-13, 4],
          [4, 6],
        ],
        colour,
      );
    case 'long':
      return (
        polygon(
          [
            [4, -6],
            [-40, -3],
            [-42, 4],
            [4, 6],
          ],
          colour,
        ) +
        polygon(
          [
            [-32, -3.5],
            [-40, -3],
            [-42, 4],
            [-33, 4.5],
          ],
          tip,
        )
      );
    case 'fork':
      return path('M4 -6 L-36 -15 L-14 0 L-34 14 L4 6 Z', colour);
    case 'fan':
      return (
        path('M4 -5 L-20 -15 Q-30 0 -20 15 L4 5 Z', colour) +
        stroke('M-19 -12 Q-26 0 -19 12', tip, 4)
      );
    case 'cocked':
      return group(
        'rotate(58)',
        polygon(
          [
            [4, -6],
            [-22, -6],
            [-24, 5],
            [4, 6],
          ],
          colour,
        ),
      );
  }
}

function neck({ reach, palette }: Species, [x, y]: Point, light: Light): string {
  const colour = paint(palette.head, light);
  const bend = 12 * (reach - 1);
  return stroke(
    `M13 -6 Q${number(18 + bend)} -12 ${number(x)} ${number(y)}`,
    colour,
    17 - 5 * (reach - 1),
  );
}

function breast({ breast: kind }: Species, mark: string, girth: number): string {
  switch (kind) {
    case 'plain':
      return '';
    case 'spots': {
      const spots: Point[] = [
        [20, -2],
        [13, 5],
        [22, 7],
        [5, 12],
        [14, 14],
        [-4, 16],
        [6, 19],
        [25, 1],
      ];
      return spots.map(([x, y]) => circle([x, y * girth], 2.5, mark)).join('');
    }
    case 'band':
      return stroke(
        `M10 ${number(-12 * girth)} Q17 ${number(2 * girth)} 33 ${number(2 * girth)}`,
        mark,
        7,
      );
    case 'streaks': {
      const starts: Point[] = [
        [24, -4],
        [18, 0],
        [25, 5],
        [12, 6],
        [19, 10],
        [4, 10],
        [11, 14],
        [-3, 14],
      ];
      return starts
        .map(([x, y]) => line([x, y * girth], [x - 3, y * girth + 5], mark, 1.9))
        .join('');
    }
  }
}

function wing({ wingBars, palette, girth }: Species, pose: Pose, light: Light): string {
  const colour = paint(shade(palette.upper, -10), light);
  const edge = paint(palette.mark, light);
  const bar = paint(shade(palette.lower, 14), light);
  const feathers =
    path('M11 -9 C0 -15 -26 -6 -40 8 C-24 15 4 13 11 -9 Z', colour) +
    path('M-22 1 L-40 8 C-32 11.5 -25 11.5 -20 11 Z', edge);
  const bars = ['M3 -11 Q-1 0 3 9', 'M-8 -9.5 Q-12 1 -8 11']
    .slice(0, wingBars)
    .map((data) => stroke(data, bar, 3.2));
  // A lifted wing turns about the shoulder and gets longer, as one that spreads its feathers.
  const lift = `translate(6 ${number(-6 * girth)}) rotate(${number(72 * pose.wingLift)}) scale(${number(1 + 0.25 * pose.wingLift)} 1) translate(-6 6)`;
  return group(lift, feathers + bars.join(''));
}

const HEAD_RADIUS = 12.5;

function headOf(species: Species, light: Light): string {
  const { palette, face } = species;
  const mark = paint(palette.mark, light);
  return [
    crest(species, light),
    group('translate(10 1)', beak(species, light)),
    circle([0, 0], HEAD_RADIUS, paint(palette.head, light)),
    '<clipPath id="head">',
    circle([0, 0], HEAD_RADIUS, '#000'),
    '</clipPath>',
    `<g clip-path="url(#head)">${facePaint(face, mark, paint(shade(palette.lower, 16), light))}</g>`,
    circle([5, -2.5], 3.1, paint([45, 60, 88], light)),
    circle([5.4, -2.5], 2.1, paint([0, 0, 6], light)),
  ].join('');
}

function facePaint(face: Species['face'], mark: string, pale: string): string {
  switch (face) {
    case 'plain':
      return '';
    case 'mask':
      return path('M-14 -4 L14 -6 L14 3 L-14 1 Z', mark);
    case 'cap':
      return path('M-14 -3 Q0 -8 14 -5 L14 -16 L-14 -16 Z', mark);
    case 'cheek':
      return circle([-1, 6], 6.5, pale);
  }
}

function crest({ crest: kind, palette }: Species, light: Light): string {
  const colour = paint(palette.head, light);
  switch (kind) {
    case 'none':
      return '';
    case 'peak':
      return polygon(
        [
          [6, -10],
          [-14, -26],
          [-11, 0],
        ],
        colour,
      );
    case 'plume':
      return stroke('M0 -10 Q-12 -20 -27 -13', paint(palette.mark, light), 4);
    case 'fan':
      return path('M8 -8 L5 -24 L-1 -17 L-7 -25 L-10 -15 L-19 -18 L-12 2 Z', colour);
  }
}

function beak({ beak: { kind, size }, palette }: Species, light: Light): string {
  const colour = paint(palette.beak, light);
  switch (kind) {
    case 'cone':
      return polygon(
        [
          [-2, -7 * size],
          [13 * size, 1],
          [-2, 7 * size],
        ],
        colour,
      );
    case 'needle':
      return polygon(
        [
          [-2, -3],
          [19 * size, 0],
          [-2, 3.4],
        ],
        colour,
      );
    case 'hook':
      return path(
        `M-3 ${number(-7 * size)} C${number(10 * size)} ${number(-8 * size)} ${number(14 * size)} 0 ${number(9 * size)} ${number(9 * size)} Q${number(5 * size)} 3 -3 5 Z`,
        colour,
      );
    case 'spoon':
      return path(
        `M-2 -4 Q${number(8 * size)} -1 ${number(16 * size)} -4 Q${number(21 * size)} 1 ${number(15 * size)} 4 Q6 6 -2 5 Z`,
        colour,
      );
    case 'sickle':
      return stroke(
        `M-2 0 Q${number(15 * size)} -3 ${number(21 * size)} ${number(13 * size)}`,
        colour,
        3.6,
      );
  }
}
