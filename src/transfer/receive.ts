import { problem } from '../model/diagnostic.ts';
import type { Digest } from '../model/names.ts';
import { ProblemError } from '../model/problem-error.ts';
import type { Location, SizedObject } from '../model/remote.ts';
import { listHolders } from './consult.ts';
import { ALONE_FROM, PACK_SIZE } from './layout.ts';
import { failure } from './problems.ts';
import { inParallel, type Tools } from './tools.ts';

/** Bytes between two wanted objects that are cheaper to read than another request. */
const GAP = 512 * 1024;
/** The most of a pack that one request reads: all of one that a push has made. */
const RANGE = PACK_SIZE + ALONE_FROM;
/** Wrong bytes are asked for so often again, in case that they went wrong on their way. */
export const REREADS = 2;

interface Part extends SizedObject {
  readonly offset: number;
}

/** Neighbours in one holder, read by one request. */
interface Stretch {
  readonly holder: string;
  readonly from: number;
  readonly to: number;
  readonly parts: readonly Part[];
}

interface Small {
  /** What is larger is treated as absent. */
  readonly largest: number;
  /** Whether the progress counts them; trees and records are not among what was expected. */
  readonly counted: boolean;
  /** Asked after every piece; what it returns is waited for before the next. */
  readonly pause?: () => Promise<void> | undefined;
  /** Waited for before objects count: what was accepted is in its place then. */
  readonly settle?: () => Promise<void>;
}

/** Whether the bytes are right. They are lent: the buffer is used again after the call. */
export type Accept = (digest: Digest, bytes: Uint8Array) => boolean;

/** The holder, which is the message, went between the index and its reading. */
export class HolderGone extends Error {}

/**
 * A gc may take a pack between a look at the index and the request for it. What is there is listed then,
 * and the work done again from a new look: the index may know another place of the same bytes.
 */
export async function lookingAgain<T>(
  tools: Pick<Tools, 'bucket' | 'signal'>,
  work: (there: ReadonlySet<string> | undefined) => Promise<T>,
): Promise<T> {
  let there: ReadonlySet<string> | undefined;
  for (let time = 0; ; time++) {
    try {
      return await work(there);
    } catch (error) {
      if (!(error instanceof HolderGone)) throw error;
      if (time === MOST_LOOKS) throw lost(error.message, tools.bucket.url);
      const before = there;
      there = new Set((await listHolders(tools)).map(({ name }) => name));
      if (before?.has(error.message) === false) throw lost(error.message, tools.bucket.url);
    }
  }
}

const MOST_LOOKS = 5;

const lost = (holder: string, url: string): ProblemError =>
  new ProblemError(
    problem(
      'corruption',
      'remote/lost',
      `${url}/${holder} is named by the index and is not there`,
      'where the cache has its content: `avian fsck --remote --repair`',
    ),
  );

/** Where to read an object: at a place that is there, as far as is known, and was not found wrong. */
export function placeOf(
  digest: Digest,
  places: readonly Location[] | undefined,
  { there, wrong }: Pick<Tools, 'there' | 'wrong'>,
): Location | undefined {
  const right = places?.filter(({ holder }) => wrong?.get(holder)?.has(digest) !== true);
  return right?.find(({ holder }) => there?.has(holder) !== false) ?? right?.[0];
}

/**
 * Reads small objects out of packs, neighbours by one request, and hands each to `accept`, which says
 * whether its bytes are right. Those that no segment names are left out and returned.
 * @throws HolderGone
 */
export async function receiveSmall(
  digests: readonly Digest[],
  { largest, counted, pause, settle }: Small,
  tools: Tools,
  accept: Accept,
): Promise<readonly Digest[]> {
  const located = await tools.index.locate(digests);
  const absent: Digest[] = [];
  const byHolder = new Map<string, Part[]>();
  for (const digest of digests) {
    const at = placeOf(digest, located.get(digest), tools);
    if (at === undefined || at.size > largest) {
      absent.push(digest);
      continue;
    }
    const parts = byHolder.get(at.holder) ?? [];
    byHolder.set(at.holder, parts);
    parts.push({ digest, size: at.size, offset: at.offset });
  }
  const stretches = [...byHolder].flatMap(([holder, parts]) => joinNeighbours(holder, parts));
  await inParallel(stretches, tools, async (stretch, signal) => {
    const size = counted ? stretch.parts.reduce((sum, part) => sum + part.size, 0) : 0;
    const wrong = await readStretch(stretch, size, signal, tools, accept, pause);
    for (const part of wrong) await readAgain(stretch.holder, part, signal, tools, accept);
    await settle?.();
    tools.progress.done(labelOf(stretch), counted ? stretch.parts.length : 0);
  });
  return absent;
}

