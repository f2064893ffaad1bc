import { freeze } from '../../commands/freeze.ts';
import { freezeJson, freezeText } from '../../report/edits.ts';
import { parseWords } from '../arguments.ts';
import { withProject } from '../compose.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { show } from '../show.ts';
import { tellProblem } from '../tell-problem.ts';
import { tellDiagnostics } from '../tell-diagnostics.ts';

const OPTIONS = { json: { type: 'boolean', default: false } } as const;

export const run = (words: readonly string[], io: Io): Promise<ExitStatus> =>
  runFreeze(words, true, io);

export async function runFreeze(
  words: readonly string[],
  frozen: boolean,
  io: Io,
): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  return withProject(io, tellDiagnostics(io), async (context) =>
    show(
      await freeze({ targets: positionals, frozen }, context),
      { text: freezeText, json: freezeJson },
      options.json,
      io,
    ),
  );
}
