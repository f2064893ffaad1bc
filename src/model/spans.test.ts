import t from 'tap';
import { randomFrom, seedOf } from '../testing/random.ts';
import { addSpan, bytesIn, gapsIn, type Span } from './spans.ts';

t.test('spans and gaps are what marking each byte gives', (t) => {
  const seed = seedOf(process.env);
  t.comment(`seed ${seed}`);
  const random = randomFrom(seed);
  const size = 40;
  for (let round = 0; round < 300; round++) {
    const marked = Array.from({ length: size }, () => false);
    let spans: readonly Span[] = [];
    for (let step = random.below(12); step > 0; step--) {
      const from = random.below(size);
      const to = Math.min(size, from + random.below(9));
      spans = addSpan(spans, { from, to });
      marked.fill(true, from, to);
    }
    const covers = (all: readonly Span[], at: number): boolean =>
      all.some(({ from, to }) => from <= at && at < to);
    const gaps = gapsIn(spans, size);
    t.ok(marked.every((is, at) => covers(spans, at) === is && covers(gaps, at) !== is));
    t.equal(bytesIn(spans), marked.filter(Boolean).length);
    const both = [...spans, ...gaps].sort((a, b) => a.from - b.from);
    t.ok(both.every(({ from }, index) => from === (both[index - 1]?.to ?? 0)));
  }
  t.end();
});
