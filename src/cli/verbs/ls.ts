import { ls } from '../../commands/ls.ts';
import { lsJson, lsText } from '../../report/read.ts';
import { parseWords } from '../arguments.ts';
import { withRemotes } from '../compose-remote.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { atMostOneWord } from '../one-word.ts';
import { show } from '../show.ts';
import { tellProblem } from '../tell-problem.ts';
import { parseTransferJobs } from '../transfer-words.ts';
import { withRenderer } from '../with-renderer.ts';

const OPTIONS = {
  recursive: { type: 'boolean', short: 'R', default: false },
  rev: { type: 'string' },
  remote: { type: 'string', short: 'r' },
  jobs: { type: 'string', short: 'j' },
  json: { type: 'boolean', default: false },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const path = atMostOneWord(positionals, 'ls');
  if (!path.ok) return tellProblem(path.error, io);
  const jobs = parseTransferJobs(options.jobs);
  if (!jobs.ok) return tellProblem(jobs.error, io);
  const { recursive, rev, remote } = options;
  const wanted = { path: path.value, recursive, rev, remote, jobs: jobs.value };
  return withRenderer(io, (renderer) =>
    withRemotes(io, renderer.onEvent, async (context) => {
      const view = await ls(wanted, context);
      renderer.close();
      return show(view, { text: lsText, json: lsJson }, options.json, io);
    }),
  );
}
