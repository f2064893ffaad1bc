import { selectedRow, shownNames, type TuiState } from './state.ts';

/** How many lines each part of the screen has. Their sum is below the terminal's height. */
export interface Geometry {
  readonly columns: number;
  readonly height: number;
  readonly list: number;
  /** Lines of sparklines above the log. */
  readonly gauges: number;
  /** Without its title. */
  readonly pane: number;
}

const GAUGE_LINES = 2;

/**
 * Header, list, title of the pane, gauges, pane, notice, footer from top to bottom. One below the
 * other at every size, so that text selected by mouse holds no frame and no neighbour.
 */
export function geometry(state: TuiState): Geometry {
  const { columns, rows } = state.size;
  // One line less than the terminal has: a frame that fills it makes Ink clear the whole screen.
  const height = Math.max(1, rows - 1);
  const body = Math.max(0, height - 3);
  const wanted = Math.max(1, shownNames(state).length);
  const list = state.zoomed ? 0 : Math.min(wanted, Math.max(1, Math.floor(body / 2)));
  const below = Math.max(0, body - list - 1);
  const series = state.pane === 'log' ? (selectedRow(state)?.gauges.series.size ?? 0) : 0;
  const gauges = below >= 3 + GAUGE_LINES ? Math.min(series, GAUGE_LINES) : 0;
  return { columns, height, list, gauges, pane: below - gauges };
}
