import { availableParallelism } from 'node:os';
import { problem, type Problem } from '../model/diagnostic.ts';
import { err, ok, type Result } from '../model/result.ts';

/** `-j N` of what runs commands; the number of cores when absent. */
export function parseJobs(text: string | undefined): Result<number, Problem> {
  if (text === undefined) return ok(availableParallelism());
  if (/^[1-9][0-9]{0,3}$/.test(text)) return ok(Number(text));
  const message = `\`--jobs ${text}\` is not a number of commands`;
  return err(problem('usage', 'usage/bad-option', message, 'for example -j4'));
}
