import { lineage } from '../../commands/lineage.ts';
import { problem } from '../../model/diagnostic.ts';
import { lineageJson, lineageText } from '../../report/lineage.ts';
import { parseWords } from '../arguments.ts';
import { withProject } from '../compose.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { oneWord } from '../one-word.ts';
import { show } from '../show.ts';
import { tellProblem } from '../tell-problem.ts';

const OPTIONS = {
  up: { type: 'boolean', default: false },
  down: { type: 'boolean', default: false },
  live: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  if (options.down && (options.up || options.live)) {
    const message = `\`--${options.up ? 'up' : 'live'}\` and \`--down\` exclude each other`;
    return tellProblem(problem('usage', 'usage/exclusive-options', message), io);
  }
  const subject = oneWord(
    positionals,
    'lineage',
    'a path, a run or a digest; with --live a URL or a revision',
  );
  if (!subject.ok) return tellProblem(subject.error, io);
  return withProject(
    io,
    () => undefined,
    async (context) => {
      const view = await lineage(
        {
          subject: subject.value,
          direction: options.down ? 'down' : 'up',
          live: options.live,
        },
        context,
      );
      return show(view, { text: lineageText, json: lineageJson }, options.json, io);
    },
  );
}
