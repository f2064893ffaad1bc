import { suggestDeps } from '../../commands/deps.ts';
import { depsJson, depsText } from '../../report/deps.ts';
import { parseWords } from '../arguments.ts';
import { withProject } from '../compose.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { show } from '../show.ts';
import { subVerb } from '../sub-verb.ts';
import { tellProblem } from '../tell-problem.ts';

const OPTIONS = { json: { type: 'boolean', default: false } } as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const verb = subVerb('deps', ['suggest'], positionals);
  if (!verb.ok) return tellProblem(verb.error, io);
  return withProject(
    io,
    () => undefined,
    async (context) => {
      const view = await suggestDeps({ targets: verb.value.rest }, context);
      return show(view, { text: depsText, json: depsJson }, options.json, io);
    },
  );
}
