import { openProjectFiles } from '../../adapters/project-files/project-files.ts';
import { init } from '../../commands/init.ts';
import { parseWords } from '../arguments.ts';
import { exitStatus, type ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { noWords } from '../one-word.ts';
import { tellProblem } from '../tell-problem.ts';

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, {});
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const none = noWords(parsed.value.positionals, 'init');
  if (!none.ok) return tellProblem(none.error, io);
  const done = init({ files: openProjectFiles(io.cwd) });
  if (!done.ok) return tellProblem(done.error, io);
  for (const path of done.value.written) io.stdout(`wrote ${path}\n`);
  for (const path of done.value.kept) io.stdout(`kept ${path}\n`);
  io.stderr('declare stages in pipeline.yaml, then run `avian repro`\n');
  return exitStatus.ok;
}
