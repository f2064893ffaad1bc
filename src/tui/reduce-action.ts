import { assertNever } from '../model/result.ts';
import { oneLine } from '../report/describe.ts';
import { count } from '../report/units.ts';
import { geometry } from './geometry.ts';
import { commandFor, helpRows, type Command, type Key } from './keys.ts';
import { bottomTop, paneLines, visibleLines } from './pane.ts';
import { saying } from './reduce-event.ts';
import { LOOKING } from './reduce-view.ts';
import { selectedRow, shownNames, type Effect, type Pane, type TuiState } from './state.ts';

export interface Reduced {
  readonly state: TuiState;
  readonly effects: readonly Effect[];
}

const only = (state: TuiState): Reduced => ({ state, effects: [] });

/** What a key makes of the screen, and what it asks of the world. */
export function reduceKey(state: TuiState, key: Key): Reduced {
  const { mode } = state;
  // Not to be caught by anything: a person wants out.
  if (key === 'ctrl-c') return { state: stopping(state), effects: [{ kind: 'interrupt' }] };
  switch (mode.kind) {
    case 'filter':
      return only(filterKey(state, mode.before, key));
    case 'confirm':
      return key === 'y'
        ? { state: begun(normal(state), mode.effect), effects: [mode.effect] }
        : only(normal(state));
    case 'help':
      return only(helpKey(state, mode.top, key));
    case 'normal': {
      const command = commandFor(key, state);
      return command === undefined ? only(state) : reduceCommand(state, command);
    }
    default:
      return assertNever(mode);
  }
}

const normal = (state: TuiState): TuiState => ({ ...state, mode: { kind: 'normal' } });

function reduceCommand(state: TuiState, command: Command): Reduced {
  switch (command.do) {
    case 'move':
      return state.focus === 'list' ? select(state, command.by) : only(scrolled(state, command.by));
    case 'page': {
      const { list, pane } = geometry(state);
      const half = Math.max(1, Math.floor((state.focus === 'list' ? list : pane) / 2));
      const by = command.by * half;
      return state.focus === 'list' ? select(state, by) : only(scrolled(state, by));
    }
    case 'edge': {
      const by = command.to === 'top' ? -Infinity : Infinity;
      if (state.focus === 'list') return select(state, by);
      return only(
        command.to === 'top'
          ? { ...state, following: false, top: paneLines(state).first }
          : { ...state, following: true },
      );
    }
    case 'pane':
      return shown({ ...state, pane: command.pane, following: command.pane === 'log', top: 0 });
    case 'focus':
      return only({ ...state, focus: state.focus === 'list' ? 'pane' : 'list' });
    case 'zoom':
      return only({ ...state, zoomed: !state.zoomed, focus: state.zoomed ? state.focus : 'pane' });
    case 'filter':
      return only({ ...state, mode: { kind: 'filter', before: state.filter }, zoomed: false });
    case 'follow':
      return only(state.following ? held(state) : { ...state, following: true });
    case 'wrap':
      return only(
        saying({ ...state, wrap: !state.wrap }, state.wrap ? 'lines are cut' : 'lines are wrapped'),
      );
    case 'next-error':
      return state.focus === 'pane' && state.pane === 'log'
        ? nextErrorLine(state)
        : nextFailed(state);
    case 'copy':
      return copied(state);
    case 'help':
      return only({ ...state, mode: { kind: 'help', top: 0 } });
    case 'back':
      return only(back(state));
    case 'quit':
      return { state, effects: [{ kind: 'quit' }] };
    case 'interrupt':
      return { state: stopping(state), effects: [{ kind: 'interrupt' }] };
    case 'stop':
    case 'stop-run':
      return stop(state, command.do);
    case 'run':
    case 'run-all':
    case 'force':
    case 'push':
    case 'pull':
    case 'judge':
      return work(state, command.do);
    default:
      return assertNever(command);
  }
}

