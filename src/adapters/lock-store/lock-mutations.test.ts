import t from 'tap';
import type { PipelineLock } from '../../model/lock.ts';
import { locked, program, tree } from '../../testing/contracts/lock-store.contract.ts';
import { HOSTILE_JSON, mutateText } from '../../testing/mutations.ts';
import { randomFrom, seedOf } from '../../testing/random.ts';
import { formatLock, parseLock } from './lock-text.ts';

// However a lock is damaged, it ends in diagnostics with a code, or in a lock: never in an exception.

const lock: PipelineLock = {
  version: 1,
  sources: { 'data/raw': tree },
  stages: {
    prepare: locked('1', { clean: tree }),
    train: locked('2', { 'b/c': program, a: tree }),
  },
};
const text = formatLock(lock);

/** What is wrong with the answer to a damaged lock. */
function faultOf(damaged: string): string | undefined {
  const parsed = parseLock(damaged);
  if (parsed.ok) {
    // Whatever is taken for a lock can be written, and read again as the same.
    const again = parseLock(formatLock(parsed.value));
    return again.ok ? undefined : 'it cannot be read again';
  }
  const { diagnostics } = parsed.error;
  if (diagnostics.length === 0) return 'nothing is said';
  const bad = diagnostics.find(
    ({ code, message }) => !/^lock\/[a-z-]+$/.test(code) || /undefined|\[object/.test(message),
  );
  return bad && `${bad.code}: ${bad.message}`;
}

t.test('200 damaged locks', (t) => {
  const seed = seedOf(process.env);
  t.comment(`SEED=${seed}`);
  let refused = 0;
  for (let n = 0; n < 200; n++) {
    const damaged = mutateText(text, randomFrom(seed + n));
    const fault = faultOf(damaged);
    if (fault !== undefined) t.fail(fault, { seed: seed + n, damaged: damaged.slice(0, 2000) });
    if (!parseLock(damaged).ok) refused += 1;
  }
  t.comment(`${refused} of 200 refused`);
  t.ok(refused > 50);
  t.end();
});

for (const [what, make] of HOSTILE_JSON) {
  t.test(`${what} instead of a lock, and inside one`, (t) => {
    const hostile = make();
    t.equal(faultOf(hostile), undefined);
    t.equal(parseLock(hostile).ok, false);
    t.equal(faultOf(text.replace('"sources": {', `"sources": {"x": ${hostile},`)), undefined);
    t.equal(faultOf(text.replace('"size": 12', `"size": ${hostile}`)), undefined);
    t.end();
  });
}
