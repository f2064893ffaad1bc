import { cloudStatus, differs } from '../../commands/cloud-status.ts';
import { cloudJson, cloudText } from '../../report/transfers.ts';
import { withRemotes } from '../compose-remote.ts';
import { exitStatus, type ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { show } from '../show.ts';
import { tellProblem } from '../tell-problem.ts';
import { parseTransferJobs } from '../transfer-words.ts';
import { withRenderer } from '../with-renderer.ts';

export interface CloudWords {
  readonly targets: readonly string[];
  readonly remote: string | undefined;
  readonly jobs: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly exitCode: boolean;
}

/** `avian status --cloud`: no stages are judged, cache and remote are compared. */
export async function runCloudStatus(words: CloudWords, io: Io): Promise<ExitStatus> {
  const jobs = parseTransferJobs(words.jobs);
  if (!jobs.ok) return tellProblem(jobs.error, io);
  const { targets, remote } = words;
  return withRenderer(io, (renderer) =>
    withRemotes(io, renderer.onEvent, async (context) => {
      const view = await cloudStatus({ targets, remote, jobs: jobs.value }, context);
      renderer.close();
      if (!view.ok) return tellProblem(view.error, io);
      if (!words.quiet) show(view, { text: cloudText, json: cloudJson }, words.json, io);
      const tells = words.exitCode || words.quiet;
      return tells && differs(view.value) ? exitStatus.stale : exitStatus.ok;
    }),
  );
}
