import type { Location, SizedObject } from '../model/remote.ts';
import type { Call } from '../ports/bucket.ts';
import type { Incoming } from '../ports/transfer-objects.ts';
import { failure } from './problems.ts';
import { corrupt, HolderGone, REREADS } from './receive.ts';
import { inParallel, type Tools } from './tools.ts';

/** How a large object is read. */
export interface Reading {
  /** Requests at the same time: one connection to a bucket brings 50 to 150 MB/s, whatever the line. */
  readonly lanes: number;
  /** Bytes that one request of several reads. Those ahead of their turn are kept in memory. */
  readonly piece: number;
}

const MOST_LANES = 4;
const PIECE = 16 * 1024 * 1024;
const ALONE: Reading = { lanes: 1, piece: PIECE };

/** As many lanes for each of so many large objects as the jobs allow. */
export const readingOf = (objects: number, { jobs }: Pick<Tools, 'jobs'>): Reading => ({
  lanes: Math.max(1, Math.min(MOST_LANES, Math.floor(jobs / objects))),
  piece: PIECE,
});

/**
 * Reads a large object into the cache; goes on where an earlier try stopped.
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
    const from = at.offset + incoming.offset;
    const range = { from, to: at.offset + object.size };
    const call = progress.call(at.holder, signal, object.size, at.offset);
    call.onSafe(from);
    let isOpen = true;
    try {
      await (range.to - from > 2 * reading.piece && reading.lanes > 1
        ? readInLanes(at.holder, range, incoming, call, reading, tools)
        : readWhole(at.holder, range, (bytes) => incoming.write(bytes), call, tools));
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

interface Span {
  readonly from: number;
  readonly to: number;
}

async function readWhole(
  holder: string,
  span: Span,
  take: (bytes: Uint8Array) => void,
  call: Call,
  { bucket }: Tools,
): Promise<void> {
  const read = await bucket.read(holder, span, take, call);
  if (read.ok) return;
  if (read.error.kind === 'not-found') throw new HolderGone(holder);
  throw failure(read.error, bucket.url);
}

/**
 * Pieces by several requests, written in order, so that what is here is always a beginning: whoever
 * comes next is the first to write, the others keep theirs until then.
 */
async function readInLanes(
  holder: string,
  { from, to }: Span,
  incoming: Incoming,
  call: Call,
  { lanes, piece }: Reading,
  tools: Tools,
): Promise<void> {
  const count = Math.ceil((to - from) / piece);
  const buffers: Uint8Array[] = [];
  const waiting = new Map<number, () => void>();
  let next = 0;
  const write = (bytes: Uint8Array, position: number): void => {
    incoming.write(bytes);
    call.onSafe(position + bytes.length);
  };
  const numbers = Array.from({ length: count }, (_, number) => number);
  await inParallel(numbers, { jobs: lanes, signal: call.signal }, async (number, signal) => {
    const span = { from: from + number * piece, to: Math.min(to, from + (number + 1) * piece) };
    const buffer = buffers.pop() ?? new Uint8Array(piece);
    let position = span.from;
    let held = 0;
    const letGo = (): void => {
      if (held > 0) write(buffer.subarray(0, held), position - held);
      held = 0;
    };
    const take = (bytes: Uint8Array): void => {
      if (number === next) {
        letGo();
        write(bytes, position);
      } else {
        buffer.set(bytes, held);
        held += bytes.length;
      }
      position += bytes.length;
    };
    const own: Call = { signal, onAlive: call.onAlive, onSafe: () => undefined };
    await readWhole(holder, span, take, own, tools);
    await turnOf(number, signal);
    letGo();
    buffers.push(buffer);
    next += 1;
    waiting.get(next)?.();
  });

  /** Resolves when all before is written; a failure of another lane ends the waiting. */
  function turnOf(number: number, signal: AbortSignal): Promise<void> {
    if (number === next) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(new Error('another part failed'));
      if (signal.aborted) return stop();
      signal.addEventListener('abort', stop, { once: true });
      waiting.set(number, () => {
        signal.removeEventListener('abort', stop);
        resolve();
      });
    });
  }
}
