/** Early stopping as a pure reducer: its state is plain JSON, so a resumed training stops where the other would have. */

export interface EarlyStoppingRule {
  readonly monitor: string;
  readonly mode: 'min' | 'max';
  /** Epochs without improvement after which training ends; 0 or more. */
  readonly patience: number;
  /** Least change that counts as an improvement; 0 or more. */
  readonly minDelta: number;
  /** Stop as soon as the monitored value is NaN or infinite. */
  readonly checkFinite: boolean;
  /** Stop as soon as the monitored value is at least this good. */
  readonly stoppingThreshold?: number;
}

export interface EarlyStoppingState {
  readonly best: number | null;
  readonly bestEpoch: number | null;
  /** Epochs since the last improvement. */
  readonly waited: number;
  readonly stop: StopReason | null;
}

export type StopReason =
  | { readonly kind: 'patience'; readonly waited: number }
  | { readonly kind: 'not-finite' }
  | { readonly kind: 'threshold'; readonly threshold: number };

export const earlyStoppingStart: EarlyStoppingState = {
  best: null,
  bestEpoch: null,
  waited: 0,
  stop: null,
};

/** The state after `epoch` (counted from 1) ended with `value`. A stopped state stays as it is. */
export function observe(
  rule: EarlyStoppingRule,
  state: EarlyStoppingState,
  epoch: number,
  value: number,
): EarlyStoppingState {
  if (state.stop !== null) return state;
  if (!Number.isFinite(value)) return afterNotFinite(rule, state);

  const improved = improves(rule, value, state.best);
  const next: EarlyStoppingState = improved
    ? { best: value, bestEpoch: epoch, waited: 0, stop: null }
    : { ...state, waited: state.waited + 1 };
  return { ...next, stop: stopReason(rule, next.waited, value) };
}

/** Whether `value` is better than `best` by more than the rule's least change. */
export function improves(rule: EarlyStoppingRule, value: number, best: number | null): boolean {
  if (!Number.isFinite(value)) return false;
  if (best === null) return true;
  return rule.mode === 'max' ? value > best + rule.minDelta : value < best - rule.minDelta;
}

export function describeStop(rule: EarlyStoppingRule, reason: StopReason): string {
  switch (reason.kind) {
    case 'patience':
      return `${rule.monitor} has not improved for ${reason.waited} epochs`;
    case 'not-finite':
      return `${rule.monitor} is not a finite number`;
    case 'threshold':
      return `${rule.monitor} has reached ${reason.threshold}`;
  }
}

function afterNotFinite(rule: EarlyStoppingRule, state: EarlyStoppingState): EarlyStoppingState {
  const waited = state.waited + 1;
  if (rule.checkFinite) return { ...state, waited, stop: { kind: 'not-finite' } };
  return { ...state, waited, stop: stopReason(rule, waited, NaN) };
}

function stopReason(rule: EarlyStoppingRule, waited: number, value: number): StopReason | null {
  const { stoppingThreshold: threshold, mode, patience } = rule;
  if (threshold !== undefined && (mode === 'max' ? value >= threshold : value <= threshold)) {
    return { kind: 'threshold', threshold };
  }
  return waited > 0 && waited >= patience ? { kind: 'patience', waited } : null;
}
