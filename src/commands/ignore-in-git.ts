import type { RepoPath } from '../model/names.ts';
import type { Stage } from '../model/pipeline.ts';
import type { CommandContext } from './context.ts';

type Files = CommandContext['files'];

/** Adds `/name` to the .gitignore beside the path, unless a line there says so already. */
export function ignoreInGit(path: RepoPath, files: Files): void {
  const { file, line } = placeOf(path);
  const text = files.read(file) ?? '';
  if (text.split('\n').includes(line)) return;
  files.write(file, withLine(text, line));
}

/**
 * Has git leave alone what the cache keeps, as `dvc repro` does, so that a `git add .` takes in no
 * model. Asks git once, and only about what a stage has just made; what somebody tracks stays tracked.
 */
export async function ignoreOuts(
  stages: readonly Stage[],
  { files, revisions }: Pick<CommandContext, 'files' | 'revisions'>,
): Promise<void> {
  const cached = stages.flatMap(({ outs }) =>
    outs.flatMap(({ path, cache }) => (cache ? [path] : [])),
  );
  const asked = cached.filter((path) => !isIgnoredByLine(path, files));
  if (asked.length === 0) return;
  for (const path of await revisions.addable(asked)) ignoreInGit(path, files);
}

/** A text with a line at its end, whether or not its last line was ended. */
export function withLine(text: string, line: string): string {
  const separator = text === '' || text.endsWith('\n') ? '' : '\n';
  return `${text}${separator}${line}\n`;
}

/** Takes that line away again; nothing else in the file is touched. */
export function unignoreInGit(path: RepoPath, files: Files): void {
  if (!isIgnoredByLine(path, files)) return;
  const { file, line } = placeOf(path);
  const lines = (files.read(file) ?? '').split('\n');
  files.write(file, lines.filter((each) => each !== line).join('\n'));
}

export function isIgnoredByLine(path: RepoPath, files: Files): boolean {
  const { file, line } = placeOf(path);
  return (files.read(file) ?? '').split('\n').includes(line);
}

function placeOf(path: RepoPath): { readonly file: string; readonly line: string } {
  const slash = path.lastIndexOf('/');
  return { file: `${path.slice(0, slash + 1)}.gitignore`, line: `/${path.slice(slash + 1)}` };
}
