import { parseDuration } from '../../config/quantities.ts';
import type { ReproOptions } from '../../commands/repro.ts';
import { problem, type Problem } from '../../model/diagnostic.ts';
import { err, ok, type Result } from '../../model/result.ts';
import { parseWords, splitOverrides } from '../arguments.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { parseJobs } from '../parse-jobs.ts';
import { reproOptions } from '../repro-options.ts';
import { plainly, runRepro } from '../run-repro.ts';
import { tellProblem } from '../tell-problem.ts';

const OPTIONS = {
  jobs: { type: 'string', short: 'j' },
  force: { type: 'boolean', short: 'f', default: false },
  single: { type: 'boolean', short: 's', default: false },
  'single-item': { type: 'boolean', default: false },
  'keep-going': { type: 'boolean', short: 'k', default: false },
  downstream: { type: 'boolean', default: false },
  dry: { type: 'boolean', default: false },
  'exit-code': { type: 'boolean', default: false },
  'run-cache': { type: 'boolean', default: true },
  probe: { type: 'boolean', default: true },
  trace: { type: 'boolean', default: false },
  glob: { type: 'boolean', default: false },
  'allow-missing': { type: 'boolean', default: false },
  timeout: { type: 'string' },
  pull: { type: 'boolean', default: false },
  remote: { type: 'string', short: 'r' },
  tui: { type: 'boolean' },
  json: { type: 'boolean', default: false },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options } = parsed.value;
  const jobs = parseJobs(options.jobs);
  if (!jobs.ok) return tellProblem(jobs.error, io);
  const timeout = parseTimeout(options.timeout);
  if (!timeout.ok) return tellProblem(timeout.error, io);
  if (options.single && options.downstream) {
    const message = '`--single` and `--downstream` exclude each other';
    return tellProblem(problem('usage', 'usage/exclusive-options', message), io);
  }
  const wanted: ReproOptions = {
    ...reproOptions(jobs.value),
    ...splitOverrides(parsed.value.positionals),
    force: options.force,
    single: options.single || options['single-item'],
    downstream: options.downstream,
    keepGoing: options['keep-going'],
    runCache: options['run-cache'],
    probes: options.probe,
    glob: options.glob,
    allowMissing: options['allow-missing'],
    ...(timeout.value !== undefined && { timeoutMs: timeout.value }),
    // The lines for people do not name the run of a stage that was skipped.
    nameRuns: options.json,
    trace: options.trace,
  };
  const { dry, json, tui } = options;
  const shown = { dry, json, tui, exitCode: options['exit-code'] };
  if (!options.pull && options.remote === undefined) return runRepro(wanted, shown, io, plainly);
  const { runPullingRepro } = await import('../remote-verbs.ts');
  return runPullingRepro(wanted, shown, options.remote, io);
}

function parseTimeout(text: string | undefined): Result<number | undefined, Problem> {
  if (text === undefined) return ok(undefined);
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ok(ms);
  const message = `\`--timeout ${text}\` is no duration`;
  return err(problem('usage', 'usage/bad-option', message, 'for example 90s, 10m, 1h30m'));
}
