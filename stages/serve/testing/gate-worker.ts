/** A thread that takes room of a shared gate, some tasks at a time, and notes the most that all threads had at once. */
import { workerData } from 'node:worker_threads';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../../vision/random.ts';
import { openSharedGate } from '../shared-gate.ts';

const { shared, limit, taken, turns, seed } = workerData as {
  readonly shared: SharedArrayBuffer;
  /** In KiB, as all that is counted here. */
  readonly limit: number;
  /** Now, and at most so far. */
  readonly taken: Int32Array;
  readonly turns: number;
  readonly seed: number;
};

const chance = createRandom(seed);
const gate = openSharedGate(shared, limit * 1024);
// The gate's waiting holds no thread; the service's threads are held by their port.
const held = setInterval(() => undefined, 60_000);

async function takeTurns(): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    const size = 1 + chance.int(60);
    await gate.run(size * 1024, async () => {
      const now = Atomics.add(taken, 0, size) + size;
      for (let most = Atomics.load(taken, 1); now > most;) {
        most = Atomics.compareExchange(taken, 1, most, now) === most ? now : Atomics.load(taken, 1);
      }
      if (chance.int(4) === 0) await sleep(1);
      Atomics.sub(taken, 0, size);
    });
  }
}

await Promise.all([takeTurns(), takeTurns()]);
clearInterval(held);
