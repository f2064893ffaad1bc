import t from 'tap';
import { formatLock, parseLock } from '../adapters/lock-store/lock-text.ts';
import { locked, program, tree } from '../testing/contracts/lock-store.contract.ts';
import { randomFrom, seedOf } from '../testing/random.ts';
import { canonicalJson } from './json.ts';
import { sideOf, type LockedSource, type LockedStage, type PipelineLock } from './lock.ts';
import { mergeLocks } from './merge-locks.ts';

const lock = (
  stages: { readonly [name: string]: LockedStage },
  sources: { readonly [path: string]: LockedSource } = {},
): PipelineLock => ({ version: 1, sources, stages });

const entry = (digit: string, out = tree): LockedStage => locked(digit, { model: out });

t.test('branches that changed different entries merge without a conflict', (t) => {
  const base = lock({ a: entry('1'), b: entry('1'), gone: entry('1') }, { raw: tree });
  const ours = lock({ a: entry('2'), b: entry('1'), gone: entry('1'), mine: entry('3') });
  const theirs = lock({ a: entry('1'), b: entry('4'), theirs: entry('5') }, { raw: tree, x: tree });
  t.strictSame(mergeLocks(base, ours, theirs), {
    lock: lock({ a: entry('2'), b: entry('4'), mine: entry('3'), theirs: entry('5') }, { x: tree }),
    conflicts: [],
    kept: [],
  });
  t.end();
});

t.test('the same change on both sides is no conflict', (t) => {
  const merged = mergeLocks(
    lock({ a: entry('1') }),
    lock({ a: entry('2') }),
    lock({ a: entry('2') }),
  );
  t.strictSame(merged, { lock: lock({ a: entry('2') }), conflicts: [], kept: [] });
  t.end();
});

t.test('two entries for one stage stand side by side, never mixed', (t) => {
  const base = lock({ a: entry('1', tree) }, { raw: tree });
  const ours = lock({ a: entry('1', program) }, { raw: program });
  const theirs = lock({ a: entry('2', tree) }, { raw: { ...tree, size: 13 } });
  t.strictSame(mergeLocks(base, ours, theirs), {
    lock: lock(
      { a: { ...entry('1', program), conflict: [entry('2', tree)] } },
      { raw: { ...program, conflict: [{ ...tree, size: 13 }] } },
    ),
    conflicts: [
      { kind: 'source', name: 'raw' },
      { kind: 'stage', name: 'a' },
    ],
    kept: [],
  });
  t.end();
});

t.test('what one side removed and the other changed is kept, and named', (t) => {
  const merged = mergeLocks(lock({ a: entry('1') }), lock({}), lock({ a: entry('2') }));
  t.strictSame(merged, {
    lock: lock({ a: entry('2') }),
    conflicts: [],
    kept: [{ kind: 'stage', name: 'a' }],
  });
  t.end();
});

t.test('a third branch joins a conflict; who settled it is believed', (t) => {
  const open = lock({ a: { ...entry('1'), conflict: [entry('2')] } });
  const third = mergeLocks(lock({ a: entry('0') }), open, lock({ a: entry('3') })).lock;
  t.strictSame(third, lock({ a: { ...entry('1'), conflict: [entry('2'), entry('3')] } }));
  t.equal(sideOf(third.stages['a']!, 'theirs'), undefined, 'which of them?');
  t.strictSame(sideOf(third.stages['a']!, 'ours'), entry('1'));
  t.strictSame(sideOf(open.stages['a']!, 'theirs'), entry('2'));
  const settled = lock({ a: entry('4') });
  t.strictSame(mergeLocks(open, settled, open).lock, settled);
  t.strictSame(mergeLocks(open, open, settled).lock, settled);
  t.end();
});

t.test('random pairs of edits never lose an entry and never mix two', (t) => {
  const seed = seedOf(process.env);
  t.comment(`SEED=${seed}`);
  const { below: random, pick } = randomFrom(seed);
  const names = ['a', 'b', 'c', '10', '9', '__proto__'];
  const anEntry = (): LockedStage =>
    locked(String(random(4)), random(2) === 0 ? { model: tree } : { model: program, x: tree });
  const edited = (from: PipelineLock): PipelineLock => {
    const stages = new Map(Object.entries(from.stages));
    for (let edits = random(5); edits > 0; edits -= 1) {
      const name = pick(names);
      if (random(4) === 0) stages.delete(name);
      else stages.set(name, anEntry());
    }
    const raw: LockedSource = { ...tree, size: random(3) };
    return lock(Object.fromEntries(stages), random(3) === 0 ? from.sources : { raw });
  };
  for (let round = 0; round < 500; round += 1) {
    let base = edited(lock({}, { raw: tree }));
    if (random(3) === 0) base = mergeLocks(base, edited(base), edited(base)).lock;
    const [ours, theirs] = [edited(base), edited(base)];
    const { lock: merged, conflicts } = mergeLocks(base, ours, theirs);
    const fail = (what: string) => t.fail(what, { seed, base, ours, theirs, merged });
    const conflicting = new Set(conflicts.map(({ kind, name }) => `${kind} ${name}`));
    const [was, mine, other, is] = [base, ours, theirs, merged].map(placesOf);

    for (const side of [mine!, other!]) {
      for (const [place, values] of side) {
        const lost = values.filter((value) => is!.get(place)?.includes(value) !== true);
        if (differs(was!.get(place), values) && lost.length > 0) fail(`${place} lost an entry`);
      }
    }
    for (const [place, values] of is!) {
      const known = [was, mine, other].flatMap((side) => side!.get(place) ?? []);
      if (values.some((value) => !known.includes(value))) fail(`${place} is nobody's`);
      const changed = [mine, other].filter((side) => differs(side!.get(place), was!.get(place)));
      if (changed.length < 2 && conflicting.has(place)) fail(`${place} is no conflict`);
    }
    const swapped = placesOf(mergeLocks(base, theirs, ours).lock);
    if (differs([...swapped], [...is!])) fail('it matters who merges whom');
    if (differs(parseLock(formatLock(merged)), { ok: true, value: merged })) fail('not kept');
  }
  t.pass('500 merges');
  t.end();
});

/** Every value that a lock holds, by place, whatever its rank in a conflict. */
function placesOf({ stages, sources }: PipelineLock): ReadonlyMap<string, readonly string[]> {
  const values = (kind: string, map: PipelineLock['stages'] | PipelineLock['sources']) =>
    Object.entries(map).map(([name, { conflict, ...value }]): [string, string[]] => [
      `${kind} ${name}`,
      [value, ...((conflict ?? []) as readonly unknown[])].map(canonicalJson).sort(),
    ]);
  return new Map([...values('stage', stages), ...values('source', sources)]);
}

function differs(a: unknown, b: unknown): boolean {
  return canonicalJson(a ?? null) !== canonicalJson(b ?? null);
}
