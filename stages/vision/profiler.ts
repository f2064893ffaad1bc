/** Where the time of a training goes, by action: enough to tell waiting for data from computing. */

export interface ActionTotals {
  readonly action: string;
  readonly calls: number;
  readonly totalMs: number;
}

export interface Profiler {
  /** Times `run` under `action`; a failed run counts too. */
  measure<T>(action: string, run: () => T): T;
  measureAsync<T>(action: string, run: () => Promise<T>): Promise<T>;
  totals(): ActionTotals[];
}

/** Actions are not to be nested: each millisecond belongs to one of them. */
export function createProfiler(now: () => number = () => performance.now()): Profiler {
  const sums = new Map<string, { calls: number; totalMs: number }>();

  function add(action: string, startedAt: number): void {
    const sum = sums.get(action) ?? { calls: 0, totalMs: 0 };
    sum.calls += 1;
    sum.totalMs += now() - startedAt;
    sums.set(action, sum);
  }

  return {
    measure(action, run) {
      const startedAt = now();
      try {
        return run();
      } finally {
        add(action, startedAt);
      }
    },
    async measureAsync(action, run) {
      const startedAt = now();
      try {
        return await run();
      } finally {
        add(action, startedAt);
      }
    },
    totals: () =>
      [...sums].map(([action, sum]) => ({ action, ...sum })).sort((a, b) => b.totalMs - a.totalMs),
  };
}

/** A table: action, calls, mean, total, share of `wholeMs`. */
export function profileTable(totals: readonly ActionTotals[], wholeMs: number): string {
  const rows = totals.map(({ action, calls, totalMs }) => [
    action,
    String(calls),
    `${(totalMs / calls).toFixed(1)} ms`,
    `${(totalMs / 1000).toFixed(2)} s`,
    `${((100 * totalMs) / wholeMs).toFixed(1)} %`,
  ]);
  const table = [['action', 'calls', 'mean', 'total', 'share'], ...rows];
  const widths =
    table[0]?.map((_, i) => Math.max(...table.map((row) => row[i]?.length ?? 0))) ?? [];
  return table
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  '),
    )
    .join('\n');
}
