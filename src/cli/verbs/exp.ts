import { experiments } from '../../commands/experiments.ts';
import { problem, type Problem } from '../../model/diagnostic.ts';
import { err, ok, type Result } from '../../model/result.ts';
import {
  experimentsCsv,
  experimentsJson,
  experimentsMarkdown,
  experimentsText,
} from '../../report/experiments.ts';
import { parseWords } from '../arguments.ts';
import { withProject } from '../compose.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { noWords } from '../one-word.ts';
import { show } from '../show.ts';
import { subVerb } from '../sub-verb.ts';
import { tellProblem } from '../tell-problem.ts';

const OPTIONS = {
  all: { type: 'boolean', default: false },
  'sort-by': { type: 'string' },
  'sort-order': { type: 'string' },
  csv: { type: 'boolean', default: false },
  md: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const verb = subVerb('exp', ['show'], positionals);
  if (!verb.ok) return tellProblem(verb.error, io);
  const none = noWords(verb.value.rest, 'exp show');
  if (!none.ok) return tellProblem(none.error, io);
  if ([options.csv, options.md, options.json].filter(Boolean).length > 1) {
    const message = '`--csv`, `--md` and `--json` exclude each other';
    return tellProblem(problem('usage', 'usage/exclusive-options', message), io);
  }
  const order = orderOf(options['sort-order']);
  if (!order.ok) return tellProblem(order.error, io);
  const sortBy = options['sort-by'];
  const text = options.csv ? experimentsCsv : options.md ? experimentsMarkdown : experimentsText;
  return withProject(
    io,
    () => undefined,
    async (context) => {
      const view = await experiments(
        {
          all: options.all,
          ...(sortBy !== undefined && { sortBy }),
          ...(order.value !== undefined && { order: order.value }),
        },
        context,
      );
      return show(view, { text, json: experimentsJson }, options.json, io);
    },
  );
}

function orderOf(word: string | undefined): Result<'asc' | 'desc' | undefined, Problem> {
  if (word === undefined || word === 'asc' || word === 'desc') return ok(word);
  const message = `\`--sort-order\` is asc or desc, not \`${word}\``;
  return err(problem('usage', 'usage/bad-option', message));
}
