import { problem, type Problem } from '../model/diagnostic.ts';
import { ProblemError } from '../model/problem-error.ts';
import { assertNever, err, ok, type Result } from '../model/result.ts';
import { redacted } from '../model/redacted.ts';
import type { BucketProblem } from '../ports/bucket.ts';

/** What a bucket answered, for a person: the object's name is in it. */
export function describeBucketProblem(fault: BucketProblem, url: string): Problem {
  const at = `${url}/${fault.name}`;
  switch (fault.kind) {
    case 'not-found':
      return problem('remote', 'remote/not-found', `there is no ${at}`);
    case 'exists':
      return problem('remote', 'remote/exists', `${at} is there already`);
    case 'denied':
      return problem(
        'remote',
        'remote/denied',
        `${at} may not be used: ${redacted(fault.cause)}`,
        fault.hint,
      );
    case 'unavailable':
      return problem(
        'remote',
        'remote/unavailable',
        `${at} could not be reached: ${redacted(fault.cause)}`,
        AGAIN,
      );
    case 'stalled':
      return problem(
        'remote',
        'remote/stalled',
        `${at} stalled: no progress for ${Math.round(fault.silentMs / 1000)} s`,
        AGAIN,
      );
    case 'corrupt':
      return problem('remote', 'remote/corrupt', `${at}: ${redacted(fault.cause)}`, AGAIN);
    case 'refused':
      return problem('remote', 'remote/refused', `${at}: ${redacted(fault.cause)}`, fault.hint);
    case 'cancelled':
      return problem('remote', 'remote/cancelled', `interrupted at ${at}`, AGAIN);
    default:
      return assertNever(fault);
  }
}

const AGAIN = 'run it again: it goes on where it stopped';

export const failure = (fault: BucketProblem, url: string): ProblemError =>
  new ProblemError(describeBucketProblem(fault, url));

/** The value, or the problem on its way to `asResult`. */
export function orThrow<T>(result: Result<T, BucketProblem>, url: string): T {
  if (result.ok) return result.value;
  throw failure(result.error, url);
}

/** Problems thrown inside as a value; bugs go on. */
export async function asResult<T>(work: () => Promise<T>): Promise<Result<T, Problem>> {
  try {
    return ok(await work());
  } catch (error) {
    if (error instanceof ProblemError) return err(error.problem);
    throw error;
  }
}
