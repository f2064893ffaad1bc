/** Learning-rate schedules, as factors of the base rate; pure functions of the step. */

export type ScheduleKind = 'constant' | 'cosine';

export interface Schedule {
  readonly kind: ScheduleKind;
  /** Steps over which the rate rises in a line from near 0; 0 or more. */
  readonly warmupSteps: number;
  /** Steps of the whole training, warm-up included; at least 1. */
  readonly totalSteps: number;
}

/** The factor for `step`, counted from 0: above 0, at most 1. Beyond the end it stays as at the last step. */
export function rateFactor({ kind, warmupSteps, totalSteps }: Schedule, step: number): number {
  if (step < warmupSteps) return (step + 1) / (warmupSteps + 1);
  switch (kind) {
    case 'constant':
      return 1;
    case 'cosine': {
      const length = Math.max(1, totalSteps - warmupSteps);
      const progress = Math.min(1, (step - warmupSteps) / length);
      // Never quite 0, so that the last steps still learn.
      return Math.max(0.001, (1 + Math.cos(Math.PI * progress)) / 2);
    }
  }
}
