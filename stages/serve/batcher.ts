/** Micro-batching: requests that arrive together are answered by one call; pure (the timer is an argument). */

export interface BatcherOptions<Input, Output> {
  /** Answers all inputs, in order. Never called more than `maxRuns` times at once. */
  readonly run: (inputs: readonly Input[]) => Promise<readonly Output[]>;
  /** Calls that may be under way, at least 1; what waits is shared out among those that can be begun. */
  readonly maxRuns: number;
  /** Inputs a call may hold, at least 1. */
  readonly maxBatch: number;
  /** How long the first input of a batch may wait for company while a call is free; 0 waits for nobody. */
  readonly maxDelayMs: number;
  /** Inputs that may wait; the next one is refused. */
  readonly maxWaiting: number;
  readonly onBatch?: (size: number) => void;
  /** Calls `action` once after `ms`, unless the returned function is called first. */
  readonly after?: (ms: number, action: () => void) => () => void;
  /** Calls `action` once what has arrived already was submitted. */
  readonly soon?: (action: () => void) => void;
}

export type Submitted<Output> =
  { kind: 'accepted'; answer: Promise<Output> } | { kind: 'full'; waiting: number };

export interface Batcher<Input, Output> {
  submit(input: Input): Submitted<Output>;
  /** Inputs that wait for their batch. */
  readonly waiting: number;
  /** Answers what waits without further delay; resolves when nothing waits or runs. */
  drain(): Promise<void>;
}

interface Entry<Input, Output> {
  readonly input: Input;
  readonly resolve: (output: Output) => void;
  readonly reject: (error: unknown) => void;
}

export function createBatcher<Input, Output>(
  options: BatcherOptions<Input, Output>,
): Batcher<Input, Output> {
  const { run, maxRuns, maxBatch, maxDelayMs, maxWaiting, onBatch } = options;
  const { after = startTimer, soon = setImmediate } = options;
  const waiting: Entry<Input, Output>[] = [];
  const running = new Set<Promise<void>>();
  let cancelTimer: (() => void) | undefined;
  let isPlanned = false;

  /**
   * Requests come in handfuls, read from their sockets in one turn of the event loop. Where the first of
   * them started a call at once, every third call held a single photograph.
   */
  function considerSoon(): void {
    if (isPlanned) return;
    isPlanned = true;
    soon(() => {
      isPlanned = false;
      consider(false);
    });
  }

  /** Starts batches if there is a reason to: one is full, or its time is up, or there is none to wait for. */
  function consider(timeIsUp: boolean): void {
    while (running.size < maxRuns && waiting.length > 0) {
      if (waiting.length < maxBatch && !timeIsUp && maxDelayMs > 0) {
        cancelTimer ??= after(maxDelayMs, () => {
          cancelTimer = undefined;
          consider(true);
        });
        return;
      }
      cancelTimer?.();
      cancelTimer = undefined;
      const share = Math.ceil(waiting.length / (maxRuns - running.size));
      start(waiting.splice(0, Math.min(maxBatch, share)));
    }
  }

  function start(batch: readonly Entry<Input, Output>[]): void {
    const call = runBatch(batch).then(() => {
      running.delete(call);
      // What arrived meanwhile has waited for a whole batch already.
      consider(true);
    });
    running.add(call);
  }

  async function runBatch(batch: readonly Entry<Input, Output>[]): Promise<void> {
    onBatch?.(batch.length);
    try {
      const outputs = await run(batch.map((entry) => entry.input));
      if (outputs.length !== batch.length) {
        throw new Error(`bug: ${outputs.length} answers to ${batch.length} inputs`);
      }
      outputs.forEach((output, index) => batch[index]?.resolve(output));
    } catch (error) {
      for (const entry of batch) entry.reject(error);
    }
  }

  return {
    submit(input) {
      if (waiting.length >= maxWaiting) return { kind: 'full', waiting: waiting.length };
      const answer = new Promise<Output>((resolve, reject) => {
        waiting.push({ input, resolve, reject });
      });
      considerSoon();
      return { kind: 'accepted', answer };
    },
    get waiting() {
      return waiting.length;
    },
    async drain() {
      consider(true);
      while (running.size > 0) await Promise.all(running);
    },
  };
}

function startTimer(ms: number, action: () => void): () => void {
  const timer = setTimeout(action, ms);
  return () => {
    clearTimeout(timer);
  };
}
