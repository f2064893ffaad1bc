import { diff } from '../../commands/diff.ts';
import { problem } from '../../model/diagnostic.ts';
import { diffJson, diffText } from '../../report/diff.ts';
import { parseWords } from '../arguments.ts';
import { withProject } from '../compose.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { show } from '../show.ts';
import { tellDiagnostics } from '../tell-diagnostics.ts';
import { tellProblem } from '../tell-problem.ts';

const OPTIONS = {
  json: { type: 'boolean', default: false },
  targets: { type: 'string', multiple: true, default: [] as string[] },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  if (positionals.length > 2) {
    const message = `\`avian diff\` takes at most two revisions and got ${positionals.length}`;
    return tellProblem(problem('usage', 'usage/wrong-words', message, 'avian diff --help'), io);
  }
  return withProject(io, tellDiagnostics(io), async (context) =>
    show(
      await diff({ revisions: positionals, targets: options.targets }, context),
      { text: diffText, json: diffJson },
      options.json,
      io,
    ),
  );
}
