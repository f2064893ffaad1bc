/** Made-up observations, for tests of what needs many and no model. */
import type { Random } from '../../vision/random.ts';
import { observed, type Observed } from '../features.ts';
import { createReference, type DriftSettings, type Reference } from '../reference.ts';

export const LABELS = ['crow', 'finch', 'heron', 'wren'] as const;

export interface Weather {
  /** Added to all colours. */
  readonly light?: number;
  /** How much surer the model is of one species than of the others; less where it knows none. */
  readonly sureness?: number;
  /** Share of pictures of the first species beyond its quarter. */
  readonly crows?: number;
}

/** A picture of some brightness and an answer of some sureness; colours and answers vary together. */
export function madeUp(
  random: Random,
  { light = 0, sureness = 4, crows = 0 }: Weather = {},
): Observed {
  const brightness = 0.5 + light + 0.1 * random.normal();
  const channel = (): number => brightness + 0.03 * random.normal();
  const label = random.next() < crows ? 0 : random.int(LABELS.length);
  const logits = LABELS.map((_, index) => random.normal() + (index === label ? sureness : 0));
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
  const spread = 0.2 + 0.02 * random.normal();
  return observed(
    {
      mean: [channel(), channel(), channel()],
      std: [spread, spread, spread],
      saturation: 0.3 + 0.05 * random.normal(),
      sharpness: 0.04 + 0.005 * random.normal(),
      grain: 0.01 + 0.002 * random.normal(),
    },
    logits.map((logit) => Math.exp(logit) / total),
  );
}

export const SETTINGS: DriftSettings = {
  window: 100,
  falseAlarms: 0.01,
  permutations: 4999,
  seed: 47,
};

export function madeUpReference(
  random: Random,
  images = 250,
  settings: Partial<DriftSettings> = {},
): Reference {
  const all = Array.from({ length: images }, () => madeUp(random));
  return createReference('made-up@1', LABELS, all, { ...SETTINGS, ...settings });
}
