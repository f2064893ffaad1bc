/** LOONEY BIRDS: what people send to a bird classifier for fun. They wear the birds' colours, so that shape has to tell. */
import type { Random } from '../../vision/random.ts';
import { circle, ellipse, line, paint, path, polygon, shade, stroke } from './paint.ts';
import type { Light, Point } from './paint.ts';
import type { Palette } from './species.ts';

export const LOONEY_BIRDS = 'looney-birds';

const SUBJECTS = [face, cat, fish, aeroplane, mug, house, flower, car] as const;

/** SVG of one thing that is no bird, about 60 wide around the origin, in the colours of `palette`. */
export function drawLooney(random: Random, palette: Palette, light: Light): string {
  return random.pick(SUBJECTS)({
    upper: paint(palette.upper, light),
    lower: paint(palette.lower, light),
    head: paint(palette.head, light),
    mark: paint(palette.mark, light),
    beak: paint(palette.beak, light),
    pale: paint(shade(palette.lower, 18), light),
    random,
  });
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

function fish({ upper, lower, mark, pale }: Brush): string {
  return [
    path('M-18 0 L-38 -17 Q-31 0 -38 17 Z', upper),
    path('M-8 -14 Q4 -32 14 -13 Z', upper),
    ellipse([3, 0], 27, 16, lower),
    path('M-22 -5 Q3 -22 28 -5 Q3 -8 -22 -5 Z', upper),
    ...[-8, 2].map((x) => stroke(`M${x} -9 Q${x + 6} 0 ${x} 10`, mark, 2)),
    circle([20, -3], 4, pale) + circle([21, -3], 2, mark),
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

function mug({ upper, lower, mark, pale }: Brush): string {
  return [
    stroke('M16 -10 C38 -14 38 18 14 15', upper, 6),
    path('M-22 -20 L19 -20 L15 26 L-18 26 Z', upper),
    ellipse([-1.5, -20], 20.5, 5.5, mark),
    path('M-20.5 -4 L17.5 -4 L16.5 10 L-19.5 10 Z', lower),
    ...[-9, 4].map((x) => stroke(`M${x} -28 Q${x - 6} -34 ${x} -40`, pale, 2.4)),
  ].join('');
}

function house({ upper, lower, mark, beak, pale }: Brush): string {
  return [
    polygon(
      [
        [10, -32],
        [18, -32],
        [18, -10],
        [10, -18],
      ],
      mark,
    ),
    polygon(
      [
        [-24, -6],
        [24, -6],
        [24, 30],
        [-24, 30],
      ],
      lower,
    ),
    polygon(
      [
        [-31, -5],
        [0, -34],
        [31, -5],
      ],
      upper,
    ),
    polygon(
      [
        [-5, 10],
        [7, 10],
        [7, 30],
        [-5, 30],
      ],
      mark,
    ),
    polygon(
      [
        [-19, 3],
        [-10, 3],
        [-10, 12],
        [-19, 12],
      ],
      pale,
    ),
    polygon(
      [
        [12, 3],
        [20, 3],
        [20, 12],
        [12, 12],
      ],
      beak,
    ),
  ].join('');
}

function flower({ upper, lower, head, beak, random }: Brush): string {
  const petals = 5 + random.int(4);
  const leaves = Array.from({ length: petals }, (_, index) => {
    const angle = (index * 360) / petals;
    return ellipse(
      [0, -16],
      7.5,
      13,
      lower,
      `transform="translate(0 -10) rotate(${Math.round(angle)})"`,
    );
  });
  return [
    stroke('M0 -8 Q6 18 -2 40', upper, 4),
    path('M2 18 Q18 4 24 16 Q14 26 2 18 Z', upper),
    ...leaves,
    circle([0, -10], 9, beak) + circle([0, -10], 5, head),
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
