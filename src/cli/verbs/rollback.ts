import { rolloutRollback } from '../../commands/rollout.ts';
import { parseWords } from '../arguments.ts';
import { withDeployments } from '../compose-ship.ts';
import { exitStatus, type ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { tellProblem } from '../tell-problem.ts';
import { given, PLACE_OPTIONS } from './ship-words.ts';

const OPTIONS = { ...PLACE_OPTIONS, target: { type: 'string' } } as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const [name] = positionals;
  return withDeployments(io, async (ports) => {
    const { target, project, region, endpoint } = options;
    const done = await rolloutRollback(given({ name, target, project, region, endpoint }), ports);
    if (!done.ok) return tellProblem(done.error, io);
    const { from, deployment } = done.value;
    io.stderr(`${from} -> ${deployment.revision}\n`);
    io.stdout(`url ${deployment.url}\n`);
    return exitStatus.ok;
  });
}
