import type { Location, SizedObject } from '../model/remote.ts';
import { bytesIn, gapsIn, type Span } from '../model/spans.ts';
import type { Call } from '../ports/bucket.ts';
import type { Incoming } from '../ports/transfer-objects.ts';
import { failure } from './problems.ts';
import { corrupt, HolderGone, REREADS } from './receive.ts';
import { inParallel, type Tools } from './tools.ts';

/** How a large object is read. */
export interface Reading {
  /** Requests at the same time: one connection to a bucket brings 50 to 150 MB/s, whatever the line. */
  readonly lanes: number;
  /** The most bytes that one request of several reads. */
  readonly piece: number;
}

const MOST_LANES = 4;
/** Long enough that the wait for an answer is short beside it. */
const PIECE = 32 * 1024 * 1024;
/**
 * Shorter ones are not worth a request. A kill loses what the system holds of each connection, some 6 MB: of an object
 * of 12 MB by three requests it was 10 MB once.
 */
const SHORTEST = 16 * 1024 * 1024;
/** Written at once. What a kill loses of each lane. */
const GATHERED = 512 * 1024;
const ALONE: Reading = { lanes: 1, piece: PIECE };

/** As many lanes for each of so many large objects as the jobs allow. */
export const readingOf = (objects: number, { jobs }: Pick<Tools, 'jobs'>): Reading => ({
  lanes: Math.max(1, Math.min(MOST_LANES, Math.floor(jobs / objects))),
  piece: PIECE,
});

/**
 * Reads a large object into the cache: what an earlier try did not bring, wherever it is.
 * @param isWanted it is put into the workspace next
 * @throws HolderGone
 */
export async function receiveLarge(
  object: SizedObject,
  at: Location,
  signal: AbortSignal,
  tools: Tools,
  isWanted = false,
  reading: Reading = ALONE,
): Promise<void> {
  const { objects, progress } = tools;
  for (let time = 0; ; time++) {
    const incoming = objects.receive(object, isWanted);
    const call = progress.call(at.holder, signal, object.size);
    let isOpen = true;
    try {
      await receiveLacking(object, at, incoming, call, reading, tools);
      isOpen = false;
      if (incoming.finish()) {
        progress.done(at.holder, 1);
        return;
      }
    } finally {
      progress.drop(at.holder);
      if (isOpen) incoming.suspend();
    }
    if (time === REREADS) throw corrupt(object.digest, at.holder, tools);
  }
}

async function receiveLacking(
  { size }: SizedObject,
  at: Location,
  incoming: Incoming,
  call: Call,
  { lanes, piece }: Reading,
  tools: Tools,
): Promise<void> {
  const gaps = gapsIn(incoming.there, size);
  const share = Math.ceil(bytesIn(gaps) / lanes);
  const length = lanes === 1 ? size : Math.min(piece, Math.max(SHORTEST, share));
  let safe = bytesIn(incoming.there);
  call.onSafe(safe);
  const parts = gaps.flatMap((gap) => cut(gap, length));
  const buffers: Uint8Array[] = [];
  await inParallel(parts, { jobs: lanes, signal: call.signal }, async ({ from, to }, own) => {
    const gathered = gatherInto(
      buffers.pop() ?? new Uint8Array(GATHERED),
      from,
      (bytes, position) => {
        incoming.write(bytes, position);
        safe += bytes.length;
        call.onSafe(safe);
      },
    );
    try {
      const span = { from: at.offset + from, to: at.offset + to };
      const calm = { signal: own, onAlive: call.onAlive, onSafe: () => undefined };
      await readSpan(at.holder, span, gathered.take, calm, tools);
    } finally {
      gathered.flush();
      buffers.push(gathered.buffer);
    }
  });
}

interface Gathered {
  readonly buffer: Uint8Array;
  readonly take: (bytes: Uint8Array) => void;
  /** Hands on what has not filled the buffer. */
  readonly flush: () => void;
}

/** Puts pieces together to larger ones: what comes at once from a connection is dear to write for itself. */
function gatherInto(
  buffer: Uint8Array,
  from: number,
  write: (bytes: Uint8Array, position: number) => void,
): Gathered {
  let position = from;
  let held = 0;
  const flush = (): void => {
    const bytes = buffer.subarray(0, held);
    held = 0;
    if (bytes.length === 0) return;
    write(bytes, position);
    position += bytes.length;
  };
  return {
    buffer,
    flush,
    take(bytes) {
      for (let done = 0; done < bytes.length;) {
        const part = bytes.subarray(done, done + buffer.length - held);
        buffer.set(part, held);
        held += part.length;
        done += part.length;
        if (held === buffer.length) flush();
      }
    },
  };
}

function cut({ from, to }: Span, length: number): readonly Span[] {
  return Array.from({ length: Math.ceil((to - from) / length) }, (_, index) => ({
    from: from + index * length,
    to: Math.min(to, from + (index + 1) * length),
  }));
}

async function readSpan(
  holder: string,
  span: Span,
  take: (bytes: Uint8Array) => void,
  call: Call,
  { bucket }: Pick<Tools, 'bucket'>,
): Promise<void> {
  const read = await bucket.read(holder, span, take, call);
  if (read.ok) return;
  if (read.error.kind === 'not-found') throw new HolderGone(holder);
  throw failure(read.error, bucket.url);
}
