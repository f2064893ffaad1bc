import type { RepoPath } from '../model/names.ts';
import type { CommandContext } from './context.ts';

/** Adds `/name` to the .gitignore beside the path, unless a line there says so already. */
export function ignoreInGit(path: RepoPath, files: CommandContext['files']): void {
  const slash = path.lastIndexOf('/');
  const ignoreFile = `${path.slice(0, slash + 1)}.gitignore`;
  const line = `/${path.slice(slash + 1)}`;
  const text = files.read(ignoreFile) ?? '';
  if (text.split('\n').includes(line)) return;
  const separator = text === '' || text.endsWith('\n') ? '' : '\n';
  files.write(ignoreFile, `${text}${separator}${line}\n`);
}
