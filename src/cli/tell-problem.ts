import type { Problem } from '../model/diagnostic.ts';
import { printProblem } from '../report/print-diagnostic.ts';
import { createStyle } from '../report/style.ts';
import { lookOf } from './look-of.ts';
import { statusOf, type ExitStatus } from './exit-status.ts';
import type { Io } from './io.ts';

/** Says why a command could not do its work; its kind decides the exit status. */
export function tellProblem(problem: Problem, io: Io): ExitStatus {
  io.stderr(printProblem(problem, createStyle(lookOf(io)), io.columns));
  return statusOf[problem.kind];
}
