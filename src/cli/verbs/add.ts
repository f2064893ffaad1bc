import { add } from '../../commands/add.ts';
import { problem } from '../../model/diagnostic.ts';
import { pathsJson, pathsText } from '../../report/paths.ts';
import { parseWords } from '../arguments.ts';
import { withProject } from '../compose.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { show } from '../show.ts';
import { tellProblem } from '../tell-problem.ts';
import { withRenderer } from '../with-renderer.ts';

const OPTIONS = { json: { type: 'boolean', default: false } } as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  if (positionals.length === 0) {
    const message = '`avian add` needs a path';
    return tellProblem(problem('usage', 'usage/wrong-words', message, 'avian add --help'), io);
  }
  return withRenderer(io, (renderer) =>
    withProject(io, renderer.onEvent, async (context) =>
      show(
        await add({ paths: positionals }, context),
        { text: pathsText, json: pathsJson },
        options.json,
        io,
      ),
    ),
  );
}
