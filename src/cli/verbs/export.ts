import { exportData } from '../../commands/export.ts';
import { problem } from '../../model/diagnostic.ts';
import { exportJson, exportText } from '../../report/read.ts';
import { parseWords } from '../arguments.ts';
import { openDestination, withRemotes } from '../compose-remote.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { show } from '../show.ts';
import { tellProblem } from '../tell-problem.ts';
import { parseTransferJobs } from '../transfer-words.ts';
import { withRenderer } from '../with-renderer.ts';

const OPTIONS = {
  rev: { type: 'string' },
  remote: { type: 'string', short: 'r' },
  jobs: { type: 'string', short: 'j' },
  force: { type: 'boolean', short: 'f', default: false },
  json: { type: 'boolean', default: false },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const targets = positionals.slice(0, -1);
  const to = positionals.at(-1);
  if (to === undefined) {
    const message = '`avian export` needs a folder or gs://BUCKET/PREFIX to write to';
    return tellProblem(problem('usage', 'usage/wrong-words', message, 'avian export --help'), io);
  }
  const jobs = parseTransferJobs(options.jobs);
  if (!jobs.ok) return tellProblem(jobs.error, io);
  const { rev, remote, force } = options;
  const wanted = { targets, to, rev, remote, force, jobs: jobs.value };
  return withRenderer(io, (renderer) =>
    withRemotes(io, renderer.onEvent, async (context) => {
      const open = openDestination(io, context);
      const view = await exportData(wanted, { ...context, open });
      renderer.close();
      return show(view, { text: exportText, json: exportJson }, options.json, io);
    }),
  );
}
