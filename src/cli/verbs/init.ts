import { openProjectFiles } from '../../adapters/project-files/project-files.ts';
import { openRevisions } from '../../adapters/git/revisions.ts';
import { init } from '../../commands/init.ts';
import { parseWords } from '../arguments.ts';
import { exitStatus, type ExitStatus } from '../exit-status.ts';
import type { Io } from '../io.ts';
import { LAUNCHER_FOLDER } from '../launcher.ts';
import { noWords } from '../one-word.ts';
import { tellProblem } from '../tell-problem.ts';

export async function run(words: readonly string[], io: Io): Promise<ExitStatus> {
  const parsed = parseWords(words, {});
  if (!parsed.ok) return tellProblem(parsed.error, io);
  const none = noWords(parsed.value.positionals, 'init');
  if (!none.ok) return tellProblem(none.error, io);
  const root = io.cwd;
  const project = {
    files: openProjectFiles(root),
    revisions: openRevisions({ root, env: io.env }),
  };
  const done = await init(project, LAUNCHER_FOLDER);
  for (const path of done.written) io.stdout(`wrote ${path}\n`);
  for (const path of done.kept) io.stdout(`kept ${path}\n`);
  io.stderr(
    done.mergeDriver === 'installed'
      ? 'git merges pipeline.lock by stage in this clone\n'
      : 'no git repository here: after `git init`, `avian init` has git merge pipeline.lock by stage\n',
  );
  io.stderr('declare stages in pipeline.yaml, then run `avian repro`\n');
  return exitStatus.ok;
}
