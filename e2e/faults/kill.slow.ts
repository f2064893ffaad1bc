import t from 'tap';
import { seedOf } from '../../src/testing/random.ts';
import { killAtRandom } from './kill.ts';
import { victimNames } from './victims.ts';

const cases = Number(process.env['CASES'] ?? 100);
const only = process.env['ONLY'];

t.setTimeout(0);
for (const name of victimNames) {
  if (only !== undefined && name !== only) continue;
  t.test(`avian ${name}, killed at ${cases} random moments`, { timeout: 0 }, (t) =>
    killAtRandom(t, name, cases, seedOf(process.env)),
  );
}
