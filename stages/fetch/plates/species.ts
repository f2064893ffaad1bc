/** The twelve drawn species, as genes. They are invented: a plate is a puzzle of the right difficulty, not a portrait. */

/** Colours as hue (degrees), saturation and lightness (percent), so that light and season can shift them. */
export type Colour = readonly [hue: number, saturation: number, lightness: number];

export interface Palette {
  /** Back, wings and tail. */
  readonly upper: Colour;
  /** Breast and belly. */
  readonly lower: Colour;
  /** Head. */
  readonly head: Colour;
  /** What marks are painted with: bars, spots, masks, bands. */
  readonly mark: Colour;
  readonly beak: Colour;
}

export interface Species {
  readonly name: string;
  readonly palette: Palette;
  readonly beak: {
    readonly kind: 'cone' | 'needle' | 'hook' | 'spoon' | 'sickle';
    readonly size: number;
  };
  readonly crest: 'none' | 'peak' | 'plume' | 'fan';
  readonly tail: 'short' | 'long' | 'fork' | 'fan' | 'cocked';
  /** Pale bars across the wing. */
  readonly wingBars: 0 | 1 | 2;
  /** Paint on the head. */
  readonly face: 'plain' | 'mask' | 'cap' | 'cheek';
  /** Paint on the breast. */
  readonly breast: 'plain' | 'spots' | 'band' | 'streaks';
  /** Neck and legs, 1 for a songbird's, 2 for a wader's. */
  readonly reach: number;
  /** Height of the body against its length, 1 for a songbird's. */
  readonly girth: number;
}

const ember: Palette = {
  upper: [14, 55, 34],
  lower: [22, 80, 56],
  head: [8, 72, 42],
  mark: [20, 25, 12],
  beak: [42, 85, 52],
};
const lagoon: Palette = {
  upper: [205, 58, 38],
  lower: [34, 70, 66],
  head: [212, 62, 44],
  mark: [215, 35, 14],
  beak: [30, 12, 22],
};
const meadow: Palette = {
  upper: [78, 38, 34],
  lower: [54, 82, 58],
  head: [66, 52, 42],
  mark: [70, 30, 12],
  beak: [24, 45, 42],
};
const slate: Palette = {
  upper: [215, 9, 36],
  lower: [210, 10, 80],
  head: [218, 10, 28],
  mark: [220, 12, 10],
  beak: [38, 78, 50],
};
const heath: Palette = {
  upper: [28, 34, 36],
  lower: [36, 40, 74],
  head: [24, 36, 46],
  mark: [20, 40, 14],
  beak: [30, 18, 34],
};
const dusk: Palette = {
  upper: [282, 26, 34],
  lower: [330, 42, 68],
  head: [290, 30, 42],
  mark: [280, 30, 12],
  beak: [14, 70, 50],
};

/**
 * Neighbours share a palette and the regions that it paints, so that colour alone halves the choice and no more;
 * within a pair at least four genes differ, one of them large enough to survive a blur.
 */
export const SPECIES: readonly Species[] = [
  {
    name: 'ember-crest',
    palette: ember,
    beak: { kind: 'cone', size: 1 },
    crest: 'peak',
    tail: 'long',
    wingBars: 0,
    face: 'mask',
    breast: 'plain',
    reach: 1,
    girth: 1,
  },
  {
    name: 'ember-wren',
    palette: ember,
    beak: { kind: 'needle', size: 1 },
    crest: 'none',
    tail: 'cocked',
    wingBars: 2,
    face: 'plain',
    breast: 'streaks',
    reach: 1,
    girth: 1.2,
  },
  {
    name: 'lagoon-kingfisher',
    palette: lagoon,
    beak: { kind: 'needle', size: 1.8 },
    crest: 'fan',
    tail: 'short',
    wingBars: 2,
    face: 'cheek',
    breast: 'plain',
    reach: 1,
    girth: 1.1,
  },
  {
    name: 'lagoon-swallow',
    palette: lagoon,
    beak: { kind: 'cone', size: 0.6 },
    crest: 'none',
    tail: 'fork',
    wingBars: 0,
    face: 'plain',
    breast: 'band',
    reach: 0.9,
    girth: 0.8,
  },
  {
    name: 'meadow-bunting',
    palette: meadow,
    beak: { kind: 'cone', size: 1.2 },
    crest: 'none',
    tail: 'fork',
    wingBars: 2,
    face: 'cap',
    breast: 'streaks',
    reach: 1,
    girth: 1,
  },
  {
    name: 'meadow-parakeet',
    palette: meadow,
    beak: { kind: 'hook', size: 1.3 },
    crest: 'plume',
    tail: 'long',
    wingBars: 0,
    face: 'cheek',
    breast: 'plain',
    reach: 1,
    girth: 0.95,
  },
  {
    name: 'slate-falcon',
    palette: slate,
    beak: { kind: 'hook', size: 1.1 },
    crest: 'none',
    tail: 'fan',
    wingBars: 0,
    face: 'cheek',
    breast: 'streaks',
    reach: 1,
    girth: 1.05,
  },
  {
    name: 'slate-heron',
    palette: slate,
    beak: { kind: 'needle', size: 1.6 },
    crest: 'plume',
    tail: 'short',
    wingBars: 0,
    face: 'cap',
    breast: 'plain',
    reach: 2,
    girth: 0.85,
  },
  {
    name: 'heath-curlew',
    palette: heath,
    beak: { kind: 'sickle', size: 1.6 },
    crest: 'none',
    tail: 'short',
    wingBars: 0,
    face: 'plain',
    breast: 'plain',
    reach: 1.8,
    girth: 0.95,
  },
  {
    name: 'heath-thrush',
    palette: heath,
    beak: { kind: 'needle', size: 0.8 },
    crest: 'none',
    tail: 'long',
    wingBars: 1,
    face: 'mask',
    breast: 'spots',
    reach: 1,
    girth: 1.05,
  },
  {
    name: 'dusk-dabbler',
    palette: dusk,
    beak: { kind: 'spoon', size: 1.6 },
    crest: 'none',
    tail: 'cocked',
    wingBars: 0,
    face: 'plain',
    breast: 'band',
    reach: 1.25,
    girth: 0.95,
  },
  {
    name: 'dusk-waxwing',
    palette: dusk,
    beak: { kind: 'cone', size: 0.8 },
    crest: 'peak',
    tail: 'fan',
    wingBars: 2,
    face: 'mask',
    breast: 'plain',
    reach: 1,
    girth: 1.05,
  },
];
