import { doctor } from '../../commands/doctor.ts';
import { ok } from '../../model/result.ts';
import { doctorJson, doctorText } from '../../report/doctor.ts';
import { parseWords } from '../arguments.ts';
import { withProject } from '../compose.ts';
import { exitStatus, type ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { show } from '../show.ts';
import { openSurvey } from '../survey.ts';
import { tellProblem } from '../tell-problem.ts';

const OPTIONS = { json: { type: 'boolean', default: false } } as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  return withProject(
    io,
    () => undefined,
    async (context) => {
      const view = await doctor(openSurvey(context.ports.environment.root), context);
      show(ok(view), { text: doctorText, json: doctorJson }, parsed.value.options.json, io);
      const failed = view.checks.some(({ state }) => state === 'failed');
      return failed ? exitStatus.stageFailed : exitStatus.ok;
    },
  );
}
