import { problem, type Problem } from '../model/diagnostic.ts';
import { parseRepoPath, ROOT, type RepoPath } from '../model/names.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { PathsView } from '../model/views.ts';
import { place, talk, type ImportContext } from './fetch-source.ts';
import { holdingProject } from './hold-project.ts';
import { ignoreInGit } from './ignore-in-git.ts';
import { loadWorkload } from './load-workload.ts';

/** `avian import-url <url> [path]`: fetches raw data, keeps it and pins it with where it came from. */
export async function importUrl(
  options: { readonly url: string; readonly path: string | undefined },
  context: ImportContext,
): Promise<Result<PathsView, Problem>> {
  const workload = await loadWorkload([], context);
  if (!workload.ok) return workload;
  const resolved = context.downloads.resolve(options.url);
  if (!resolved.ok) return resolved;
  const { url, name } = resolved.value;
  const text = options.path?.endsWith('/') === true ? options.path + name : (options.path ?? name);
  const path = parseRepoPath(text);
  if (path === undefined || path === ROOT) return err(badPath(text, options.path === undefined));
  const [owner] = workload.value.graph.producersOf(path);
  if (owner !== undefined) return err(isOut(path, owner.name));
  return holdingProject(context, async () => {
    const lock = await context.ports.lock.read();
    if (!lock.ok) return lock;
    const fetched = await context.downloads.fetch(url, talk(path, context));
    if (!fetched.ok) return fetched;
    if (fetched.value === 'unchanged') throw new Error('bug: nothing was known to be unchanged');
    const placed = await place(path, fetched.value, 'imported', context);
    if (!placed.ok) return placed;
    ignoreInGit(path, context.files);
    await context.ports.lock.flush();
    return ok({ paths: [placed.value] });
  });
}

const badPath = (text: string, isFromUrl: boolean): Problem =>
  problem(
    'usage',
    'import/bad-path',
    isFromUrl
      ? 'the URL names no file'
      : `\`${text}\` is not inside the project, or not the path of a file`,
    'say where it is to lie: avian import-url <url> <path>',
  );

const isOut = (path: RepoPath, owner: string): Problem =>
  problem('usage', 'import/is-out', `\`${path}\` belongs to stage \`${owner}\``);
