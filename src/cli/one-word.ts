import { problem, type Problem } from '../model/diagnostic.ts';
import { err, ok, type Result } from '../model/result.ts';

/** The only word that a verb takes, or what to say when there is none or there are several. */
export function oneWord(
  words: readonly string[],
  verb: string,
  what: string,
): Result<string, Problem> {
  const [word, ...more] = words;
  if (word !== undefined && more.length === 0) return ok(word);
  const message =
    word === undefined
      ? `\`avian ${verb}\` needs ${what}`
      : `\`avian ${verb}\` takes one word and got ${words.length}: ${words.join(' ')}`;
  return err(problem('usage', 'usage/wrong-words', message, `avian ${verb} --help`));
}

/** For verbs that take one word or none. */
export const atMostOneWord = (
  words: readonly string[],
  verb: string,
): Result<string | undefined, Problem> =>
  words.length <= 1 ? ok(words[0]) : oneWord(words, verb, '');

/** For verbs that take no words at all. */
export const noWords = (words: readonly string[], verb: string): Result<void, Problem> =>
  words.length === 0
    ? ok(undefined)
    : err(
        problem(
          'usage',
          'usage/wrong-words',
          `\`avian ${verb}\` takes no words and got ${words.join(' ')}`,
          `avian ${verb} --help`,
        ),
      );
