import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { isOverride } from '../config/overrides.ts';
import { closest } from '../model/did-you-mean.ts';
import { problem, type Problem } from '../model/diagnostic.ts';
import { err, ok, type Result } from '../model/result.ts';

export interface Words<Options extends ParseArgsOptionsConfig> {
  readonly options: ReturnType<
    typeof parseArgs<{ options: Options; allowPositionals: true }>
  >['values'];
  readonly positionals: readonly string[];
}

/** Splits a verb's words into options and the rest; an unknown option names the nearest one. */
export function parseWords<const Options extends ParseArgsOptionsConfig>(
  words: readonly string[],
  options: Options,
): Result<Words<Options>, Problem> {
  try {
    const parsed = parseArgs({
      args: [...words],
      options,
      allowPositionals: true,
      strict: true,
      allowNegative: true,
    });
    return ok({
      options: parsed.values,
      positionals: parsed.positionals,
    });
  } catch (error) {
    return err(wordProblem(error, Object.keys(options)));
  }
}

function wordProblem(error: unknown, known: readonly string[]): Problem {
  const message = error instanceof Error ? error.message : String(error);
  const unknown = /Unknown option '(-{1,2}[^']+)'/.exec(message)?.[1];
  if (unknown === undefined) {
    const [first = message] = message.split('\n');
    return problem(
      'usage',
      'usage/bad-option',
      `${first.charAt(0).toLowerCase()}${first.slice(1)}`,
    );
  }
  const near = unknown.startsWith('--') ? closest(unknown.slice(2), known) : undefined;
  return problem(
    'usage',
    'usage/unknown-option',
    `there is no option \`${unknown}\``,
    near === undefined ? 'add --help to see the options' : `did you mean "--${near}"?`,
  );
}

/** Words with `=`, or starting with `~`, change the configuration; the others are targets. */
export function splitOverrides(words: readonly string[]): {
  readonly overrides: readonly string[];
  readonly targets: readonly string[];
} {
  const overrides = words.filter(isOverride);
  return { overrides, targets: words.filter((word) => !isOverride(word)) };
}
