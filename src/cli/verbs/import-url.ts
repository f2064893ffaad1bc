import { importUrl } from '../../commands/import-url.ts';
import { problem } from '../../model/diagnostic.ts';
import { pathsJson, pathsText } from '../../report/paths.ts';
import { parseWords } from '../arguments.ts';
import { withImports } from '../compose-space.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { show } from '../show.ts';
import { tellProblem } from '../tell-problem.ts';

const OPTIONS = { json: { type: 'boolean', default: false } } as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const [url, path, ...more] = positionals;
  if (url === undefined || more.length > 0) {
    const message = '`avian import-url` needs a URL, and takes a path';
    return tellProblem(
      problem('usage', 'usage/wrong-words', message, 'avian import-url --help'),
      io,
    );
  }
  const shown = { text: pathsText, json: pathsJson };
  return withImports(io, async (context) =>
    show(await importUrl({ url, path }, context), shown, options.json, io),
  );
}
