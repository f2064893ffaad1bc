import type { CommandContext } from '../commands/context.ts';
import {
  dryRepro,
  repro,
  type OpenSupply,
  type ReproOptions,
  type Reproduced,
} from '../commands/repro.ts';
import { needsWork } from '../commands/status.ts';
import type { Emit } from '../model/event.ts';
import { createPlainRenderer } from '../report/plain.ts';
import { withProject } from './compose.ts';
import { exitStatus, type ExitStatus } from './exit-status.ts';
import type { Io } from './io.ts';
import { rendererOptions } from './renderer-options.ts';
import { show } from './show.ts';
import { tellProblem } from './tell-problem.ts';
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
  /** With `dry`: tell by the exit status whether something would run. */
  readonly exitCode: boolean;
}

/** `avian repro`, once its words are understood. */
export const runRepro = (
  wanted: ReproOptions,
  shown: ReproShown,
  io: Io,
  open: OpenProject,
): Promise<ExitStatus> =>
  shown.dry ? dry(wanted, shown, io, open) : reproduce(wanted, shown.json, io, open);

async function reproduce(
  wanted: ReproOptions,
  json: boolean,
  io: Io,
  open: OpenProject,
): Promise<ExitStatus> {
  const renderer = json
    ? (await import('../report/json.ts')).createJsonRenderer(rendererOptions(io))
    : createPlainRenderer(rendererOptions(io));
  try {
    return await open(io, renderer.onEvent, async (context, supply) => {
      const done = await repro(wanted, context, supply);
      return done.ok ? statusOf(done.value) : tellProblem(done.error, io);
    });
  } finally {
    renderer.close();
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

function statusOf({ outcomes: byStage, timedOut }: Reproduced): ExitStatus {
  const outcomes = [...byStage.values()];
  const damaged = outcomes.some(
    (outcome) => outcome.kind === 'failed' && outcome.failure.kind === 'restore-failed',
  );
  if (damaged) return exitStatus.corruption;
  const unfetched = outcomes.some(
    (outcome) => outcome.kind === 'failed' && outcome.failure.kind === 'not-fetched',
  );
  if (unfetched) return exitStatus.remoteFailed;
  const bad = outcomes.some(({ kind }) => kind === 'failed' || kind === 'blocked');
  return bad || timedOut ? exitStatus.stageFailed : exitStatus.ok;
}
