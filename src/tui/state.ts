import type { AvianEvent } from '../model/event.ts';
import type { AttemptId } from '../model/names.ts';
import { NO_GAUGES, type Gauges } from './gauges.ts';
import { EMPTY_LOG, type Log } from './log.ts';

/*
 * Everything the screen shows, as one value. Events and keys make another one (reduce-event.ts,
 * reduce-action.ts), layout.ts draws it; none of them knows React or a terminal.
 */

/** What a stage is: judged, or on its way through a run. Each has glyph, word and colour in look.ts. */
export type Phase =
  | 'unknown'
  | 'fresh'
  | 'restorable'
  | 'stale'
  | 'undetermined'
  | 'frozen'
  | 'interrupted'
  | 'queued'
  | 'running'
  | 'done'
  | 'restored'
  | 'failed'
  | 'blocked'
  | 'cancelled';

export interface Row {
  readonly name: string;
  readonly phase: Phase;
  /** Beside the phase: the first reason, or how it ended. */
  readonly detail: string;
  /** Every reason why it would run or runs, in words. */
  readonly reasons: readonly string[];
  /** On the clock that never goes back; present once it has started in the run shown. */
  readonly startedMs?: number;
  readonly elapsedMs?: number;
  /** How long its runs took as a rule. */
  readonly usualMs?: number;
  readonly attempt?: AttemptId;
  readonly log: Log;
  readonly gauges: Gauges;
}

export const PANES = ['log', 'why', 'lineage', 'runs'] as const;
export type Pane = (typeof PANES)[number];
/** Panes whose content is asked for; the log comes by itself while a stage runs. */
export type Question = Pane;

/** What was asked about a stage, and what came back. */
export interface Answer {
  readonly stage: string;
  /** Absent while it is on its way. */
  readonly lines?: readonly string[];
}

export type Mode =
  | { readonly kind: 'normal' }
  | { readonly kind: 'filter'; readonly before: string }
  | { readonly kind: 'help'; readonly top: number }
  | { readonly kind: 'confirm'; readonly question: string; readonly effect: Effect };

/** What is going on in the project, by whoever does it. */
export type Activity =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'run';
      readonly sinceMs: number;
      readonly planned: readonly string[];
      /** `another`: an avian in another terminal runs it, and this one only looks on. */
      readonly by: 'us' | 'another';
      readonly stopping: boolean;
    }
  | { readonly kind: 'transfer'; readonly direction: 'push' | 'pull'; readonly sinceMs: number };

/** What keys ask of the world; whoever made the screen sees to it. */
export type Effect =
  | { readonly kind: 'run'; readonly targets: readonly string[]; readonly force: boolean }
  | { readonly kind: 'stop'; readonly stage: string }
  | { readonly kind: 'stop-run' }
  | { readonly kind: 'push' }
  | { readonly kind: 'pull' }
  | { readonly kind: 'judge' }
  | { readonly kind: 'ask'; readonly question: Question; readonly stage: string }
  | { readonly kind: 'copy'; readonly text: string }
  | { readonly kind: 'interrupt' }
  | { readonly kind: 'quit' };

export interface TuiState {
  /** `session`: `avian tui`, which starts and stops runs; `run`: one `avian repro` being watched. */
  readonly purpose: 'session' | 'run';
  readonly size: { readonly columns: number; readonly rows: number };
  /** Both clocks as of the last event, key or tick: since when, and the time of day. */
  readonly clock: { readonly monotonicMs: number; readonly nowMs: number };
  readonly rows: ReadonlyMap<string, Row>;
  /** Topological, as the plan gave them. */
  readonly order: readonly string[];
  readonly selected: string | undefined;
  /** The selection goes along with what runs, until a person moves it. */
  readonly tracking: boolean;
  readonly pane: Pane;
  readonly focus: 'list' | 'pane';
  /** The pane has the whole screen, so that selecting text by mouse takes nothing else along. */
  readonly zoomed: boolean;
  readonly wrap: boolean;
  /** The pane shows its end; else `top` is its first line, counted from the first there ever was. */
  readonly following: boolean;
  readonly top: number;
  readonly filter: string;
  readonly mode: Mode;
  readonly activity: Activity;
  /** The one line above the footer. */
  readonly notice: { readonly text: string; readonly tone: 'plain' | 'warn' | 'bad' } | undefined;
  readonly answers: { readonly [question in Question]?: Answer };
  /** A long piece of work that is no stage: digesting, a transfer. */
  readonly work:
    { readonly text: string; readonly atMs: number; readonly share?: number } | undefined;
  readonly last: Extract<AvianEvent, { type: 'repro-done' }> | undefined;
}

export const initialState = (about: Pick<TuiState, 'purpose' | 'size' | 'clock'>): TuiState => ({
  ...about,
  rows: new Map(),
  order: [],
  selected: undefined,
  tracking: true,
  pane: 'log',
  focus: 'list',
  zoomed: false,
  wrap: true,
  following: true,
  top: 0,
  filter: '',
  mode: { kind: 'normal' },
  activity: { kind: 'idle' },
  notice: undefined,
  answers: {},
  work: undefined,
  last: undefined,
});

/** Another avian has begun a run; its plan is not known yet. */
export const runElsewhere = ({ clock }: TuiState): Activity => ({
  kind: 'run',
  by: 'another',
  planned: [],
  sinceMs: clock.monotonicMs,
  stopping: false,
});

export const newRow = (name: string): Row => ({
  name,
  phase: 'unknown',
  detail: '',
  reasons: [],
  log: EMPTY_LOG,
  gauges: NO_GAUGES,
});

/** A row that may be new, changed. */
export function withRow(state: TuiState, name: string, change: Partial<Row>): TuiState {
  const row = state.rows.get(name) ?? newRow(name);
  const order = state.rows.has(name) ? state.order : [...state.order, name];
  return {
    ...state,
    order,
    rows: new Map(state.rows).set(name, { ...row, ...change }),
    selected: state.selected ?? name,
  };
}

export const selectedRow = (state: TuiState): Row | undefined =>
  state.selected === undefined ? undefined : state.rows.get(state.selected);

/** Names that the filter lets through: all of its words stand in the name or begin the state's word. */
export function shownNames(state: TuiState): readonly string[] {
  const words = state.filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return state.order;
  return state.order.filter((name) => {
    const phase = state.rows.get(name)?.phase ?? '';
    return words.every((word) => name.toLowerCase().includes(word) || phase.startsWith(word));
  });
}
