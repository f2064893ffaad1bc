import type { RunId } from '../model/names.ts';
import type { Holder, Segment } from '../model/remote.ts';
import { bytesContent } from './consult.ts';
import { MOST_SEGMENTS, segmentName } from './layout.ts';
import type { Look } from './look.ts';
import { orThrow } from './problems.ts';
import { encodeSegment } from './segment.ts';
import { quietCall, type Tools } from './tools.ts';

type Writing = Pick<Tools, 'bucket' | 'index' | 'ports' | 'nonce' | 'signal'>;

/**
 * Names what was sent; merges the smallest half of the live segments when there are too many. What is
 * merged is named anew, so the look must be a fresh one: what a gc has deleted must not be.
 * @param runs which objects, of these or known before, are run records that no other segment is sure to tell of
 */
export async function nameHolders(
  holders: readonly Holder[],
  runs: readonly RunId[],
  { live, condemned, ensureFresh }: Look,
  tools: Writing,
): Promise<void> {
  const { index } = tools;
  const sized = [...live].sort((a, b) => a.size - b.size);
  const merged = sized.length < MOST_SEGMENTS ? [] : sized.slice(0, MOST_SEGMENTS / 2);
  const names = merged.map(({ name }) => name);
  const before = await index.contentOf(names);
  const earlier = await index.segments();
  await createSegment(
    {
      // With what those had superseded: a reader that knows this one needs none of them.
      supersedes: [...new Set(names.flatMap((name) => [name, ...(earlier.get(name) ?? [])]))],
      holders: [...before.holders.filter(({ name }) => !condemned.has(name)), ...holders],
      runs: [...new Set([...before.runs, ...runs])],
    },
    ensureFresh,
    tools,
  );
}

/** @param ensureFresh asked before every try */
export async function createSegment(
  segment: Segment,
  ensureFresh: () => void,
  tools: Writing,
): Promise<void> {
  const { bucket, index, ports, nonce } = tools;
  const text = encodeSegment(segment, nonce());
  const name = segmentName(ports.hash(text));
  const made = await bucket.create(
    name,
    bytesContent(Buffer.from(text), ensureFresh),
    quietCall(tools),
  );
  // There already: our own, of which the answer was lost.
  if (made.ok || made.error.kind !== 'exists') orThrow(made, bucket.url);
  await index.learn(name, segment);
}
