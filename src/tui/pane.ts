import { displayWidth } from '../report/display-width.ts';
import { geometry } from './geometry.ts';
import { unfinished } from './log.ts';
import { selectedRow, type Row, type TuiState } from './state.ts';

/** What the pane holds, shown or not. `first` counts `lines[0]` from the first there ever was. */
export interface PaneLines {
  readonly first: number;
  readonly lines: readonly string[];
}

export function paneLines(state: TuiState): PaneLines {
  const row = selectedRow(state);
  if (row === undefined) return { first: 0, lines: ['no stage is selected'] };
  const answer = state.answers[state.pane];
  const told = answer?.stage === row.name ? answer.lines : undefined;
  switch (state.pane) {
    case 'log':
      return logLines(row, told);
    case 'why':
      return { first: 0, lines: told ?? whyLines(row, state) };
    case 'lineage':
    case 'runs':
      return { first: 0, lines: told ?? ['asking …'] };
  }
}

function logLines({ log, phase }: Row, told: readonly string[] | undefined): PaneLines {
  if (log.lines.length === 0 && told !== undefined) return { first: 0, lines: told };
  const last = unfinished(log);
  const lines = last === '' ? log.lines : [...log.lines, last];
  if (lines.length > 0) return { first: log.dropped, lines };
  return {
    first: 0,
    lines: [phase === 'running' ? 'nothing was printed so far' : 'nothing was printed'],
  };
}

/** While a run is under way: what its events said. */
function whyLines(
  { name, phase, reasons, detail }: Row,
  { activity }: TuiState,
): readonly string[] {
  if (reasons.length > 0)
    return [`${name} is ${phase}:`, ...reasons.map((reason) => `  ${reason}`)];
  if (detail !== '') return [`${name}: ${detail}`];
  return activity.kind === 'run'
    ? [`${name} is ${phase}: its turn has not come yet`]
    : ['asking …'];
}

/** The first line of a pane that shows its end. */
export function bottomTop(state: TuiState): number {
  const { first, lines } = paneLines(state);
  const { pane } = geometry(state);
  let room = pane;
  let at = lines.length;
  while (at > 0) {
    room -= heightOf(lines[at - 1] ?? '', state);
    if (room < 0) break;
    at -= 1;
  }
  // A last line that is taller than the pane is shown all the same.
  return first + Math.min(at, Math.max(0, lines.length - 1));
}

/** Where the pane begins: lines that were let go of meanwhile cannot be shown. */
export const paneTop = (state: TuiState): number =>
  state.following ? bottomTop(state) : Math.max(state.top, paneLines(state).first);

/** The lines of the pane that are on screen, whole. */
export function visibleLines(state: TuiState): readonly string[] {
  const { first, lines } = paneLines(state);
  const from = paneTop(state) - first;
  let room = geometry(state).pane;
  let to = from;
  while (to < lines.length && room > 0) {
    room -= heightOf(lines[to] ?? '', state);
    to += 1;
  }
  return lines.slice(from, to);
}

/** As many rows as the pane has, or fewer. */
export function paneRows(state: TuiState): readonly string[] {
  const { pane, columns } = geometry(state);
  const visible = visibleLines(state);
  if (!state.wrap) return visible.slice(0, pane);
  const rows = visible.flatMap((line) => wrapped(line, columns));
  const isTooTall = rows.length > pane && visible.length === 1 && state.following;
  return isTooTall ? rows.slice(-pane) : rows.slice(0, pane);
}

const heightOf = (line: string, state: TuiState): number =>
  state.wrap && line.length > state.size.columns / 2 ? wrapped(line, state.size.columns).length : 1;

/** A line in pieces of at most `width` columns; words are not kept together, as a log is no prose. */
function wrapped(line: string, width: number): readonly string[] {
  if (displayWidth(line) <= width) return [line];
  const rows: string[] = [];
  let row = '';
  let used = 0;
  for (const char of line) {
    const wide = displayWidth(char);
    if (used + wide > width && row !== '') {
      rows.push(row);
      row = '';
      used = 0;
    }
    row += char;
    used += wide;
  }
  return [...rows, row];
}