function joinNeighbours(holder: string, parts: Part[]): readonly Stretch[] {
  const stretches: { holder: string; from: number; to: number; parts: Part[] }[] = [];
  for (const part of parts.sort((a, b) => a.offset - b.offset)) {
    const last = stretches.at(-1);
    const end = part.offset + part.size;
    if (last !== undefined && part.offset - last.to <= GAP && end - last.from <= RANGE) {
      last.parts.push(part);
      last.to = Math.max(last.to, end);
    } else stretches.push({ holder, from: part.offset, to: end, parts: [part] });
  }
  return stretches;
}

const labelOf = ({ holder, from }: Stretch): string => `${holder}@${from}`;

/** Reads a stretch; returns the parts whose bytes are wrong. Holds one object at a time. */
async function readStretch(
  stretch: Stretch,
  counted: number,
  signal: AbortSignal,
  { bucket, progress }: Tools,
  accept: Accept,
  pause?: Small['pause'],
): Promise<readonly Part[]> {
  const { holder, from, to, parts } = stretch;
  const wrong: Part[] = [];
  // Objects may share bytes only by a lie; each is then read for itself.
  const queue: Part[] = [];
  let end = from;
  for (const part of parts) {
    if (part.offset < end) wrong.push(part);
    else queue.push(part);
    end = Math.max(end, part.offset + part.size);
  }
  let position = from;
  const close = (part: Part, bytes: Uint8Array): void => {
    if (!accept(part.digest, bytes)) wrong.push(part);
    queue.shift();
  };
  const call = progress.call(labelOf(stretch), signal, counted, from);
  const closeEmpty = (): void => {
    for (let part = queue[0]; part?.size === 0 && part.offset <= position; part = queue[0]) {
      close(part, NOTHING);
    }
  };
  const pieces = openJoin();
  closeEmpty();
  const read = await bucket.read(
    holder,
    { from, to },
    (bytes) => {
      const start = position;
      position += bytes.length;
      for (let part = queue[0]; part !== undefined; part = queue[0]) {
        const first = Math.max(part.offset, start) - start;
        const last = Math.min(part.offset + part.size, position) - start;
        if (first >= last && part.size > 0) break;
        const piece = bytes.subarray(first, last);
        const isWhole = part.offset + part.size <= position;
        if (isWhole && piece.length === part.size) close(part, piece);
        else pieces.add(piece, part.size);
        if (!isWhole) break;
        if (queue[0] === part) close(part, pieces.take());
      }
      return pause?.();
    },
    call,
  );
  closeEmpty();
  if (read.ok) return wrong;
  progress.drop(labelOf(stretch));
  if (read.error.kind === 'not-found') throw new HolderGone(holder);
  throw failure(read.error, bucket.url);
}

const NOTHING = new Uint8Array(0);

/** Puts an object together that comes in several pieces. One buffer for all: fresh memory costs more than the copy. */
function openJoin(): { add(piece: Uint8Array, size: number): void; take(): Uint8Array } {
  let buffer = NOTHING;
  let filled = 0;
  return {
    add(piece, size) {
      const needed = filled + piece.length;
      if (needed > buffer.length) {
        // No more than twice what came: a size is only what an index says.
        const larger = new Uint8Array(Math.max(needed, Math.min(size, 2 * buffer.length)));
        larger.set(buffer.subarray(0, filled));
        buffer = larger;
      }
      buffer.set(piece, filled);
      filled = needed;
    },
    take() {
      const whole = buffer.subarray(0, filled);
      filled = 0;
      return whole;
    },
  };
}

async function readAgain(
  holder: string,
  part: Part,
  signal: AbortSignal,
  tools: Tools,
  accept: Accept,
): Promise<void> {
  for (let time = 0; time < REREADS; time++) {
    const alone = { holder, from: part.offset, to: part.offset + part.size, parts: [part] };
    const wrong = await readStretch(alone, 0, signal, tools, accept);
    if (wrong.length === 0) return;
  }
  throw corrupt(part.digest, holder, tools);
}

export const corrupt = (
  digest: Digest,
  holder: string,
  { bucket }: Pick<Tools, 'bucket'>,
): ProblemError =>
  new ProblemError(
    problem(
      'corruption',
      'remote/wrong-bytes',
      `${bucket.url}/${holder} has other bytes than ${digest}, read ${REREADS + 1} times`,
      'nothing of it was kept; where the cache has it: `avian fsck --remote --repair`',
    ),
  );
