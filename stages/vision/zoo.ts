/** The architectures by name, each with the input that it wants. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ModelInput } from './contract.ts';
import type { ModelOptions } from './models/options.ts';
import { plateCnn } from './models/plate-cnn.ts';
import { smallMobileNet } from './models/small-mobile-net.ts';
import { StageError } from './stage-error.ts';

export interface Architecture {
  readonly name: string;
  readonly describe: string;
  readonly input: Pick<ModelInput, 'interpolation' | 'fit'>;
  readonly defaults: { readonly width: number };
  /** Image [n, size, size, 3], normalised, to logits [n, classes]. Layers named `head…` are the head. */
  readonly build: (options: ModelOptions) => LayersModel;
}

export const architectures: readonly Architecture[] = [
  {
    name: 'plate-cnn',
    describe: 'five plain convolutions, batch norm, average and maximum pooling, one dense layer',
    input: { interpolation: 'bilinear', fit: 'cover' },
    defaults: { width: 24 },
    build: plateCnn,
  },
  {
    name: 'small-mobile-net',
    describe: 'a stem and four depthwise separable blocks',
    input: { interpolation: 'bilinear', fit: 'cover' },
    defaults: { width: 24 },
    build: smallMobileNet,
  },
];

/** Throws StageError with the nearest name, where there is one near. */
export function findArchitecture(name: string): Architecture {
  const found = architectures.find((architecture) => architecture.name === name);
  if (found !== undefined) return found;
  const names = architectures.map((architecture) => architecture.name);
  const near = names
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance)[0];
  const guess = near !== undefined && near.distance <= 4 ? `did you mean ${near.candidate}? ` : '';
  throw new StageError(`there is no architecture ${name}`, `${guess}there are ${names.join(', ')}`);
}

/** Insertions, deletions and replacements that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
