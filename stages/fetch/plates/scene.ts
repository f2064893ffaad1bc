/** What is around the subject: ground, weather, twigs in front, and how the picture was taken. */
import type { Random } from '../../vision/random.ts';
import { drawBird, footHeight, type Pose } from './bird.ts';
import { drawLooney } from './looney.ts';
import { circle, ellipse, group, line, number, paint, path, shade, stroke } from './paint.ts';
import type { Light } from './paint.ts';
import { SPECIES, type Colour, type Species } from './species.ts';

/** The picture is drawn 100 units wide and high, whatever its size in pixels. */
const SIDE = 100;

const SKIES: readonly (readonly [top: Colour, bottom: Colour])[] = [
  [
    [205, 55, 66],
    [200, 45, 86],
  ],
  [
    [215, 18, 62],
    [210, 14, 80],
  ],
  [
    [28, 60, 66],
    [330, 30, 58],
  ],
  [
    [95, 28, 40],
    [85, 34, 58],
  ],
  [
    [130, 24, 26],
    [100, 26, 42],
  ],
  [
    [32, 32, 52],
    [38, 38, 72],
  ],
  [
    [195, 34, 44],
    [188, 30, 62],
  ],
  [
    [0, 0, 88],
    [210, 16, 76],
  ],
  [
    [228, 34, 20],
    [250, 24, 36],
  ],
  [
    [44, 62, 74],
    [14, 58, 62],
  ],
];

/** One picture as SVG, `size` pixels wide and high. `species` undefined draws something that is no bird. */
export function drawScene(species: Species | undefined, random: Random, size: number): string {
  const light: Light = {
    hue: random.between(-14, 14),
    saturation: random.between(0.65, 1.2),
    lightness: random.between(-10, 10),
  };
  const perch = paint([random.between(18, 40), 28, random.between(16, 34)], light);
  const scale = random.between(0.68, 0.98);
  const place = `translate(${number(50 + random.between(-16, 16))} ${number(51 + random.between(-14, 14))})`;
  const turn = `rotate(${number(random.between(-12, 12))})`;
  const side = random.int(2) === 0 ? 1 : -1;
  const subject =
    species === undefined
      ? drawLooney(random, random.pick(SPECIES).palette, light)
      : perchFor(species, random, perch) + drawBird(species, drawPose(random), light);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="0 0 ${SIDE} ${SIDE}">`,
    background(random, light),
    group(`${place} ${turn} scale(${number(side * scale)} ${number(scale)})`, subject),
    twigs(random, light),
    '</svg>',
  ].join('');
}

function drawPose(random: Random): Pose {
  const flutters = random.next() < 0.2;
  return {
    tilt: random.between(-16, 8),
    nod: random.between(-14, 18),
    tailLift: random.between(-10, 16),
    wingLift: flutters ? random.between(0.35, 1) : random.between(0, 0.1),
    stride: random.between(-1, 1),
  };
}

function perchFor(species: Species, random: Random, colour: string): string {
  if (random.next() < 0.3) return '';
  const y = footHeight(species) + 2;
  const slope = random.between(-9, 9);
  return line([-75, y - slope], [75, y + slope], colour, random.between(2.5, 6));
}

function background(random: Random, light: Light): string {
  const [top, bottom] = random.pick(SKIES);
  const gradient = [
    `<linearGradient id="sky" x1="0" y1="0" x2="${number(random.between(-0.4, 0.4))}" y2="1">`,
    `<stop offset="0" stop-color="${paint(top, light)}"/>`,
    `<stop offset="1" stop-color="${paint(bottom, light)}"/></linearGradient>`,
    `<rect width="${SIDE}" height="${SIDE}" fill="url(#sky)"/>`,
  ];
  return gradient.join('') + random.pick([clearing, foliage, hills, reeds])(random, light, bottom);
}

function clearing(): string {
  return '';
}

function foliage(random: Random, light: Light, colour: Colour): string {
  const leaves = Array.from({ length: 6 + random.int(9) }, () =>
    circle(
      [random.between(0, SIDE), random.between(0, SIDE)],
      random.between(5, 19),
      paint(shade(colour, random.between(-16, 12)), light),
      'opacity="0.55"',
    ),
  );
  return leaves.join('');
}

function hills(random: Random, light: Light, colour: Colour): string {
  const [left, middle, right] = [0, 0, 0].map(() => number(random.between(52, 92)));
  const ground = paint(shade([random.between(60, 130), 26, colour[2]], -24), light);
  return path(`M0 ${left} Q30 ${middle} 55 ${right} T100 ${left} V100 H0 Z`, ground);
}

function reeds(random: Random, light: Light, colour: Colour): string {
  const stalks = Array.from({ length: 5 + random.int(8) }, () => {
    const foot = random.between(-5, 105);
    const bend = random.between(-18, 18);
    const colourOfStalk = paint(shade(colour, random.between(-26, -6)), light);
    const top = number(random.between(0, 60));
    return stroke(
      `M${number(foot)} 100 Q${number(foot + bend / 3)} 60 ${number(foot + bend)} ${top}`,
      colourOfStalk,
      random.between(0.8, 2.6),
      'opacity="0.7"',
    );
  });
  return stalks.join('');
}

/** Twigs between the camera and the subject: none in most pictures, one at most. */
function twigs(random: Random, light: Light): string {
  const count = [0, 0, 0, 1, 1][random.int(5)] ?? 0;
  const drawn = Array.from({ length: count }, () => {
    const colour = paint([random.between(20, 110), 30, random.between(14, 32)], light);
    const [from, to, x] = [
      random.between(-10, 110),
      random.between(-10, 110),
      random.between(20, 80),
    ];
    const bend = random.between(-15, 15);
    const middle = `${number(x + bend)} ${number((from + to) / 2)}`;
    const twig = stroke(
      `M-5 ${number(from)} Q${middle} 105 ${number(to)}`,
      colour,
      random.between(1.2, 2.8),
    );
    const leaf = ellipse([0, 0], random.between(3, 6), random.between(1.4, 2.6), colour);
    const turn = number(random.between(-80, 80));
    return twig + group(`translate(${middle}) rotate(${turn})`, leaf);
  });
  return drawn.join('');
}
