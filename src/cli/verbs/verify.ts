import { hasFailedGate, isOutOfDate, verify } from '../../commands/verify.ts';
import { verifyJson, verifyText } from '../../report/verify.ts';
import { parseWords, splitOverrides } from '../arguments.ts';
import { withProject } from '../compose.ts';
import { exitStatus, type ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { show } from '../show.ts';
import { tellProblem } from '../tell-problem.ts';

const OPTIONS = {
  json: { type: 'boolean', default: false },
  quiet: { type: 'boolean', short: 'q', default: false },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  return withProject(
    io,
    () => undefined,
    async (context) => {
      const view = await verify(splitOverrides(positionals), context);
      if (!view.ok) return tellProblem(view.error, io);
      if (!options.quiet) show(view, { text: verifyText, json: verifyJson }, options.json, io);
      if (hasFailedGate(view.value)) return exitStatus.stageFailed;
      return isOutOfDate(view.value) ? exitStatus.stale : exitStatus.ok;
    },
  );
}
