import { problem, type Problem } from '../model/diagnostic.ts';
import { err, ok, type Result } from '../model/result.ts';

/** Requests at the same time; more gain little once the line is full. */
export const USUAL_JOBS = 8;

/** `-j N` of push, fetch, pull and `status --cloud`. */
export function parseTransferJobs(text: string | undefined): Result<number, Problem> {
  if (text === undefined) return ok(USUAL_JOBS);
  if (/^[1-9][0-9]{0,2}$/.test(text)) return ok(Number(text));
  const message = `\`--jobs ${text}\` is not a number of transfers`;
  return err(problem('usage', 'usage/bad-option', message, 'for example -j16'));
}
