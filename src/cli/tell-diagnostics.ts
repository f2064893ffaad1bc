import type { Emit } from '../model/event.ts';
import { printProblem } from '../report/print-diagnostic.ts';
import { createStyle } from '../report/style.ts';
import type { Io } from './io.ts';
import { lookOf } from './look-of.ts';

/** For verbs that are over in a moment: of the events, only what a person has to know. */
export const tellDiagnostics =
  (io: Io): Emit =>
  (event) => {
    if (event.type !== 'diagnostic') return;
    const problem = { kind: 'usage', diagnostics: [event.diagnostic] } as const;
    io.stderr(printProblem(problem, createStyle(lookOf(io)), io.columns));
  };
