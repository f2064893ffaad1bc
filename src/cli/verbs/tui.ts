import { status } from '../../commands/status.ts';
import { statusJson, statusText } from '../../report/status.ts';
import { parseWords, splitOverrides } from '../arguments.ts';
import { withProject } from '../compose.ts';
import type { ExitStatus } from '../exit-status.ts';
import { findRoot } from '../find-root.ts';
import type { Io } from '../io.ts';
import { noWords } from '../one-word.ts';
import { parseJobs } from '../parse-jobs.ts';
import { show } from '../show.ts';
import { tellProblem } from '../tell-problem.ts';
import { chooseTui } from '../tui/choose.ts';
import { runSession } from '../tui/session.ts';
import { whyPlain } from '../tui/watch.ts';

const OPTIONS = {
  jobs: { type: 'string', short: 'j' },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const jobs = parseJobs(parsed.value.options.jobs);
  if (!jobs.ok) return tellProblem(jobs.error, io);
  const { overrides, targets } = splitOverrides(parsed.value.positionals);
  const none = noWords(targets, 'tui');
  if (!none.ok) return tellProblem(none.error, io);
  const choice = chooseTui(io);
  if (choice.kind === 'plain') io.stderr(whyPlain(choice.why, io));
  if (choice.kind === 'screen' && findRoot(io.cwd) !== undefined) {
    const ended = await runSession(io, { overrides, jobs: jobs.value });
    if (typeof ended === 'number') return ended;
    io.stderr(whyPlain(ended.why, io));
  }
  return inLines(overrides, io);
}

/** Where there can be no screen: what it would show first. */
const inLines = (overrides: readonly string[], io: Io): Promise<ExitStatus> =>
  withProject(
    io,
    () => undefined,
    async (context) => {
      const view = await status({ targets: [], overrides, probes: true }, context);
      return show(view, { text: statusText, json: statusJson }, false, io);
    },
  );
