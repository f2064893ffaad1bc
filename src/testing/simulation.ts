import { setImmediate } from 'node:timers/promises';
import { hashText } from '../adapters/hash/blake3.ts';
import { openRemoteIndex, type StoredRemoteIndex } from '../adapters/remote-index/remote-index.ts';
import type { AvianEvent } from '../model/event.ts';
import { err, type Result } from '../model/result.ts';
import type { Bucket, BucketProblem, Call } from '../ports/bucket.ts';
import type { Clock } from '../ports/clock.ts';
import { LIMITS } from '../transfer/patience.ts';
import type { OpenRemote, TransferPorts } from '../transfer/tools.ts';
import { FakeBucket } from './fake-bucket.ts';
import { FakeObjects } from './fake-objects.ts';
import { FakeRunLog } from './fake-stores.ts';
import type { Random } from './random.ts';

const LONGEST_ON_ITS_WAY = 10 * 60_000;

/** A request on its way: it happens when the simulation says so, or never. */
interface Gate {
  readonly client: SimulatedClient;
  readonly call: Call;
  /** Packs and blobs may take hours and still move; whatever else is silent was lost. */
  readonly isSlow: boolean;
  readonly happen: () => Promise<void>;
}

interface Sleeper {
  readonly client: SimulatedClient | undefined;
  readonly until: number;
  readonly wake: () => void;
}

/**
 * Clients of one bucket whose every request waits until it is chosen, and a clock that stands still
 * meanwhile. The same choices give the same history.
 */
export class Simulation {
  readonly bucket = new FakeBucket();
  readonly #random: Random;
  #now = Date.parse('2026-11-01T00:00:00.000Z');
  #gates: Gate[] = [];
  #sleepers: Sleeper[] = [];
  #isLongAgo = false;

  constructor(random: Random) {
    this.#random = random;
    this.bucket.now = () => this.#now;
  }

  now = (): number => this.#now;

  /** Until nobody can go on without a request or time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await setImmediate();
  }

  isBusy = (client: SimulatedClient): boolean => this.#gates.some((gate) => gate.client === client);

  /** Lets one of the waiting requests happen; false when there is none. */
  async step(): Promise<boolean> {
    if (this.#gates.length === 0) return false;
    const gate = this.#random.pick(this.#gates);
    this.#gates = this.#gates.filter((each) => each !== gate);
    await gate.happen();
    await this.settle();
    return true;
  }

  /** Time passes. Slow requests that still move survive it; others are noticed to be silent. */
  async pass(ms: number): Promise<void> {
    this.#now += ms;
    // Nothing is on its way for longer than any connection lives, and arrives after all.
    this.#isLongAgo = ms > LONGEST_ON_ITS_WAY;
    for (const { isSlow, call } of this.#gates) {
      if (isSlow && this.#random.chance(0.8)) call.onAlive(0);
    }
    const due = this.#sleepers.filter(({ until }) => until <= this.#now);
    this.#sleepers = this.#sleepers.filter((sleeper) => !due.includes(sleeper));
    for (const { wake } of due.sort((a, b) => a.until - b.until)) wake();
    await this.settle();
    this.#isLongAgo = false;
  }

  /** The process ends. What was on its way arrives, or does not. */
  async kill(client: SimulatedClient): Promise<void> {
    const gates = this.#gates.filter((gate) => gate.client === client);
    this.#gates = this.#gates.filter((gate) => gate.client !== client);
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.client !== client);
    client.isAlive = false;
    for (const gate of gates) if (this.#random.chance(0.5)) await gate.happen();
    await this.settle();
  }

  clock(client?: SimulatedClient): Clock {
    return {
      now: this.now,
      monotonic: this.now,
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          if (signal.aborted) return resolve();
          const sleeper: Sleeper = { client, until: this.#now + ms, wake: done };
          const drop = (): void => {
            this.#sleepers = this.#sleepers.filter((each) => each !== sleeper);
            done();
          };
          function done(): void {
            signal.removeEventListener('abort', drop);
            resolve();
          }
          signal.addEventListener('abort', drop, { once: true });
          this.#sleepers.push(sleeper);
        }),
    };
  }

  /** The bucket as a client sees it. */
  gated(client: SimulatedClient): Bucket {
    const { bucket } = this;
    const wait = <T>(
      name: string,
      call: Call,
      isSlow: boolean,
      work: (call: Call) => Promise<Result<T, BucketProblem>>,
    ): Promise<Result<T, BucketProblem>> => {
      // Of a process that was killed nothing is heard any more.
      const dead = new Promise<never>(() => undefined);
      if (!client.isAlive) return dead;
      return new Promise((resolve, reject) => {
        const gate: Gate = {
          ...{ client, call, isSlow },
          happen: async () => {
            // Given up or not, a request that arrives is done.
            const unheard = { ...call, signal: new AbortController().signal };
            try {
              const result = await work(unheard);
              if (client.isAlive) resolve(result);
            } catch (error) {
              if (client.isAlive) reject(error instanceof Error ? error : new Error(String(error)));
            }
          },
        };
        this.#gates.push(gate);
        const giveUp = (): void => {
          if (!this.#gates.includes(gate)) return;
          this.#gates = this.#gates.filter((each) => each !== gate);
          if (!this.#isLongAgo && this.#random.chance(0.5)) void gate.happen();
          else if (client.isAlive) resolve(err({ kind: 'cancelled', name }));
        };
        call.signal.addEventListener('abort', giveUp, { once: true });
      });
    };
    const isHolder = (name: string): boolean => /^(packs|blobs)\//.test(name);
    return {
      url: bucket.url,
      create: (name, content, call) =>
        wait(name, call, isHolder(name), (one) => bucket.create(name, content, one)),
      read: (name, range, take, call) =>
        wait(name, call, isHolder(name), (one) => bucket.read(name, range, take, one)),
      list: (prefix, call) => wait(prefix, call, false, () => bucket.list(prefix)),
      remove: (name, call) => wait(name, call, false, () => bucket.remove(name)),
    };
  }
}

/** A machine's disk: what stays when its process is killed. */
export interface SimulatedDisk {
  readonly objects: FakeObjects;
  readonly index: StoredRemoteIndex;
  readonly runs: FakeRunLog;
}

export async function emptyDisk(): Promise<SimulatedDisk> {
  return {
    objects: new FakeObjects(),
    index: await openRemoteIndex(':memory:', 'memory:'),
    runs: new FakeRunLog({ hash: hashText, note: () => undefined }),
  };
}

/** One process on a machine. */
export class SimulatedClient {
  isAlive = true;
  readonly events: AvianEvent[] = [];
  readonly ports: TransferPorts;
  readonly remote: OpenRemote;

  /** @param bucket another way to the bucket, without waiting */
  constructor(disk: SimulatedDisk, simulation: Simulation, random: Random, bucket?: Bucket) {
    const { objects, runs, index } = disk;
    this.ports = {
      ...{ objects, runs, hash: hashText },
      clock: simulation.clock(this),
      emit: (event) => void this.events.push(event),
    };
    this.remote = {
      bucket: bucket ?? simulation.gated(this),
      ...{ index, limits: LIMITS, random: () => random.below(1000) / 1000 },
      nonce: () =>
        Array.from({ length: 4 }, () =>
          random
            .below(2 ** 32)
            .toString(16)
            .padStart(8, '0'),
        ).join(''),
    };
  }
}
