import { cost } from '../../commands/cost.ts';
import { costJson, costText } from '../../report/cost.ts';
import { parseWords } from '../arguments.ts';
import { openLogOfTransfers, withRemotes } from '../compose-remote.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { show } from '../show.ts';
import { tellProblem } from '../tell-problem.ts';
import { withRenderer } from '../with-renderer.ts';

const OPTIONS = {
  offline: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  return withRenderer(io, (renderer) =>
    withRemotes(io, renderer.onEvent, async (context) => {
      const transferLog = openLogOfTransfers(context);
      const asked = { names: positionals, ask: !options.offline };
      const view = await cost(asked, { ...context, transferLog });
      renderer.close();
      return show(view, { text: costText, json: costJson }, options.json, io);
    }),
  );
}
