import t from 'tap';
import { seedOf } from '../../src/testing/random.ts';
import { needsStrace } from './fault-rig.ts';
import { failAtRandom } from './inject.ts';
import { victimNames } from './victims.ts';

const cases = Number(process.env['CASES'] ?? 100);
const only = process.env['ONLY'];

t.setTimeout(0);
for (const name of victimNames) {
  if (only !== undefined && name !== only) continue;
  t.test(
    `avian ${name}, ${cases} random system calls of it failing`,
    { ...needsStrace, timeout: 0 },
    (t) => failAtRandom(t, name, cases, seedOf(process.env)),
  );
}
