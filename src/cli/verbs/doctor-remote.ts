import { doctorRemote } from '../../commands/doctor-remote.ts';
import { doctorJson, doctorText } from '../../report/doctor.ts';
import { credentialsFor, withRemotes } from '../compose-remote.ts';
import { exitStatus, type ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { oneWord } from '../one-word.ts';
import { show } from '../show.ts';
import { tellProblem } from '../tell-problem.ts';
import { withRenderer } from '../with-renderer.ts';

export async function runDoctorRemote(
  { words, json }: { readonly words: readonly string[]; readonly json: boolean },
  io: Io,
): Promise<ExitStatus> {
  const name = words.length === 0 ? undefined : oneWord(words, 'doctor', 'the name of a remote');
  if (name?.ok === false) return tellProblem(name.error, io);
  return withRenderer(io, (renderer) =>
    withRemotes(io, renderer.onEvent, async (context) => {
      const view = await doctorRemote(name?.value, {
        ...context,
        credentials: (remote) => credentialsFor(remote, io),
      });
      renderer.close();
      const status = show(view, { text: doctorText, json: doctorJson }, json, io);
      const isWell = view.ok && view.value.checks.every(({ state }) => state !== 'failed');
      return view.ok && !isWell ? exitStatus.remoteFailed : status;
    }),
  );
}
