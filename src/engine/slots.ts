import type { Resources } from '../model/pipeline.ts';

/** What commands may use at the same time. `cpu` counts jobs, `memory` is in bytes. */
export type Capacity = Resources;

export interface Slots {
  /** Resolves when there is room; requests are served in order, so a large one is not starved by small ones. */
  take(wanted: Resources): Promise<{ release(): void }>;
}

/** A stage that wants more than there is gets all of it, rather than waiting for ever. */
export function createSlots(capacity: Capacity): Slots {
  const free = { ...capacity };
  const queue: { readonly need: Resources; readonly start: () => void }[] = [];

  const startWaiting = (): void => {
    for (let first = queue[0]; first !== undefined && fits(first.need, free); first = queue[0]) {
      queue.shift();
      add(free, first.need, -1);
      first.start();
    }
  };
  return {
    take(wanted) {
      const need: Resources = {
        cpu: Math.min(wanted.cpu, capacity.cpu),
        gpu: Math.min(wanted.gpu, capacity.gpu),
        memory: Math.min(wanted.memory, capacity.memory),
      };
      return new Promise((resolve) => {
        const start = (): void =>
          resolve({
            release: () => {
              add(free, need, 1);
              startWaiting();
            },
          });
        queue.push({ need, start });
        startWaiting();
      });
    },
  };
}

const fits = (need: Resources, free: Resources): boolean =>
  need.cpu <= free.cpu && need.gpu <= free.gpu && need.memory <= free.memory;

function add(
  free: { cpu: number; gpu: number; memory: number },
  amount: Resources,
  sign: 1 | -1,
): void {
  free.cpu += sign * amount.cpu;
  free.gpu += sign * amount.gpu;
  free.memory += sign * amount.memory;
}
