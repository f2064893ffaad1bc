import type { Digest } from '../../model/names.ts';
import { hashBytes } from '../hash/blake3.ts';
import { WorkspaceFailure } from './failure.ts';
import { BATCH_BYTES, BATCH_FILES } from './file-runner.ts';
import { hexOf } from './layout.ts';
import type { Tools } from './tools.ts';

/** Small objects that come one after the other, stored many at a time while more come. */
export interface BulkStore {
  /** False when the bytes, at most 4 MiB, do not have the digest. They are copied. */
  add(digest: Digest, bytes: Uint8Array): boolean;
  /** Something to wait for where enough is under way. Throws WorkspaceFailure. */
  pause(): Promise<void> | undefined;
  /** All that was added before is in its place. Throws WorkspaceFailure. */
  settle(): Promise<void>;
}

interface Failed {
  readonly error: unknown;
}

/** Batches under way: a few for each thread. With one buffer each they take 32 MiB at most. */
const MOST_UNDER_WAY = 8;
const BUFFER = BATCH_BYTES / 2;

export function openBulkStore({
  layout,
  files,
  durability,
  objects,
}: Pick<Tools, 'layout' | 'files' | 'durability' | 'objects'>): BulkStore {
  const store = { objects: layout.objects, temporary: layout.tmpObjects };
  const underWay = new Set<Promise<Failed | undefined>>();
  /** Used again and again: fresh memory costs more than the copy into it. */
  const spare: Uint8Array<ArrayBuffer>[] = [];
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  let hexes: string[] = [];
  let sizes: number[] = [];
  let filled = 0;
  let failure: Failed | undefined;

  const send = (): void => {
    if (bytes === undefined) return;
    const batch = { kind: 'store', hexes, sizes, bytes, store } as const;
    [bytes, hexes, sizes, filled] = [undefined, [], [], 0];
    objects.prepare('write');
    const work = files
      .store(batch)
      .then((reply) => {
        durability.noteWritten(reply.written);
        if (reply.bytes !== undefined) spare.push(reply.bytes);
        if (reply.problem !== undefined) throw new WorkspaceFailure(reply.problem);
        return undefined;
      })
      .catch((error: unknown) => {
        failure ??= { error };
        return { error };
      })
      .finally(() => underWay.delete(work));
    underWay.add(work);
  };

  const throwFailure = (): void => {
    const { error } = failure ?? {};
    failure = undefined;
    if (error !== undefined) throw error as Error;
  };

  return {
    add(digest, content) {
      const hex = hexOf(digest);
      if (hashBytes(content).toString('hex') !== hex) return false;
      if (filled + content.length > BUFFER || hexes.length >= BATCH_FILES) send();
      bytes ??= spare.pop() ?? new Uint8Array(BUFFER);
      bytes.set(content, filled);
      filled += content.length;
      hexes.push(hex);
      sizes.push(content.length);
      return true;
    },
    pause() {
      throwFailure();
      return underWay.size < MOST_UNDER_WAY
        ? undefined
        : Promise.race(underWay).then(() => undefined);
    },
    async settle() {
      send();
      const ended = await Promise.all(underWay);
      throwFailure();
      // Somebody else was told already; what was added here is not there all the same.
      for (const failed of ended) if (failed !== undefined) throw failed.error as Error;
    },
  };
}
