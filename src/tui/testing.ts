import type { AvianEvent } from '../model/event.ts';
import type { StageOutcome } from '../model/outcome.ts';
import { NOON, attempt, fingerprint, sampleRun, stage } from '../testing/samples.ts';
import { reduceKey } from './reduce-action.ts';
import { reduceEvent } from './reduce-event.ts';
import { initialState, type Effect, type TuiState } from './state.ts';

/** Builders for tests of the screen: states by the events and keys that lead to them. */

export const at = (state: TuiState, monotonicMs: number): TuiState => ({
  ...state,
  clock: { monotonicMs, nowMs: NOON + monotonicMs },
});

export const screenOf = (
  columns = 80,
  rows = 24,
  purpose: TuiState['purpose'] = 'session',
): TuiState =>
  initialState({ purpose, size: { columns, rows }, clock: { monotonicMs: 0, nowMs: NOON } });

export const after = (state: TuiState, ...events: readonly AvianEvent[]): TuiState =>
  events.reduce(reduceEvent, state);

export function press(
  state: TuiState,
  ...keys: readonly string[]
): { readonly state: TuiState; readonly effects: readonly Effect[] } {
  let next = state;
  const effects: Effect[] = [];
  for (const key of keys) {
    const reduced = reduceKey(next, key);
    next = reduced.state;
    effects.push(...reduced.effects);
  }
  return { state: next, effects };
}

export const plan = (...names: readonly string[]): AvianEvent => ({
  type: 'plan-ready',
  stages: names.map(stage),
});

export const started = (name: string): AvianEvent => ({
  type: 'stage-started',
  stage: stage(name),
  attempt: attempt(),
  fingerprint: fingerprint('ab'),
  reasons: [{ kind: 'param-changed', key: 'train.lr', before: 0.001, after: 0.0003 }],
  cmd: ['node train.ts'],
});

export const output = (
  name: string,
  chunk: string,
  stream: 'stdout' | 'stderr' = 'stdout',
): AvianEvent => ({ type: 'stage-output', stage: stage(name), stream, chunk });

export const settled = (name: string, outcome: StageOutcome, elapsedMs = 0): AvianEvent => ({
  type: 'stage-settled',
  stage: stage(name),
  outcome,
  elapsedMs,
});

export const executed: StageOutcome = { kind: 'executed', run: sampleRun(), unchangedOuts: false };
export const failed: StageOutcome = {
  kind: 'failed',
  failure: { kind: 'exited', code: 1, tail: 'boom\n' },
};

export const done = (
  counts: { readonly [kind in StageOutcome['kind']]?: number } = {},
): AvianEvent => ({
  type: 'repro-done',
  counts,
  elapsedMs: 12_000,
  urls: [],
});
