import { plotsDiff, plotsShow, type PlotStyle } from '../../commands/plots.ts';
import { plotsJson } from '../../report/plots.ts';
import { parseWords } from '../arguments.ts';
import { withProject } from '../compose.ts';
import { exitStatus, type ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { subVerb } from '../sub-verb.ts';
import { tellDiagnostics } from '../tell-diagnostics.ts';
import { tellNotes } from '../tell-notes.ts';
import { tellProblem } from '../tell-problem.ts';
import { withContents, writePage } from '../write-page.ts';

const OPTIONS = {
  targets: { type: 'string', multiple: true, default: [] as string[] },
  out: { type: 'string', short: 'o', default: 'plots.html' },
  open: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  template: { type: 'string', short: 't' },
  x: { type: 'string', short: 'x' },
  y: { type: 'string', short: 'y', multiple: true },
  title: { type: 'string' },
  'x-label': { type: 'string' },
  'y-label': { type: 'string' },
  header: { type: 'boolean' },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const verb = subVerb('plots', ['show', 'diff'], positionals);
  if (!verb.ok) return tellProblem(verb.error, io);
  const { name, rest } = verb.value;
  const { template, x, y, title, header, 'x-label': xLabel, 'y-label': yLabel } = options;
  const as: PlotStyle = {
    ...(template !== undefined && { template }),
    ...(x !== undefined && { x }),
    ...(y !== undefined && { y }),
    ...(title !== undefined && { title }),
    ...(xLabel !== undefined && { xLabel }),
    ...(yLabel !== undefined && { yLabel }),
    ...(header !== undefined && { header }),
  };
  return withProject(io, tellDiagnostics(io), async (project) => {
    const context = withContents(project, io);
    const { targets } = options;
    const view = await (name === 'show'
      ? plotsShow({ targets: [...rest, ...targets], as }, context)
      : plotsDiff({ revisions: rest, targets, as }, context));
    if (!view.ok) return tellProblem(view.error, io);
    if (options.json) {
      io.stdout(`${JSON.stringify(plotsJson(view.value))}\n`);
      return exitStatus.ok;
    }
    tellNotes(view.value.plots, io);
    const { out: file, open } = options;
    const { plotsPage } = await import('../../report/page/html-page.ts');
    return writePage((page) => plotsPage(view.value, page), { file, open, json: false }, io);
  });
}
