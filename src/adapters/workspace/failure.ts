import { isAbsolute, relative } from 'node:path';
import { err, ok, type Result } from '../../model/result.ts';
import type { WorkspaceProblem } from '../../ports/workspace.ts';

/**
 * An expected failure on its way up through walks and copies; `attempt` turns it into a value at
 * the port. Inside, paths are absolute.
 */
export class WorkspaceFailure extends Error {
  readonly problem: WorkspaceProblem;
  constructor(problem: WorkspaceProblem) {
    super(`${problem.kind}: ${'path' in problem ? problem.path : ''}`);
    this.problem = problem;
  }
}

export const fail = (problem: WorkspaceProblem): never => {
  throw new WorkspaceFailure(problem);
};

export const errnoOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;

export const isErrno = (error: unknown, ...codes: readonly string[]): boolean =>
  codes.includes(errnoOf(error) ?? '');

/** The problem behind a thrown value; undefined when it is a bug and not the world's doing. */
export function problemOf(error: unknown, path: string, needed = 0): WorkspaceProblem | undefined {
  if (error instanceof WorkspaceFailure) return error.problem;
  const code = errnoOf(error);
  if (code === undefined || !(error instanceof Error) || !('syscall' in error)) return undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') return { kind: 'no-space', path, needed };
  const where = 'path' in error && typeof error.path === 'string' ? error.path : path;
  return { kind: 'io', path: where, cause: error.message };
}

/** Runs an operation on `path`; problems become values with paths relative to `root`. */
export async function attempt<T>(
  root: string,
  path: string,
  operation: () => Promise<T>,
): Promise<Result<T, WorkspaceProblem>> {
  try {
    return ok(await operation());
  } catch (error) {
    const problem = problemOf(error, path);
    if (problem === undefined) throw error;
    return err(
      isAbsolute(problem.path)
        ? { ...problem, path: relative(root, problem.path) || '.' }
        : problem,
    );
  }
}
