/** Lets tasks run side by side while their sizes add up to no more than a limit; first come, first served. Pure. */

export interface Gate {
  /** Waits for room. A task larger than the limit runs alone. */
  run<T>(size: number, task: () => Promise<T>): Promise<T>;
}

export function createGate(limit: number): Gate {
  const waiting: { size: number; start: () => void }[] = [];
  let taken = 0;

  function admit(): void {
    for (let [next] = waiting; next !== undefined; [next] = waiting) {
      if (taken > 0 && taken + next.size > limit) return;
      waiting.shift();
      taken += next.size;
      next.start();
    }
  }

  return {
    async run(size, task) {
      await new Promise<void>((start) => {
        waiting.push({ size, start });
        admit();
      });
      try {
        return await task();
      } finally {
        taken -= size;
        admit();
      }
    },
  };
}
