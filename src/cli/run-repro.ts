import type { CommandContext } from '../commands/context.ts';
import { dryRepro, repro, type OpenSupply, type ReproOptions } from '../commands/repro.ts';
import { needsWork } from '../commands/status.ts';
import type { Emit } from '../model/event.ts';
import { createPlainRenderer, type Renderer } from '../report/plain.ts';
import { withProject } from './compose.ts';
import { exitStatus, type ExitStatus } from './exit-status.ts';
import type { Io } from './io.ts';
import { rendererOptions } from './renderer-options.ts';
import { statusOf } from './repro-options.ts';
import { show } from './show.ts';
import { tellOthers } from './tell-others.ts';
import { tellProblem } from './tell-problem.ts';
import type { Watch } from './tui/watch.ts';
import { withRenderer } from './with-renderer.ts';

/** How a `repro` comes to its project: alone, or with a remote that supplies what is missing. */
export type OpenProject = (
  io: Io,
  emit: Emit,
  work: (context: CommandContext, supply?: OpenSupply) => Promise<ExitStatus>,
) => Promise<ExitStatus>;

export const plainly: OpenProject = (io, emit, work) =>
  withProject(io, emit, (context) => work(context));

export interface ReproShown {
  readonly dry: boolean;
  readonly json: boolean;
  /** On a screen of its own; undefined leaves it to AVIAN_TUI. */
  readonly tui: boolean | undefined;
  /** With `dry`: tell by the exit status whether something would run. */
  readonly exitCode: boolean;
}

/** `avian repro`, once its words are understood. */
export const runRepro = async (
  wanted: ReproOptions,
  shown: ReproShown,
  io: Io,
  open: OpenProject,
): Promise<ExitStatus> =>
  shown.dry ? dry(wanted, shown, io, open) : reproduce(wanted, await openWatch(shown, io), open);

/** Who tells of the run: lines for people or for machines, or a screen. */
async function openWatch({ json, tui }: ReproShown, io: Io): Promise<Watch> {
  const inLines = (renderer: Renderer): Watch => ({ renderer, io, opened: () => undefined });
  if (json) {
    return inLines((await import('../report/json.ts')).createJsonRenderer(rendererOptions(io)));
  }
  return (tui ?? io.env['AVIAN_TUI'] === '1')
    ? (await import('./tui-verbs.ts')).openWatch(io)
    : inLines(createPlainRenderer(rendererOptions(io)));
}

async function reproduce(
  wanted: ReproOptions,
  watch: Watch,
  open: OpenProject,
): Promise<ExitStatus> {
  const { renderer, io } = watch;
  const others = tellOthers(io, renderer.onEvent);
  try {
    return await open(io, others.emit, async (context, supply) => {
      watch.opened(context);
      const { stopOf } = watch;
      const options = stopOf === undefined ? wanted : { ...wanted, stopOf };
      const done = await repro(options, context, supply);
      return done.ok ? statusOf(done.value) : tellProblem(done.error, io);
    });
  } finally {
    renderer.close();
    await others.close();
  }
}

async function dry(
  wanted: ReproOptions,
  shown: ReproShown,
  io: Io,
  open: OpenProject,
): Promise<ExitStatus> {
  return withRenderer(io, (renderer) =>
    open(io, renderer.onEvent, async (context, supply) => {
      const view = await dryRepro(wanted, context, supply);
      renderer.close();
      const { statusJson, statusText } = await import('../report/status.ts');
      const status = show(view, { text: statusText, json: statusJson }, shown.json, io);
      return view.ok && shown.exitCode && needsWork(view.value) ? exitStatus.stale : status;
    }),
  );
}
