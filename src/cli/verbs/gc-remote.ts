import { gcRemote } from '../../commands/gc-remote.ts';
import { problem } from '../../model/diagnostic.ts';
import { remoteGcJson, remoteGcText } from '../../report/care.ts';
import { withRemotes } from '../compose-remote.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { show } from '../show.ts';
import { tellProblem } from '../tell-problem.ts';
import { parseTransferJobs } from '../transfer-words.ts';
import { withRenderer } from '../with-renderer.ts';

export interface GcRemoteWords {
  /** The name of a remote, or nothing. */
  readonly words: readonly string[];
  readonly drop: readonly string[];
  readonly dropOlderThanMs: number | undefined;
  readonly force: boolean;
  readonly json: boolean;
}

/** `avian gc --remote`: says what would go, and with `--force` does it. */
export async function runGcRemote(
  { words, drop, dropOlderThanMs, force, json }: GcRemoteWords,
  io: Io,
): Promise<ExitStatus> {
  const [remote, ...more] = words;
  if (more.length > 0 || drop.some((word) => word.length < 4)) {
    const message =
      more.length > 0
        ? '`avian gc --remote` takes the name of one remote'
        : '`--drop` takes at least the first four characters of a commit or a root';
    return tellProblem(problem('usage', 'usage/wrong-words', message, 'avian gc --help'), io);
  }
  const jobs = parseTransferJobs(undefined);
  if (!jobs.ok) return tellProblem(jobs.error, io);
  return withRenderer(io, (renderer) =>
    withRemotes(io, renderer.onEvent, async (context) => {
      const asked = { drop, dropOlderThanMs, dry: !force, remote, jobs: jobs.value };
      const done = await gcRemote(asked, context);
      renderer.close();
      return show(done, { text: remoteGcText, json: remoteGcJson }, json, io);
    }),
  );
}
