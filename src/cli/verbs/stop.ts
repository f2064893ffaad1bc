import { stopDeployment } from '../../commands/stop.ts';
import { parseWords } from '../arguments.ts';
import { withDeployments } from '../compose-ship.ts';
import { exitStatus, type ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { tellProblem } from '../tell-problem.ts';

const OPTIONS = { target: { type: 'string', default: 'local' } } as const;

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, OPTIONS);
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const { options, positionals } = parsed.value;
  const [name] = positionals;
  return withDeployments(io, async (ports) => {
    const done = await stopDeployment(
      { ...(name !== undefined && { name }), target: options.target },
      ports,
    );
    if (!done.ok) return tellProblem(done.error, io);
    if (done.value.length === 0) io.stdout('nothing is in service\n');
    for (const one of done.value) {
      io.stdout(`${one.name} ${one.stopped ? 'stopped' : 'was down already'}\n`);
    }
    return exitStatus.ok;
  });
}