/** Selects another stage of the list; what its pane shows is asked for. */
function select(state: TuiState, by: number): Reduced {
  const names = shownNames(state);
  if (names.length === 0) return only(state);
  const at = names.indexOf(state.selected ?? '');
  const to = Math.min(names.length - 1, Math.max(0, (at === -1 ? 0 : at) + by));
  return selectName(state, names[to]);
}

function selectName(state: TuiState, name: string | undefined): Reduced {
  if (name === undefined) return only(state);
  const same = name === state.selected;
  return shown({
    ...state,
    selected: name,
    tracking: false,
    following: same ? state.following : state.pane === 'log',
    top: same ? state.top : 0,
  });
}

/** Asks for what the pane of the selected stage needs and does not have. */
export function shown(state: TuiState): Reduced {
  const row = selectedRow(state);
  if (row === undefined) return only(state);
  const { pane } = state;
  if (pane === 'log' && (row.log.lines.length > 0 || row.phase === 'running')) return only(state);
  // Why it runs is known while it runs, and judging what is being written would only disturb.
  if (pane === 'why' && state.activity.kind === 'run') return only(state);
  if (state.answers[pane]?.stage === row.name) return only(state);
  return {
    state: { ...state, answers: { ...state.answers, [pane]: { stage: row.name } } },
    effects: [{ kind: 'ask', question: pane, stage: row.name }],
  };
}

/** The pane stays where it is, whatever comes after. */
const held = (state: TuiState): TuiState => ({ ...state, following: false, top: bottomTop(state) });

function scrolled(state: TuiState, by: number): TuiState {
  const { first, lines } = paneLines(state);
  const last = bottomTop(state);
  const from = state.following ? last : Math.max(first, state.top);
  const to = Math.min(Math.max(first, from + by), Math.max(first, first + lines.length - 1));
  return to >= last && by > 0
    ? { ...state, following: true }
    : { ...state, following: false, top: to };
}

function filterKey(state: TuiState, before: string, key: Key): TuiState {
  if (key === 'enter') return normal(state);
  if (key === 'escape') return refiltered(normal(state), before);
  if (key === 'backspace') return refiltered(state, state.filter.slice(0, -1));
  return Array.from(key).length === 1 ? refiltered(state, state.filter + key) : state;
}

/** The selection stays among what is listed. */
function refiltered(state: TuiState, filter: string): TuiState {
  const next = { ...state, filter };
  const names = shownNames(next);
  if (names.length === 0 || names.includes(state.selected ?? '')) return next;
  return { ...next, selected: names[0], tracking: false };
}

function helpKey(state: TuiState, top: number, key: Key): TuiState {
  if (['escape', '?', 'q', 'enter'].includes(key)) return normal(state);
  const by = key === 'j' || key === 'down' ? 1 : key === 'k' || key === 'up' ? -1 : 0;
  const most = Math.max(0, helpRows(state).length - (geometry(state).height - 2));
  const next = Math.min(most, Math.max(0, top + by));
  return { ...state, mode: { kind: 'help', top: next } };
}

function back(state: TuiState): TuiState {
  if (state.zoomed) return { ...state, zoomed: false };
  if (state.focus === 'pane') return { ...state, focus: 'list' };
  return state.filter === '' ? { ...state, notice: undefined } : refiltered(state, '');
}

function nextFailed(state: TuiState): Reduced {
  const names = shownNames(state);
  const at = names.indexOf(state.selected ?? '');
  const round = [...names.slice(at + 1), ...names.slice(0, at + 1)];
  const name = round.find((each) => state.rows.get(each)?.phase === 'failed');
  return name === undefined ? only(saying(state, 'no stage has failed')) : selectName(state, name);
}

const ERROR = /\b(error|exception|traceback|fatal|failed|failure|panic)\b/i;

function nextErrorLine(state: TuiState): Reduced {
  const { first, lines } = paneLines(state);
  const from = state.following ? 0 : state.top - first + 1;
  const round = [...lines.keys()].map((at) => (at + from) % Math.max(1, lines.length));
  const found = round.find((at) => ERROR.test(lines[at] ?? ''));
  if (found === undefined) return only(saying(state, 'no line of this log speaks of an error'));
  return only({ ...state, following: false, top: first + found });
}

