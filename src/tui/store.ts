import type { AvianEvent } from '../model/event.ts';
import { reduceKey, shown } from './reduce-action.ts';
import { reduceEvent, relieved } from './reduce-event.ts';
import type { Key } from './keys.ts';
import type { Effect, TuiState } from './state.ts';

/** Time as the store needs it. */
export interface StoreClock {
  now(): number;
  monotonic(): number;
  /** Calls `act` once after `ms`; the returned function calls it off. */
  after(ms: number, act: () => void): () => void;
}

export interface Store {
  readonly state: () => TuiState;
  /** Called after each change; gives back how to stop. */
  readonly subscribe: (listener: () => void) => () => void;
  /** Taken in together with what comes in the same thirtieth of a second; it happened `agoMs` before now. */
  readonly event: (event: AvianEvent, agoMs?: number) => void;
  readonly key: (key: Key) => void;
  readonly update: (change: (state: TuiState) => TuiState) => void;
  /** Ends its timers; events that wait are dropped. */
  readonly close: () => void;
}

const BATCH_MS = 33;
/** Elapsed times are shown in seconds. */
const TICK_MS = 1000;

/**
 * The state, and who is told when it changes. Events wait for the next batch, and what one stage
 * prints in between is one chunk: the work of a batch is bounded whatever the stage prints, and a
 * key that comes in between is answered at once.
 *
 * @param onEffect what keys ask for
 * @param onError a bug in here: nothing more is taken in after it
 */
export function createStore(
  initial: TuiState,
  options: {
    readonly clock: StoreClock;
    readonly onEffect: (effect: Effect) => void;
    readonly onError: (error: unknown) => void;
  },
): Store {
  const { clock, onEffect, onError } = options;
  const listeners = new Set<() => void>();
  let state = initial;
  let waiting: Happened[] = [];
  let broken = false;
  let callOff: (() => void) | undefined;
  let stopTicking: (() => void) | undefined;

  const timed = (from: TuiState): TuiState => ({
    ...from,
    clock: { monotonicMs: clock.monotonic(), nowMs: clock.now() },
  });

  /** Nothing in here may end a run: an error is handed on, and nothing is done any more. */
  const guarded = (act: () => void): void => {
    if (broken) return;
    try {
      act();
    } catch (error) {
      broken = true;
      close();
      onError(error);
    }
  };

  function change(next: TuiState): void {
    state = next;
    for (const listener of listeners) listener();
    tickWhileBusy();
  }

  function tickWhileBusy(): void {
    if (state.activity.kind === 'idle') {
      stopTicking?.();
      stopTicking = undefined;
      return;
    }
    stopTicking ??= clock.after(TICK_MS, () => {
      stopTicking = undefined;
      guarded(() => change(timed(state)));
    });
  }

  function takeIn(): void {
    callOff?.();
    callOff = undefined;
    if (waiting.length === 0) return;
    const events = merged(waiting);
    waiting = [];
    let next = timed(state);
    const { clock: now } = next;
    for (const { event, agoMs } of events) next = reduceEvent(ago(next, now, agoMs), event);
    change(relieved({ ...next, clock: now }));
  }

  function close(): void {
    callOff?.();
    stopTicking?.();
    waiting = [];
  }

  return {
    state: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    event(event, agoMs = 0) {
      if (broken) return;
      waiting.push({ event, agoMs });
      callOff ??= clock.after(BATCH_MS, () => {
        callOff = undefined;
        guarded(takeIn);
      });
    },
    key(key) {
      guarded(() => {
        takeIn();
        const reduced = reduceKey(timed(state), key);
        change(reduced.state);
        for (const effect of reduced.effects) onEffect(effect);
      });
    },
    update(by) {
      guarded(() => {
        takeIn();
        const reduced = shown(by(timed(state)));
        change(reduced.state);
        for (const effect of reduced.effects) onEffect(effect);
      });
    },
    close,
  };
}

interface Happened {
  readonly event: AvianEvent;
  readonly agoMs: number;
}

const ago = (state: TuiState, now: TuiState['clock'], ms: number): TuiState => ({
  ...state,
  clock: { monotonicMs: now.monotonicMs - ms, nowMs: now.nowMs - ms },
});

/** Output of one stage and stream as one event, where nothing else of that stage lies in between. */
function merged(events: readonly Happened[]): readonly Happened[] {
  const result: (Happened | Printed)[] = [];
  const open = new Map<string, Printed>();
  for (const happened of events) {
    const { event } = happened;
    if (event.type !== 'stage-output') {
      if ('stage' in event) {
        open.delete(`stdout ${event.stage}`);
        open.delete(`stderr ${event.stage}`);
      }
      result.push(happened);
      continue;
    }
    const key = `${event.stream} ${event.stage}`;
    const known = open.get(key);
    if (known !== undefined) known.chunks.push(event.chunk);
    else {
      const printed = { first: event, chunks: [event.chunk] };
      open.set(key, printed);
      result.push(printed);
    }
  }
  return result.map((each) =>
    'first' in each ? { event: { ...each.first, chunk: each.chunks.join('') }, agoMs: 0 } : each,
  );
}

interface Printed {
  readonly first: Extract<AvianEvent, { type: 'stage-output' }>;
  readonly chunks: string[];
}
