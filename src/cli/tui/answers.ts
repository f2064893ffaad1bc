import type { CommandContext } from '../../commands/context.ts';
import { lineage } from '../../commands/lineage.ts';
import { logs } from '../../commands/logs.ts';
import { why } from '../../commands/why.ts';
import type { Problem } from '../../model/diagnostic.ts';
import type { StageName } from '../../model/names.ts';
import { lineageText } from '../../report/lineage.ts';
import { logsText } from '../../report/logs.ts';
import { printProblem } from '../../report/print-diagnostic.ts';
import { runHistoryText } from '../../report/run-history.ts';
import { createStyle } from '../../report/style.ts';
import { whyText } from '../../report/why.ts';
import { LOG_LINES } from '../../tui/log.ts';
import type { Question } from '../../tui/state.ts';
import { systemClock } from '../clock.ts';
import type { Io } from '../io.ts';

const RUNS_SHOWN = 100;
/** More than what is kept of it on the screen. */
const LOG_BYTES = 4 * 2 ** 20;

/** What a pane shows of a stage, in lines without colour. */
export async function answerLines(
  question: Question,
  stage: string,
  context: CommandContext,
  { ascii }: Pick<Io, 'ascii'>,
): Promise<readonly string[]> {
  const style = createStyle({ colour: false, ascii });
  const now = systemClock.now();
  const { runs } = context.ports;
  const problemText = (problem: Problem): string => printProblem(problem, style);
  switch (question) {
    case 'log': {
      const [latest] = await runs.history(stage as StageName, 1);
      if (latest === undefined) return [`${stage} has not run here`];
      const view = await logs({ stage, lastBytes: LOG_BYTES }, context);
      return linesOf(view.ok ? logsText(view.value) : problemText(view.error)).slice(-LOG_LINES);
    }
    case 'why': {
      // Without probes: a person who looks around starts no commands.
      const view = await why({ target: stage, overrides: [], probes: false }, context);
      return linesOf(view.ok ? whyText(view.value, style, now, true) : problemText(view.error));
    }
    case 'lineage': {
      const run = await runs.latest(stage as StageName, 'succeeded');
      if (run === undefined) return [`${stage} has not run here: nothing is known of it`];
      const parts = await Promise.all(
        (['up', 'down'] as const).map(async (direction) => {
          const view = await lineage({ subject: run.id, direction }, context);
          return view.ok ? lineageText(view.value, style, now) : problemText(view.error);
        }),
      );
      const [up = '', down = ''] = parts;
      return ['made from', ...linesOf(up), '', 'made into', ...linesOf(down)];
    }
    case 'runs': {
      const history = await runs.history(stage as StageName, RUNS_SHOWN);
      return linesOf(runHistoryText(history, style, now));
    }
  }
}

const linesOf = (text: string): readonly string[] => text.replace(/\n$/, '').split('\n');