function copied(state: TuiState): Reduced {
  const lines = visibleLines(state);
  if (lines.length === 0) return only(saying(state, 'there is nothing to copy'));
  const text = `${lines.join('\n')}\n`;
  return {
    state: saying(state, `copied ${count(lines.length, 'line')}`),
    effects: [{ kind: 'copy', text }],
  };
}

function stop(state: TuiState, what: 'stop' | 'stop-run'): Reduced {
  const { activity } = state;
  if (activity.kind !== 'run') return only(saying(state, 'nothing runs'));
  if (activity.by === 'another') {
    return only(saying(state, 'it runs in another terminal: stop it there', 'warn'));
  }
  const confirm = (question: string, effect: Effect): Reduced =>
    only({ ...state, mode: { kind: 'confirm', question, effect } });
  if (what === 'stop-run') {
    return confirm('end the run? what has settled is kept', { kind: 'stop-run' });
  }
  const row = selectedRow(state);
  if (row === undefined) return only(state);
  const name = oneLine(row.name);
  return row.phase === 'running'
    ? confirm(`stop ${name}? what does not need it goes on`, { kind: 'stop', stage: row.name })
    : only(saying(state, `${name} does not run; X ends the whole run`));
}

/** Starts what takes the project for itself, one at a time. */
function work(
  state: TuiState,
  what: 'run' | 'run-all' | 'force' | 'push' | 'pull' | 'judge',
): Reduced {
  if (state.activity.kind !== 'idle') {
    return only(saying(state, 'something is under way: wait for it, or X to end it', 'warn'));
  }
  const name = state.selected;
  const confirm = (question: string, effect: Effect): Reduced =>
    only({ ...state, mode: { kind: 'confirm', question, effect } });
  switch (what) {
    case 'run-all':
      return started(state, { kind: 'run', targets: [], force: false });
    case 'run':
      return name === undefined
        ? only(state)
        : started(state, { kind: 'run', targets: [name], force: false });
    case 'force':
      return name === undefined
        ? only(state)
        : confirm(`run ${oneLine(name)} again?`, { kind: 'run', targets: [name], force: true });
    case 'push':
      return confirm('push to the remote?', { kind: 'push' });
    case 'pull':
      return confirm('pull from the remote into the workspace?', { kind: 'pull' });
    case 'judge':
      return { state: saying(state, LOOKING), effects: [{ kind: 'judge' }] };
  }
}

const started = (state: TuiState, effect: Effect): Reduced => ({
  state: begun(state, effect),
  effects: [effect],
});

/** Shown as under way from the key on, before the first event comes. */
function begun(state: TuiState, effect: Effect): TuiState {
  const sinceMs = state.clock.monotonicMs;
  switch (effect.kind) {
    case 'run':
      return {
        ...state,
        notice: undefined,
        answers: {},
        activity: { kind: 'run', by: 'us', planned: [], sinceMs, stopping: false },
      };
    case 'push':
    case 'pull':
      return {
        ...state,
        notice: undefined,
        activity: { kind: 'transfer', direction: effect.kind, sinceMs },
      };
    case 'stop':
      return saying(state, `stopping ${oneLine(effect.stage)}`, 'warn');
    case 'stop-run':
      return stopping(state);
    default:
      return state;
  }
}

const stopping = (state: TuiState): TuiState =>
  state.activity.kind === 'run' && state.activity.by === 'us'
    ? saying({ ...state, activity: { ...state.activity, stopping: true } }, 'stopping', 'warn')
    : state;

/** An answer came; one that nobody waits for any more is dropped. */
export function answered(
  state: TuiState,
  question: Pane,
  stage: string,
  lines: readonly string[],
): TuiState {
  if (state.answers[question]?.stage !== stage) return state;
  return { ...state, answers: { ...state.answers, [question]: { stage, lines } } };
}
