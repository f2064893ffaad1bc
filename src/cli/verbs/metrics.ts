import { metricsDiff, metricsShow } from '../../commands/metrics.ts';
import {
  metricsDiffJson,
  metricsDiffText,
  metricsJson,
  metricsText,
} from '../../report/metrics.ts';
import { parseWords } from '../arguments.ts';
import { withProject } from '../compose.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { show } from '../show.ts';
import { subVerb } from '../sub-verb.ts';
import { tellProblem } from '../tell-problem.ts';

const OPTIONS = {
  json: { type: 'boolean', default: false },
  all: { type: 'boolean', default: false },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const verb = subVerb('metrics', ['show', 'diff'], positionals);
  if (!verb.ok) return tellProblem(verb.error, io);
  const { name, rest } = verb.value;
  return withProject(
    io,
    () => undefined,
    async (context) => {
      if (name === 'show') {
        const view = await metricsShow(context);
        return show(view, { text: metricsText, json: metricsJson }, options.json, io);
      }
      const view = await metricsDiff({ revisions: rest, all: options.all }, context);
      return show(view, { text: metricsDiffText, json: metricsDiffJson }, options.json, io);
    },
  );
}
