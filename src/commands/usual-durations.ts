import type { StageName } from '../model/names.ts';
import type { CommandContext } from './context.ts';

const RUNS_ASKED = 5;

/**
 * How long stages take as a rule, in milliseconds: the median of their last successful runs.
 * A stage that never ran here, or whose outs were adopted, is left out.
 */
export async function usualDurations(
  stages: readonly StageName[],
  { ports }: { readonly ports: Pick<CommandContext['ports'], 'runs'> },
): Promise<ReadonlyMap<StageName, number>> {
  const usual = new Map<StageName, number>();
  for (const stage of stages) {
    const history = await ports.runs.history(stage, 2 * RUNS_ASKED);
    const durations = history
      .filter(({ ending, adopted }) => ending.kind === 'succeeded' && adopted === undefined)
      .slice(0, RUNS_ASKED)
      .map(({ durationMs }) => durationMs)
      .sort((a, b) => a - b);
    const median = durations[Math.floor(durations.length / 2)];
    if (median !== undefined) usual.set(stage, median);
  }
  return usual;
}
