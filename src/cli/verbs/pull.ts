import { pull } from '../../commands/pull.ts';
import { pullJson, pullText } from '../../report/transfers.ts';
import { parseWords } from '../arguments.ts';
import { withRemotes } from '../compose-remote.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { show } from '../show.ts';
import { tellProblem } from '../tell-problem.ts';
import { parseTransferJobs } from '../transfer-words.ts';
import { withRenderer } from '../with-renderer.ts';

const OPTIONS = {
  jobs: { type: 'string', short: 'j' },
  remote: { type: 'string', short: 'r' },
  'allow-missing': { type: 'boolean', default: false },
  dry: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

export const run = (words: readonly string[], io: Io): Promise<ExitStatus> =>
  runPull(words, true, io);

/** `pull`, or without a checkout `fetch`. */
export async function runPull(
  words: readonly string[],
  checkout: boolean,
  io: Io,
): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const jobs = parseTransferJobs(options.jobs);
  if (!jobs.ok) return tellProblem(jobs.error, io);
  const wanted = {
    targets: positionals,
    remote: options.remote,
    jobs: jobs.value,
    allowMissing: options['allow-missing'],
    ...{ checkout, dry: options.dry },
  };
  return withRenderer(io, (renderer) =>
    withRemotes(io, renderer.onEvent, async (context) => {
      const done = await pull(wanted, context);
      renderer.close();
      return show(done, { text: pullText, json: pullJson }, options.json, io);
    }),
  );
}
