import type { Problem } from './diagnostic.ts';

/**
 * A problem on its way out through a port that promises a plain value, such as a lineage index of
 * a newer avian. No bug: `cli` prints the problem and ends with its exit status.
 */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(
      problem.diagnostics.map(({ code, message }) => `${code}: ${message}`).join('\n'),
      options,
    );
    this.name = 'ProblemError';
    this.problem = problem;
  }
}
