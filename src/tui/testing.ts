import type { AvianEvent } from '../model/event.ts';
import { NOON } from '../testing/samples.ts';
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
