import { problem } from '../model/diagnostic.ts';
import { ProblemError } from '../model/problem-error.ts';
import type { BucketEntry, Content } from '../ports/bucket.ts';
import type { ExportTarget, Put } from '../ports/export-target.ts';
import { MARKER } from './layout.ts';
import { failure, orThrow } from './problems.ts';
import { quietCall, type Tools } from './tools.ts';

/** CRC32C of bytes that follow on those `before` is the CRC of. */
export type Checksum = (bytes: Uint8Array, before: number) => number;

/**
 * A bucket as a place to export to; `tops` are the names below which something will be written. What is
 * there is told by one listing for each: same size and checksum, same content. A bucket knows neither
 * links nor empty directories nor who may be executed.
 */
export async function openBucketTarget(
  tops: readonly string[],
  tools: Pick<Tools, 'bucket' | 'signal'>,
  checksum: Checksum,
): Promise<ExportTarget> {
  const { bucket } = tools;
  const list = async (prefix: string): Promise<readonly BucketEntry[]> =>
    orThrow(await bucket.list(prefix, quietCall(tools)), bucket.url);
  if ((await list(MARKER)).some(({ name }) => name === MARKER)) throw isRemote(bucket.url);
  const there = new Map<string, BucketEntry>();
  for (const top of tops) for (const entry of await list(top)) there.set(entry.name, entry);

  const isSame = async (entry: BucketEntry, content: Content): Promise<boolean> => {
    if (entry.size !== content.size || entry.crc32c === undefined) return false;
    let crc = 0;
    for await (const piece of content.read(0, content.size)) crc = checksum(piece, crc);
    return crc === entry.crc32c;
  };

  return {
    async file({ name }, content, call, { replace }): Promise<Put> {
      const old = there.get(name);
      if (old !== undefined) {
        if (await isSame(old, content)) return 'same';
        if (!replace) return 'differs';
        // Nothing is overwritten in a bucket of ours: for a moment nobody finds anything here.
        const removed = await bucket.remove(name, call);
        if (!removed.ok && removed.error.kind !== 'not-found') orThrow(removed, bucket.url);
        there.delete(name);
      }
      const made = await bucket.create(name, content, call);
      if (made.ok) return 'written';
      if (made.error.kind !== 'exists') throw failure(made.error, bucket.url);
      // Our own, whose answer was lost, or somebody else's.
      const now = (await list(name)).find((entry) => entry.name === name);
      return now !== undefined && (await isSame(now, content)) ? 'written' : 'differs';
    },
    link: () => Promise.resolve('unable'),
    directory: () => Promise.resolve('unable'),
  };
}

export const isRemote = (url: string): ProblemError =>
  new ProblemError(
    problem(
      'usage',
      'export/is-remote',
      `${url} is a remote of avian, whose objects have names of their own`,
      'export to another prefix or folder',
    ),
  );
