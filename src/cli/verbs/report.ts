import { report } from '../../commands/report.ts';
import { parseWords, splitOverrides } from '../arguments.ts';
import { withProject } from '../compose.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { noWords } from '../one-word.ts';
import { tellDiagnostics } from '../tell-diagnostics.ts';
import { tellNotes } from '../tell-notes.ts';
import { tellProblem } from '../tell-problem.ts';
import { withContents, writePage } from '../write-page.ts';

const OPTIONS = {
  out: { type: 'string', short: 'o', default: 'report.html' },
  open: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const { overrides, targets } = splitOverrides(positionals);
  const none = noWords(targets, 'report');
  if (!none.ok) return tellProblem(none.error, io);
  return withProject(io, tellDiagnostics(io), async (context) => {
    const view = await report({ overrides }, withContents(context, io));
    if (!view.ok) return tellProblem(view.error, io);
    tellNotes(view.value.plots.plots, io);
    const { out: file, open, json } = options;
    const { reportPage } = await import('../../report/page/html-page.ts');
    return writePage((page) => reportPage(view.value, page), { file, open, json }, io);
  });
}
