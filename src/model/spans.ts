/** A stretch of bytes, up to and not including `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Spans with one more, which may touch or cover some of them; in order and apart from each other. */
export function addSpan(spans: readonly Span[], { from, to }: Span): readonly Span[] {
  if (from >= to) return spans;
  const before = spans.filter((span) => span.to < from);
  const after = spans.filter((span) => span.from > to);
  const touched = spans.slice(before.length, spans.length - after.length);
  const joined = {
    from: Math.min(from, touched[0]?.from ?? from),
    to: Math.max(to, touched.at(-1)?.to ?? to),
  };
  return [...before, joined, ...after];
}

/** What of the first `size` bytes is in none of the spans, which are in order. */
export function gapsIn(spans: readonly Span[], size: number): readonly Span[] {
  const gaps: Span[] = [];
  let at = 0;
  for (const { from, to } of spans) {
    if (at < from) gaps.push({ from: at, to: Math.min(from, size) });
    at = Math.max(at, to);
  }
  if (at < size) gaps.push({ from: at, to: size });
  return gaps;
}

export const bytesIn = (spans: readonly Span[]): number =>
  spans.reduce((sum, { from, to }) => sum + (to - from), 0);
