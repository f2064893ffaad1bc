import { doctor } from '../../commands/doctor.ts';
import { ok } from '../../model/result.ts';
import { doctorJson, doctorText } from '../../report/doctor.ts';
import { parseWords } from '../arguments.ts';
import { withProject } from '../compose.ts';
import { exitStatus, type ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { noWords } from '../one-word.ts';
import { show } from '../show.ts';
import { openSurvey } from '../survey.ts';
import { tellProblem } from '../tell-problem.ts';

const OPTIONS = {
  remote: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  if (options.remote) {
    const { runDoctorRemote } = await import('../remote-verbs.ts');
    return runDoctorRemote({ words: positionals, json: options.json }, io);
  }
  const none = noWords(positionals, 'doctor');
  if (!none.ok) return tellProblem(none.error, io);
  return withProject(
    io,
    () => undefined,
    async (context) => {
      const view = await doctor(openSurvey(context.ports.environment.root), context);
      show(ok(view), { text: doctorText, json: doctorJson }, options.json, io);
      const failed = view.checks.some(({ state }) => state === 'failed');
      return failed ? exitStatus.stageFailed : exitStatus.ok;
    },
  );
}
