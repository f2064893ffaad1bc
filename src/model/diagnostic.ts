/** A place in a text file; line and column count from 1, in UTF-16 units. `length` underlines on that line. */
export interface Span {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/**
 * Something a person has to know: what happened, where, what to do next.
 * `code` is permanent (`pipeline/cycle`); tools match on it, prose may change.
 */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  readonly span?: Span;
  /** The line of source at `span`, so that a renderer needs no file. */
  readonly excerpt?: string;
  /** Other places that take part, such as the second producer of an out. */
  readonly also?: readonly { readonly span: Span; readonly message?: string }[];
  readonly hint?: string;
}

/** Which exit status a refused command ends with; see cli/exit-status.ts for the numbers. */
export type ProblemKind = 'stage' | 'pipeline' | 'remote' | 'corruption' | 'usage';

/** Why a command could not do its work: every problem found, at least one of severity `error`. */
export interface Problem {
  readonly kind: ProblemKind;
  readonly diagnostics: readonly Diagnostic[];
}

export const problem = (
  kind: ProblemKind,
  code: string,
  message: string,
  hint?: string,
): Problem => ({
  kind,
  diagnostics: [{ severity: 'error', code, message, ...(hint !== undefined && { hint }) }],
});
