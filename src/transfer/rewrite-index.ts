import type { Digest, RunId } from '../model/names.ts';
import type { Holder } from '../model/remote.ts';
import type { Census } from './census.ts';
import type { Tools } from './tools.ts';
import { createSegment } from './write-segment.ts';

export interface IndexChange {
  /** New places of objects that are somewhere else already, or were. */
  readonly copies: readonly Holder[];
  /**
   * A holder as it is to be named from now on: itself, with fewer objects, or not at all.
   */
  readonly correct: (holder: Holder) => Holder | undefined;
}

/**
 * Writes one segment in place of all that name something which is to be named no more, with the copies;
 * returns the names of those, which may be deleted then. Run records stay known as long as one place
 * of theirs is.
 */
export async function rewriteIndex(
  { copies, correct }: IndexChange,
  { segments, look }: Pick<Census, 'segments' | 'look'>,
  tools: Tools,
): Promise<readonly string[]> {
  const { index } = tools;
  const stale: string[] = [];
  const holders = new Map(copies.map((holder) => [holder.name, holder]));
  const named = new Set<Digest>();
  const staleRuns = new Set<RunId>();
  const note = ({ objects }: Holder): void => {
    for (const { digest } of objects) named.add(digest);
  };
  for (const { name } of segments) {
    const content = await index.contentOf([name]);
    const corrected = content.holders.map((holder) => correct(holder));
    if (corrected.every((holder, at) => holder === content.holders[at])) {
      content.holders.forEach(note);
      continue;
    }
    stale.push(name);
    for (const run of content.runs) staleRuns.add(run);
    for (const holder of corrected) if (holder !== undefined) holders.set(holder.name, holder);
  }
  if (stale.length === 0 && copies.length === 0) return [];
  const held = new Set([...holders.values()].flatMap(({ objects }) => objects.map(digestOf)));
  // A copied record may be known as one by a segment that stays, until that goes another day.
  const runs = (await index.runs()).filter((run) => {
    const digest = `b3:${run}` as Digest;
    return held.has(digest) || (staleRuns.has(run) && named.has(digest));
  });
  const earlier = await index.segments();
  await createSegment(
    {
      supersedes: [...new Set(stale.flatMap((name) => [name, ...(earlier.get(name) ?? [])]))],
      ...{ holders: [...holders.values()], runs },
    },
    look.ensureFresh,
    tools,
  );
  return stale;
}

const digestOf = ({ digest }: { readonly digest: Digest }): Digest => digest;
