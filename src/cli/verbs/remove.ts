import { remove } from '../../commands/remove.ts';
import { removeJson, removeText } from '../../report/edits.ts';
import { parseWords } from '../arguments.ts';
import { withProject } from '../compose.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { oneWord } from '../one-word.ts';
import { show } from '../show.ts';
import { tellDiagnostics } from '../tell-diagnostics.ts';
import { tellProblem } from '../tell-problem.ts';

const OPTIONS = {
  json: { type: 'boolean', default: false },
  outs: { type: 'boolean', default: false },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const target = oneWord(positionals, 'remove', 'a stage or a source');
  if (!target.ok) return tellProblem(target.error, io);
  return withProject(io, tellDiagnostics(io), async (context) =>
    show(
      await remove({ target: target.value, outs: options.outs }, context),
      { text: removeText, json: removeJson },
      options.json,
      io,
    ),
  );
}
