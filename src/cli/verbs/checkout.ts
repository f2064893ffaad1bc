import { checkout } from '../../commands/checkout.ts';
import { chooseSide } from '../../commands/choose-side.ts';
import { problem } from '../../model/diagnostic.ts';
import { pathsJson, pathsText } from '../../report/paths.ts';
import { parseWords } from '../arguments.ts';
import { withProject } from '../compose.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { show } from '../show.ts';
import { tellProblem } from '../tell-problem.ts';
import { withRenderer } from '../with-renderer.ts';

const OPTIONS = {
  json: { type: 'boolean', default: false },
  ours: { type: 'boolean', default: false },
  theirs: { type: 'boolean', default: false },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  if (options.ours && options.theirs) {
    const message = '`--ours` and `--theirs` exclude each other';
    return tellProblem(problem('usage', 'usage/exclusive-options', message), io);
  }
  const side = options.ours ? 'ours' : options.theirs ? 'theirs' : undefined;
  return withRenderer(io, (renderer) =>
    withProject(io, renderer.onEvent, async (context) =>
      show(
        side === undefined
          ? await checkout({ targets: positionals }, context)
          : await chooseSide({ side, targets: positionals }, context),
        { text: pathsText, json: pathsJson },
        options.json,
        io,
      ),
    ),
  );
}
