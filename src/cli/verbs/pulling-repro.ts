import { supplyFrom } from '../../commands/repro-supply.ts';
import type { ReproOptions } from '../../commands/repro.ts';
import { withRemotes } from '../compose-remote.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { runRepro, type OpenProject, type ReproShown } from '../run-repro.ts';
import { USUAL_JOBS } from '../transfer-words.ts';

/** `avian repro --pull`: what the cache lacks comes from the remote, as it is needed. */
export function runPullingRepro(
  wanted: ReproOptions,
  shown: ReproShown,
  remote: string | undefined,
  io: Io,
): Promise<ExitStatus> {
  const pulling: OpenProject = (given, emit, work) =>
    withRemotes(given, emit, (context) =>
      work(context, supplyFrom({ remote, jobs: USUAL_JOBS }, context)),
    );
  return runRepro(wanted, shown, io, pulling);
}
