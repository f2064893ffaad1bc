import t from 'tap';
import { seedOf } from '../src/testing/random.ts';
import { needsStrace } from './faults/fault-rig.ts';
import { failAtRandom } from './faults/inject.ts';
import { killAtRandom } from './faults/kill.ts';

// A taste of `npm run test:faults`, which does it a hundred times with every command that writes.

t.test('repro, killed at random moments', { timeout: 0 }, (t) =>
  killAtRandom(t, 'repro', 4, seedOf(process.env)),
);
t.test('repro, random system calls of it failing', { ...needsStrace, timeout: 0 }, (t) =>
  failAtRandom(t, 'repro', 3, seedOf(process.env)),
);
