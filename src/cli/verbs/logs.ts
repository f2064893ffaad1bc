import { logs } from '../../commands/logs.ts';
import { logsHead, logsJson, logsText } from '../../report/logs.ts';
import { createStyle } from '../../report/style.ts';
import { parseWords } from '../arguments.ts';
import { withProject } from '../compose.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { oneWord } from '../one-word.ts';
import { show } from '../show.ts';
import { tellProblem } from '../tell-problem.ts';

const OPTIONS = {
  run: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(joinBackReference(words), OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const stage = oneWord(positionals, 'logs', 'a stage');
  if (!stage.ok) return tellProblem(stage.error, io);
  return withProject(
    io,
    () => undefined,
    async (context) => {
      const view = await logs(
        { stage: stage.value, ...(options.run !== undefined && { run: options.run }) },
        context,
      );
      if (view.ok && !options.json) io.stderr(logsHead(view.value, createStyle(io)));
      return show(view, { text: logsText, json: logsJson }, options.json, io);
    },
  );
}

/** `--run -2` as `--run=-2`: a value with a dash would otherwise be taken for an option. */
function joinBackReference(words: readonly string[]): readonly string[] {
  const at = words.indexOf('--run');
  const value = words[at + 1];
  if (at === -1 || value === undefined || !/^-[0-9]+$/.test(value)) return words;
  return [...words.slice(0, at), `--run=${value}`, ...words.slice(at + 2)];
}
