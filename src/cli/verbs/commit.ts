import { commit, isRefused } from '../../commands/commit.ts';
import { commitJson, commitText } from '../../report/commit.ts';
import { parseWords, splitOverrides } from '../arguments.ts';
import { withProject } from '../compose.ts';
import { exitStatus, type ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { show } from '../show.ts';
import { tellProblem } from '../tell-problem.ts';
import { withRenderer } from '../with-renderer.ts';

const OPTIONS = {
  force: { type: 'boolean', short: 'f', default: false },
  json: { type: 'boolean', default: false },
} as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  return withRenderer(io, (renderer) =>
    withProject(io, renderer.onEvent, async (context) => {
      const view = await commit({ ...splitOverrides(positionals), force: options.force }, context);
      const status = show(view, { text: commitText, json: commitJson }, options.json, io);
      return view.ok && isRefused(view.value) ? exitStatus.stageFailed : status;
    }),
  );
}
