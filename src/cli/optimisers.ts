import { statSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';

/** Some 300 stages as they are remembered. */
const LARGE_PROJECT = 128 * 1024;

/**
 * Has V8 optimise what was called ten times as often as it would: in a no-op of 1,000 stages its
 * optimising compilers took a fifth of the CPU time, and the run ended before it paid. A loop over
 * 100,000 files gets there soon. Not in a small project, where it costs more than it saves.
 */
export function delayOptimisers(rememberedProject: string): void {
  const { size } = statSync(rememberedProject, { throwIfNoEntry: false }) ?? { size: 0 };
  if (size < LARGE_PROJECT) return;
  setFlagsFromString('--invocation-count-for-maglev=4000');
  setFlagsFromString('--invocation-count-for-turbofan=30000');
}
