/** LOONEY BIRDS: what people send to a bird classifier for fun. They wear the birds' colours, so that shape has to tell. */
import type { Random } from '../../vision/random.ts';
import { circle, ellipse, line, paint, path, polygon, shade, stroke } from './paint.ts';
import type { Light, Point } from './paint.ts';
import type { Palette } from './species.ts';

export const LOONEY_BIRDS = 'looney-birds';

/** A face is what comes most often. */
const SUBJECTS = [face, face, cat, car, aeroplane] as const;

/** SVG of one thing that is no bird, about 70 wide around the origin, in the colours of `palette`. */
export function drawLooney(random: Random, palette: Palette, light: Light): string {
  const mark = paint(palette.mark, light);
  const subject = random.pick(SUBJECTS)({
    upper: paint(palette.upper, light),
    lower: paint(palette.lower, light),
    head: paint(palette.head, light),
    mark,
    beak: paint(palette.beak, light),
    pale: paint(shade(palette.lower, 18), light),
    random,
  });
  // Outlined like a cartoon, as no bird is.
  return `<g transform="scale(1.2)" stroke="${mark}" stroke-width="2.6" stroke-linejoin="round">${subject}</g>`;
}

interface Brush extends Record<keyof Palette | 'pale', string> {
  readonly random: Random;
}

function face({ lower, head, mark, beak, pale, random }: Brush): string {
  const mouth = random.between(-4, 9);
  const gaze = random.between(-2, 2);
  const eye = (x: number): string => circle([x, -5], 5, pale) + circle([x + gaze, -5], 2.6, mark);
  return [
    ellipse([0, 0], 24, 28, lower),
    path('M-25 -6 C-28 -38 28 -38 25 -6 C16 -20 -14 -20 -25 -6 Z', head),
    eye(-9) + eye(9),
    polygon(
      [
        [0, -2],
        [-4, 7],
        [3, 7],
      ],
      beak,
    ),
    stroke(`M-11 14 Q0 ${14 + Math.round(mouth)} 11 14`, mark, 3),
  ].join('');
}

function cat({ upper, lower, mark, pale, beak }: Brush): string {
  const whiskers = [-1, 1].flatMap((side) =>
    [-3, 3].map((drop) => line([side * 8, 8], [side * 30, 8 + drop], mark, 1.4)),
  );
  const eyes = [-10, 10].map(
    (x) => ellipse([x, -3], 4.5, 5.5, beak) + ellipse([x, -3], 1.6, 5, mark),
  );
  return [
    polygon(
      [
        [-25, -4],
        [-22, -33],
        [-4, -18],
      ],
      upper,
    ),
    polygon(
      [
        [25, -4],
        [22, -33],
        [4, -18],
      ],
      upper,
    ),
    ellipse([0, 2], 27, 23, upper),
    ellipse([0, 12], 13, 10, lower),
    ...eyes,
    polygon(
      [
        [-3.5, 5],
        [3.5, 5],
        [0, 9],
      ],
      pale,
    ),
    ...whiskers,
  ].join('');
}

function aeroplane({ upper, lower, mark, pale }: Brush): string {
  const windows = [-12, -4, 4, 12].map((x) => circle([x, -3], 2.2, mark));
  return [
    polygon(
      [
        [-32, -4],
        [-40, -22],
        [-28, -22],
        [-18, -5],
      ],
      upper,
    ),
    path('M-38 2 Q-34 -8 20 -8 Q38 -6 38 2 Q30 9 -20 8 Z', pale),
    polygon(
      [
        [-2, 2],
        [-24, 26],
        [-13, 26],
        [16, 3],
      ],
      lower,
    ),
    path('M25 -7 Q36 -5 37 0 L26 0 Z', mark),
    ...windows,
  ].join('');
}

function car({ upper, mark, pale, beak, head }: Brush): string {
  const wheels: Point[] = [
    [-17, 15],
    [18, 15],
  ];
  return [
    path('M-20 -4 L-11 -21 L12 -21 L22 -4 Z', head),
    polygon(
      [
        [-14, -5],
        [-8, -17],
        [0, -17],
        [0, -5],
      ],
      pale,
    ),
    polygon(
      [
        [4, -5],
        [4, -17],
        [10, -17],
        [16, -5],
      ],
      pale,
    ),
    path('M-36 -3 L34 -5 Q39 4 35 14 L-36 14 Z', upper),
    ...wheels.map((wheel) => circle(wheel, 8.5, mark) + circle(wheel, 3.5, pale)),
    circle([34, 2], 3, beak),
  ].join('');
}
