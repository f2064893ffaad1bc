/**
 * A weighted semaphore for several threads: tasks run side by side while their sizes add up to no more than a limit. First come,
 * first served, by tickets.
 */
import type { Gate } from '../vision/images.ts';

/** What the threads share: the next ticket, the ticket whose turn it is, and how much is taken, in KiB. */
const TICKETS = 0;
const TURN = 1;
const TAKEN = 2;

/** The state of a gate, for `openSharedGate` in every thread. */
export function createSharedGate(): SharedArrayBuffer {
  return new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT);
}

/** A task larger than `limit` (bytes) runs alone. */
export function openSharedGate(shared: SharedArrayBuffer, limit: number): Gate {
  const state = new Int32Array(shared);
  const most = inKib(limit);
  return {
    async run(bytes, task) {
      const size = inKib(bytes);
      const ticket = Atomics.add(state, TICKETS, 1);
      await until(state, TURN, (turn) => turn === ticket);
      // Whose turn it is takes alone; what others give back in the meantime can only make more room.
      await until(state, TAKEN, (taken) => taken === 0 || taken + size <= most);
      Atomics.add(state, TAKEN, size);
      Atomics.add(state, TURN, 1);
      Atomics.notify(state, TURN);
      try {
        return await task();
      } finally {
        Atomics.sub(state, TAKEN, size);
        Atomics.notify(state, TAKEN);
      }
    },
  };
}

/** 32 bits of KiB reach further than any memory. */
const inKib = (bytes: number): number => Math.ceil(bytes / 1024);

async function until(
  state: Int32Array<SharedArrayBuffer>,
  index: number,
  fits: (value: number) => boolean,
): Promise<void> {
  for (;;) {
    const value = Atomics.load(state, index);
    if (fits(value)) return;
    const changed = Atomics.waitAsync(state, index, value);
    if (changed.async) await changed.value;
  }
}
