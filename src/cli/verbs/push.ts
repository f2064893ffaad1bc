import { push } from '../../commands/push.ts';
import { pushJson, pushText } from '../../report/transfers.ts';
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
  dry: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const jobs = parseTransferJobs(options.jobs);
  if (!jobs.ok) return tellProblem(jobs.error, io);
  const { remote, dry } = options;
  return withRenderer(io, (renderer) =>
    withRemotes(io, renderer.onEvent, async (context) => {
      const done = await push({ targets: positionals, remote, jobs: jobs.value, dry }, context);
      renderer.close();
      return show(done, { text: pushText, json: pushJson }, options.json, io);
    }),
  );
}
