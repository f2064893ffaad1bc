import { cat } from '../../commands/cat.ts';
import { parseWords } from '../arguments.ts';
import { withRemotes } from '../compose-remote.ts';
import { exitStatus, type ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { oneWord } from '../one-word.ts';
import { tellProblem } from '../tell-problem.ts';
import { parseTransferJobs } from '../transfer-words.ts';
import { withRenderer } from '../with-renderer.ts';

const OPTIONS = {
  rev: { type: 'string' },
  remote: { type: 'string', short: 'r' },
  jobs: { type: 'string', short: 'j' },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const path = oneWord(positionals, 'cat', 'a file');
  if (!path.ok) return tellProblem(path.error, io);
  const jobs = parseTransferJobs(options.jobs);
  if (!jobs.ok) return tellProblem(jobs.error, io);
  const { rev, remote } = options;
  return withRenderer(io, (renderer) =>
    withRemotes(io, renderer.onEvent, async (context) => {
      const bytes = await cat({ path: path.value, rev, remote, jobs: jobs.value }, context);
      renderer.close();
      if (!bytes.ok) return tellProblem(bytes.error, io);
      for await (const piece of bytes.value) {
        if (io.signal.aborted || !io.stdout(piece)) break;
      }
      return exitStatus.ok;
    }),
  );
}
