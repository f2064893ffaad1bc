import { problem, type Problem } from '../model/diagnostic.ts';
import type { StageName } from '../model/names.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Run } from '../model/run.ts';
import type { LogsView } from '../model/views.ts';
import type { CommandContext } from './context.ts';

export interface LogsOptions {
  readonly stage: string;
  /** A run's or attempt's id or the start of one, or `-2` for the second-newest; the newest when absent. */
  readonly run?: string;
  /** Of a longer log only its end; see LogStore. */
  readonly lastBytes?: number;
}

/** `avian logs <stage>`: what an attempt printed, kept for every one of them. */
export async function logs(
  options: LogsOptions,
  { ports }: Pick<CommandContext, 'ports'>,
): Promise<Result<LogsView, Problem>> {
  const run = await findRun(options, ports.runs);
  if (run === undefined) return err(noSuchRun(options));
  const { attempt, id, startedAt, durationMs, ending, adopted } = run;
  const about = { stage: run.stage, attempt, run: id, startedAt, durationMs, ending };
  if (adopted !== undefined) return ok({ ...about, adopted, chunks: [] });
  const chunks = await ports.logs.read(run.attempt, options.lastBytes);
  if (chunks === undefined) {
    const where = `${run.provenance.user}@${run.provenance.host}`;
    return err(
      problem(
        'stage',
        'logs/elsewhere',
        `the log of ${run.attempt} is not here; it ran as ${where}`,
      ),
    );
  }
  return ok({ ...about, chunks });
}

async function findRun(
  { stage, run }: LogsOptions,
  runs: CommandContext['ports']['runs'],
): Promise<Run | undefined> {
  if (run === undefined || /^-[1-9][0-9]*$/.test(run)) {
    const back = run === undefined ? 1 : Number(run.slice(1));
    return (await runs.history(stage as StageName, back))[back - 1];
  }
  return (await runs.lookUp(run)).find((found) => found.stage === stage);
}

const noSuchRun = ({ stage, run }: LogsOptions): Problem =>
  run === undefined
    ? problem('usage', 'logs/never-ran', `\`${stage}\` has not run here`, `avian repro ${stage}`)
    : problem(
        'usage',
        'logs/unknown-run',
        `\`${stage}\` has no run \`${run}\``,
        `avian logs ${stage} shows the newest`,
      );
