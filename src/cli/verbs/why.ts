import { why } from '../../commands/why.ts';
import { whyJson, whyText } from '../../report/why.ts';
import { parseWords, splitOverrides } from '../arguments.ts';
import { withProject } from '../compose.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { oneWord } from '../one-word.ts';
import { show } from '../show.ts';
import { tellProblem } from '../tell-problem.ts';

const OPTIONS = {
  json: { type: 'boolean', default: false },
  all: { type: 'boolean', default: false },
  probe: { type: 'boolean', default: true },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const { overrides, targets } = splitOverrides(positionals);
  const target = oneWord(targets, 'why', 'a stage');
  if (!target.ok) return tellProblem(target.error, io);
  return withProject(
    io,
    () => undefined,
    async (context) => {
      const view = await why({ target: target.value, overrides, probes: options.probe }, context);
      return show(
        view,
        { text: (shown, style, now) => whyText(shown, style, now, options.all), json: whyJson },
        options.json,
        io,
      );
    },
  );
}
