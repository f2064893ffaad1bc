import { closest } from '../model/did-you-mean.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import { err, ok, type Result } from '../model/result.ts';

/** The second word of verbs like `metrics show`, and what follows it. */
export function subVerb<const Name extends string>(
  verb: string,
  names: readonly Name[],
  words: readonly string[],
): Result<{ readonly name: Name; readonly rest: readonly string[] }, Problem> {
  const [word, ...rest] = words;
  const name = names.find((candidate) => candidate === word);
  if (name !== undefined) return ok({ name, rest });
  const near = word === undefined ? undefined : closest(word, names);
  const message =
    word === undefined
      ? `\`avian ${verb}\` needs one of: ${names.join(', ')}`
      : `there is no \`avian ${verb} ${word}\``;
  const hint =
    near === undefined ? `avian ${verb} --help` : `did you mean \`avian ${verb} ${near}\`?`;
  return err(problem('usage', 'usage/unknown-command', message, hint));
}
