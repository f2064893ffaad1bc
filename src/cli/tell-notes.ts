import type { Plot } from '../model/plot.ts';
import { oneLine } from '../report/describe.ts';
import type { Io } from './io.ts';

/** What a chart does not show, or not as it was declared: told where the page that holds it is made. */
export function tellNotes(plots: readonly Plot[], { stderr }: Pick<Io, 'stderr'>): void {
  for (const { id, notes } of plots) {
    for (const note of notes) stderr(`${oneLine(id)}: ${oneLine(note)}\n`);
  }
}
