import { displayWidth, padTo, truncate } from '../report/display-width.ts';
import type { Style } from '../report/style.ts';
import { count, decimal, duration } from '../report/units.ts';
import { sparkline } from './gauges.ts';
import { geometry, type Geometry } from './geometry.ts';
import { footerKeys, helpRows } from './keys.ts';
import { WORD_WIDTH, lookOf } from './look.ts';
import { paneLines, paneRows, paneTop } from './pane.ts';
import { PANES, selectedRow, shownNames, type Row, type TuiState } from './state.ts';

/** A part of a line that is painted as one. */
interface Part {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

interface Drawing {
  readonly state: TuiState;
  readonly style: Style;
  readonly ascii: boolean;
  readonly geometry: Geometry;
}

/**
 * The screen as lines, top to bottom: always `geometry.height` of them, none wider than the
 * terminal. Colours stand in the text as control sequences; with `style` without colour it is plain.
 */
export function layout(state: TuiState, style: Style, ascii: boolean): readonly string[] {
  const drawing = { state, style, ascii, geometry: geometry(state) };
  const { height } = drawing.geometry;
  const lines =
    state.mode.kind === 'help'
      ? helpLines(drawing, state.mode.top)
      : [
          header(drawing),
          ...list(drawing),
          paneTitle(drawing),
          ...gauges(drawing),
          ...filled(paneRows(state), drawing.geometry.pane).map((text) => fit(drawing, [{ text }])),
          notice(drawing),
        ];
  return [...filled(lines, height - 1).slice(0, height - 1), footer(drawing)];
}

const filled = (lines: readonly string[], height: number): readonly string[] => [
  ...lines,
  ...Array.from({ length: Math.max(0, height - lines.length) }, () => ''),
];

/** Parts as one line within the terminal's width; what does not fit is cut at its end. */
function fit({ geometry: { columns }, style }: Drawing, parts: readonly Part[]): string {
  let room = columns;
  let line = '';
  for (const { text, paint } of parts) {
    if (room <= 0) break;
    const cut = truncate(text, room, style.glyphs.ellipsis);
    room -= displayWidth(cut);
    line += paint === undefined ? cut : paint(cut);
    if (cut !== text) break;
  }
  return line;
}

function header(drawing: Drawing): string {
  const { state, style } = drawing;
  const { activity, clock } = state;
  const counts = countsOf(state);
  if (activity.kind === 'idle') {
    const done = state.last === undefined ? [] : [`done in ${duration(state.last.elapsedMs)}`];
    return fit(drawing, [
      { text: 'avian', paint: style.strong },
      { text: `  ${[...done, counts].join(': ')}` },
    ]);
  }
  const since = duration(clock.monotonicMs - activity.sinceMs);
  if (activity.kind === 'transfer') {
    return fit(drawing, [
      { text: `avian ${activity.direction}`, paint: style.strong },
      { text: `  ${since}` },
    ]);
  }
  const left = state.rows.size === 0 ? undefined : timeLeft(state);
  const verb = activity.by === 'another' ? 'avian, running elsewhere' : 'avian';
  return fit(drawing, [
    { text: activity.stopping ? `${verb}, stopping` : verb, paint: style.strong },
    { text: `  ${since}${left === undefined ? '' : `, up to ${duration(left)} left`}: ${counts}` },
  ]);
}

/** `12 stages: 3 done, 1 running`: phases in the order of the list's first stage in each. */
function countsOf({ rows, order }: TuiState): string {
  const byPhase = new Map<string, number>();
  for (const name of order) {
    const phase = rows.get(name)?.phase ?? 'unknown';
    byPhase.set(phase, (byPhase.get(phase) ?? 0) + 1);
  }
  const parts = [...byPhase].map(([phase, n]) => `${n} ${phase}`);
  return order.length === 0 ? 'no stages' : `${count(order.length, 'stage')}: ${parts.join(', ')}`;
}

/**
 * What is left when stages run one after another, which is the most that it can take; unknown while
 * a stage that may run has no past.
 */
function timeLeft({ rows, clock, activity }: TuiState): number | undefined {
  if (activity.kind !== 'run') return undefined;
  let sum = 0;
  for (const name of activity.planned) {
    const row = rows.get(name);
    if (row?.phase !== 'queued' && row?.phase !== 'running') continue;
    if (row.usualMs === undefined) return undefined;
    sum += Math.max(0, row.usualMs - elapsedOf(row, clock.monotonicMs));
  }
  return sum > 0 ? sum : undefined;
}

const elapsedOf = (row: Row, monotonicMs: number): number =>
  row.phase === 'running' ? monotonicMs - (row.startedMs ?? monotonicMs) : (row.elapsedMs ?? 0);

/** The stages around the selected one. */
function list(drawing: Drawing): readonly string[] {
  const { state, style } = drawing;
  const room = drawing.geometry.list;
  if (room === 0) return [];
  const names = shownNames(state);
  if (names.length === 0) {
    const text =
      state.order.length === 0
        ? 'looking at the project …'
        : `no stage is like \`${state.filter}\``;
    return filled([fit(drawing, [{ text, paint: style.faint }])], room);
  }
  const at = Math.max(0, names.indexOf(state.selected ?? ''));
  const top = Math.min(Math.max(0, at - Math.floor(room / 2)), Math.max(0, names.length - room));
  const longest = Math.max(...names.map(displayWidth));
  const nameWidth = Math.min(longest, Math.max(8, Math.floor(drawing.geometry.columns / 3)));
  return filled(
    names.slice(top, top + room).map((name) => listLine(drawing, name, nameWidth)),
    room,
  );
}

function listLine(drawing: Drawing, name: string, nameWidth: number): string {
  const { state, style, ascii } = drawing;
  const row = state.rows.get(name);
  if (row === undefined) return '';
  const look = lookOf(row.phase, style, ascii);
  const isSelected = name === state.selected;
  const marker = isSelected ? (ascii ? '> ' : '❯ ') : '  ';
  const shownName = padTo(truncate(name, nameWidth, style.glyphs.ellipsis), nameWidth);
  return fit(drawing, [
    { text: marker, ...(isSelected && state.focus === 'list' && { paint: style.strong }) },
    { text: `${look.glyph} `, paint: look.paint },
    { text: shownName, ...(isSelected && { paint: style.strong }) },
    { text: `  ${padTo(look.word, WORD_WIDTH)}`, paint: look.paint },
    { text: `  ${timeOf(row, state)}` },
    { text: `  ${row.detail}`, paint: style.faint },
  ]);
}

/** `12s`; of a running stage what is known of the rest as well: `12s, 45%, 15s left`. */
function timeOf(row: Row, { clock }: TuiState): string {
  if (row.phase !== 'running') {
    return row.elapsedMs === undefined ? '' : duration(row.elapsedMs).padStart(7);
  }
  const elapsed = elapsedOf(row, clock.monotonicMs);
  const { progress } = row.gauges;
  const left =
    progress !== undefined && progress > 0.02 && elapsed > 5000
      ? elapsed / progress - elapsed
      : row.usualMs === undefined
        ? undefined
        : row.usualMs - elapsed;
  return [
    duration(elapsed).padStart(7),
    ...(progress === undefined ? [] : [`${Math.floor(progress * 100)}%`]),
    ...(left === undefined || left <= 0 ? [] : [`${duration(left)} left`]),
  ].join(', ');
}

function paneTitle(drawing: Drawing): string {
  const { state, style } = drawing;
  const { first, lines } = paneLines(state);
  const across = style.glyphs.across;
  const tabs = PANES.flatMap((pane, at): readonly Part[] => {
    const text = ` ${at + 1} ${pane} `;
    return state.pane === pane
      ? [{ text: `[${text.trim()}]`, paint: style.strong }]
      : [{ text, paint: style.faint }];
  });
  const top = paneTop(state);
  const where =
    state.pane === 'log' && lines.length > 0
      ? ` ${state.following ? 'following' : `line ${top + 1}`}, ${count(first + lines.length, 'line')}`
      : '';
  const mark = state.focus === 'pane' ? `${across}${across}>` : `${across}${across}`;
  const parts: readonly Part[] = [
    { text: mark, paint: style.faint },
    ...tabs,
    { text: ` ${state.selected ?? ''}`, paint: style.info },
    { text: where, paint: style.faint },
  ];
  const used = parts.reduce((sum, { text }) => sum + displayWidth(text), 0);
  const rest = across.repeat(Math.max(0, drawing.geometry.columns - used - 1));
  return fit(drawing, [...parts, { text: ` ${rest}`, paint: style.faint }]);
}

/** `val_loss 0.431 ▇▆▅▃▂▁`: the newest series first where not all fit. */
function gauges(drawing: Drawing): readonly string[] {
  const { style, ascii } = drawing;
  const series = [...(selectedRow(drawing.state)?.gauges.series.values() ?? [])];
  const room = drawing.geometry.gauges;
  if (room === 0) return [];
  const perLine = Math.ceil(series.length / room);
  const width = Math.floor(drawing.geometry.columns / perLine);
  return Array.from({ length: room }, (_, line) =>
    fit(
      drawing,
      series.slice(line * perLine, (line + 1) * perLine).flatMap((one): readonly Part[] => {
        const label = `${one.name} ${decimal(one.last)} `;
        const columns = Math.min(60, Math.max(0, width - displayWidth(label) - 2));
        const text = padTo(sparkline(one, columns, ascii), columns);
        return [{ text: label }, { text, paint: style.info }, { text: '  ' }];
      }),
    ),
  );
}

/** Older news of a long piece of work says nothing about now. */
const FRESH_MS = 5000;

function notice(drawing: Drawing): string {
  const { state, style } = drawing;
  const { mode, work, clock } = state;
  if (mode.kind === 'confirm') return fit(drawing, [{ text: mode.question, paint: style.strong }]);
  if (mode.kind === 'filter')
    return fit(drawing, [{ text: `/${state.filter}_`, paint: style.strong }]);
  if (work !== undefined && clock.monotonicMs - work.atMs < FRESH_MS) {
    return fit(drawing, [{ text: bar(work.share, drawing) }, { text: work.text }]);
  }
  if (state.notice !== undefined) {
    const { text, tone } = state.notice;
    const paint = tone === 'bad' ? style.bad : tone === 'warn' ? style.warn : undefined;
    return fit(drawing, [{ text, ...(paint !== undefined && { paint }) }]);
  }
  if (state.filter !== '') {
    const text = `only stages like \`${state.filter}\`: Esc shows all`;
    return fit(drawing, [{ text, paint: style.faint }]);
  }
  return '';
}

function bar(share: number | undefined, { geometry: { columns }, ascii }: Drawing): string {
  if (share === undefined || columns < 60) return '';
  const width = 20;
  const full = Math.round(share * width);
  const [on, off] = ascii ? ['#', '.'] : ['█', '░'];
  return `${on.repeat(full)}${off.repeat(width - full)} ${String(Math.floor(share * 100)).padStart(3)}%  `;
}

function footer(drawing: Drawing): string {
  const { state, style } = drawing;
  const keys = footerKeys(state, state.mode);
  const words = keys.reduce((sum, [key, word]) => sum + key.length + 1 + word.length, 0);
  const isTight = words + 2 * (keys.length - 1) > drawing.geometry.columns;
  return fit(
    drawing,
    keys.flatMap(([key, word], at): readonly Part[] => [
      { text: at === 0 ? '' : isTight ? ' ' : '  ' },
      { text: key, paint: style.strong },
      { text: ` ${word}`, paint: style.faint },
    ]),
  );
}

function helpLines(drawing: Drawing, top: number): readonly string[] {
  const rows = helpRows(drawing.state);
  const width = Math.max(...rows.map(({ keys }) => keys.length));
  return [
    fit(drawing, [{ text: 'keys', paint: drawing.style.strong }]),
    ...rows
      .slice(top)
      .map(({ keys, help }) =>
        fit(drawing, [
          { text: `  ${padTo(keys, width)}  `, paint: drawing.style.strong },
          { text: help },
        ]),
      ),
  ];
}
