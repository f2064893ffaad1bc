import * as fs from 'node:fs';
import { join } from 'node:path';
import { writeRaw } from './project.ts';

export type VictimName = 'repro' | 'add' | 'checkout' | 'gc';

/** A command that faults are injected into, and in which project. */
export interface Victim {
  readonly words: string;
  /** Brings a fresh copy of the settled project (all stages up to date, raw data added) to where the command has work. */
  readonly prepare: (root: string) => void;
}

export const victims: { readonly [name in VictimName]: Victim } = {
  repro: {
    words: 'repro -j2',
    prepare: (root) => {
      writeRaw(root, 2);
      fs.writeFileSync(join(root, 'params.yaml'), 'lr: 0.2\n');
    },
  },
  add: { words: 'add raw', prepare: (root) => writeRaw(root, 2) },
  checkout: {
    words: 'checkout',
    prepare: (root) => {
      for (const path of ['clean', 'model', 'report']) {
        fs.rmSync(join(root, path), { recursive: true });
      }
      fs.writeFileSync(join(root, 'side.txt'), 'of nobody');
    },
  },
  // What the stages made of the first raw data goes; see `settle`.
  gc: { words: 'gc --force --older-than 0s', prepare: () => undefined },
};

export const victimNames = Object.keys(victims) as VictimName[];
