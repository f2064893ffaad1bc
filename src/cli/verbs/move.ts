import { move } from '../../commands/move.ts';
import { problem } from '../../model/diagnostic.ts';
import { moveJson, moveText } from '../../report/edits.ts';
import { parseWords } from '../arguments.ts';
import { withProject } from '../compose.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { show } from '../show.ts';
import { tellDiagnostics } from '../tell-diagnostics.ts';
import { tellProblem } from '../tell-problem.ts';

const OPTIONS = { json: { type: 'boolean', default: false } } as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const [from, to, ...more] = positionals;
  if (from === undefined || to === undefined || more.length > 0) {
    const message = `\`avian move\` takes two words and got ${positionals.length}`;
    return tellProblem(problem('usage', 'usage/wrong-words', message, 'avian move --help'), io);
  }
  return withProject(io, tellDiagnostics(io), async (context) =>
    show(await move({ from, to }, context), { text: moveText, json: moveJson }, options.json, io),
  );
}
