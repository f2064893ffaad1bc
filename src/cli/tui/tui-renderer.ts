import type { AvianEvent } from '../../model/event.ts';
import { createPlainRenderer, type Renderer } from '../../report/plain.ts';
import type { Io } from '../io.ts';
import { rendererOptions } from '../renderer-options.ts';
import type { Surface } from './surface.ts';

export interface TuiRenderer extends Renderer {
  /** Gives the terminal back, tells in plain lines what has happened, and goes on with plain lines. */
  readonly toPlain: (why?: string) => void;
}

const MOST_DIAGNOSTICS = 1000;

/**
 * Events go to the screen while it is there and to plain lines afterwards. What outlasts the screen, a line a
 * stage, warnings and the end, is kept meanwhile and told by the plain renderer, so that it cannot
 * differ from what a run without the screen says; what stages printed is in their logs.
 *
 * @param logPath where the whole log of an attempt lies, as a person in this folder would name it
 */
export function createTuiRenderer(
  io: Io,
  surface: Surface,
  logPath: (attempt: string) => string,
): TuiRenderer {
  let kept: AvianEvent[] = [];
  let diagnostics = 0;
  let plain: Renderer | undefined;

  function keep(event: AvianEvent): void {
    switch (event.type) {
      case 'plan-ready':
        kept = [...kept.filter(({ type }) => type === 'diagnostic'), event];
        break;
      case 'diagnostic':
        diagnostics += 1;
        if (diagnostics <= MOST_DIAGNOSTICS) kept.push(event);
        break;
      case 'stage-started':
      case 'stage-settled':
      case 'repro-done':
      case 'waiting-for-lock':
        kept.push(event);
        break;
      case 'stage-output':
      case 'progress':
      case 'transfer-progress':
        break;
    }
  }

  function tell(to: Renderer): void {
    const settled = new Set(
      kept.flatMap((event) => (event.type === 'stage-settled' ? [event.stage] : [])),
    );
    for (const event of kept) {
      // How it ended says more than that it began.
      if (event.type === 'stage-started' && settled.has(event.stage)) continue;
      if (event.type === 'repro-done') tellLogs();
      to.onEvent(event);
    }
  }

  function tellLogs(): void {
    const paths = kept.flatMap((event) =>
      event.type === 'stage-started' ? [logPath(event.attempt)] : [],
    );
    if (paths.length > 0) io.stderr(`logs  ${paths.join('\n      ')}\n`);
  }

  function toPlain(why?: string): void {
    if (plain !== undefined) return;
    surface.close();
    if (why !== undefined) io.stderr(`${why}\n`);
    plain = createPlainRenderer(rendererOptions(io));
    tell(plain);
    kept = [];
    surface.release();
  }

  return {
    onEvent(event) {
      if (plain !== undefined) return plain.onEvent(event);
      keep(event);
      surface.store.event(event);
    },
    toPlain,
    close() {
      toPlain();
      plain?.close();
    },
  };
}
