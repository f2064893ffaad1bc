import { dag } from '../../commands/dag.ts';
import { problem } from '../../model/diagnostic.ts';
import { dagDot, dagJson, dagMermaid, dagText } from '../../report/dag.ts';
import { parseWords } from '../arguments.ts';
import { withProject } from '../compose.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { show } from '../show.ts';
import { tellProblem } from '../tell-problem.ts';

const OPTIONS = {
  mermaid: { type: 'boolean', default: false },
  dot: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  if (options.mermaid && options.dot) {
    const message = '`--mermaid` and `--dot` exclude each other';
    return tellProblem(problem('usage', 'usage/exclusive-options', message), io);
  }
  const text = options.mermaid ? dagMermaid : options.dot ? dagDot : dagText;
  return withProject(
    io,
    () => undefined,
    async (context) => {
      const view = await dag({ targets: positionals }, context);
      return show(view, { text, json: dagJson }, options.json, io);
    },
  );
}
